"""Live transcription judged in minutes: the product's own path, real windows, real costs, and a clock that jumps.

`slots` and `slow` of an `Engine`: how many windows it reads at once, and the seconds that a second of one thread's CPU time takes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.events import SPEECH_RATE, Event, Final, Segment, Unclear
from streamer.speech.audio.echo import EARLIEST, LONGEST_LAG, is_echo
from streamer.speech.audio.leg_reader import Pause
from streamer.speech.audio.vad import SileroVad
from streamer.speech.base import Hypothesis, ModelFacts, Window
from streamer.speech.engine.whisper import WhisperEngine, load_whisper
from streamer.speech.plan import SpeechPlan
from streamer.speech.scheduler import Scheduler
from streamer.speech.transcriber import Announce, LegTranscriber
from tools.bench.real import virtual
from tools.bench.real.legs import Samples, SpokenLeg, shorten
from tools.bench.real.measures import Figures, Listener

_POLL_S = 0.03


@dataclass
class Engine:
    """The recogniser: reads at once, and answers when it would have."""

    whisper: WhisperEngine
    slots: int = 2
    slow: float = 1.0
    cost_s: float = 0.0
    windows: int = 0

    is_loading = False

    def start(self) -> None:
        """Nothing is to be loaded."""

    async def ready(self) -> ModelFacts:
        """Say what is loaded."""
        return self.whisper.facts

    async def transcribe(self, windows: Sequence[Window]) -> list[Hypothesis]:
        """Read the windows, and let the time pass that it took."""
        began = time.process_time()
        hypotheses = self.whisper.transcribe(windows)
        took = (time.process_time() - began) * self.slow
        self.cost_s += took
        self.windows += len(windows)
        await asyncio.sleep(took)
        return hypotheses


class _Line:
    """A leg that is being said."""

    def __init__(self, audio: bytes, begins_at: float) -> None:
        self._audio = audio
        self._begins_at = begins_at
        self._read = 0

    @property
    def unread(self) -> int:
        return max(0, self._said - self._read)

    @property
    def _said(self) -> int:
        passed = asyncio.get_running_loop().time() - self._begins_at
        return max(0, min(int(passed * SPEECH_RATE), len(self._audio) // SAMPLE_WIDTH))

    async def read(self) -> bytes | Pause:
        while not self.unread:
            if self._read * SAMPLE_WIDTH >= len(self._audio):
                return Pause.ENDED
            await asyncio.sleep(_POLL_S)
        begin, self._read = self._read, self._read + min(self.unread, SPEECH_RATE // 2)
        return self._audio[begin * SAMPLE_WIDTH : self._read * SAMPLE_WIDTH]

    def close(self) -> None:
        pass


class _Nowhere:
    """Keeps nothing."""

    position = 0
    utterance = 0

    async def keep(
        self,
        _segment: Segment | None,
        *,
        position: int,
        utterance: int,
        unclear: Sequence[Unclear] = (),
    ) -> bool:
        self.position, self.utterance = position, utterance
        return True

    async def reach(self, position: int) -> None:
        pass

    async def complete(self) -> None:
        pass


def try_live(
    engine: Engine, legs: Sequence[SpokenLeg], plan: SpeechPlan, *, seconds: float = 1e9
) -> list[Figures]:
    """Transcribe legs that are said at the same time; return each one's figures."""
    legs = [shorten(leg, seconds) for leg in legs]

    async def main() -> list[Figures]:
        loop = asyncio.get_running_loop()
        scheduler = Scheduler(engine, slots=engine.slots, clock=loop.time)
        listeners = [Listener() for _ in legs]
        begins = [0.37 * n for n in range(len(legs))]
        running = [
            LegTranscriber(
                leg.name,
                "leg",
                follower=_Line(leg.audio.tobytes(), begin),
                vad=SileroVad(),
                scheduler=scheduler,
                writer=_Nowhere(),
                plan=replace(plan, language=leg.language),
                announce=_announce(listener, begin),
                others=_OtherLines(
                    [pair for pair in zip(legs, begins, strict=True) if pair[0] is not leg], begin
                ),
            ).run()
            for leg, begin, listener in zip(legs, begins, listeners, strict=True)
        ]
        await asyncio.gather(*running)
        await scheduler.aclose()
        return [listener.judge(leg) for listener, leg in zip(listeners, legs, strict=True)]

    return virtual.run(main())


class _OtherLines:
    """What other legs carried, compared at once, because a thread would let the clock jump."""

    def __init__(self, others: Sequence[tuple[SpokenLeg, float]], begins_at: float) -> None:
        self._others = [(leg, round((at - begins_at) * SPEECH_RATE)) for leg, at in others]

    async def explain(self, pcm: bytes, start: int) -> bool:
        own = np.frombuffer(pcm, np.int16)
        first, end = start - LONGEST_LAG, start + len(own) + EARLIEST
        return any(
            is_echo(own, _cut(leg.audio, first - begin, end - begin)) for leg, begin in self._others
        )


def _cut(audio: Samples, start: int, end: int) -> Samples:
    held = audio[max(0, start) : max(0, end)]
    before = max(0, -start)
    return np.pad(held, (before, max(0, end - start - before - len(held))))[: end - start]


def hear(
    engine: Engine, leg: SpokenLeg, plan: SpeechPlan, *, other: SpokenLeg | None = None
) -> list[str]:
    """Return the text of each utterance of a leg, on a call with another one, if there is one."""
    said: list[str] = []

    def take(event: Event) -> None:
        if isinstance(event, Final):
            said.append(event.segment.text)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        scheduler = Scheduler(engine, slots=engine.slots, clock=loop.time)
        await LegTranscriber(
            leg.name,
            "leg",
            follower=_Line(leg.audio.tobytes(), 0.0),
            vad=SileroVad(),
            scheduler=scheduler,
            writer=_Nowhere(),
            plan=plan,
            announce=take,
            others=_OtherLines([(other, 0.0)] if other else [], 0.0),
        ).run()
        await scheduler.aclose()

    virtual.run(main())
    return said


def _announce(listener: Listener, begins_at: float) -> Announce:
    return lambda event: listener.take(event, asyncio.get_running_loop().time() - begins_at)


def load_engine(directory: Path, **options: Any) -> Engine:
    """Load stock weights for the laboratory."""
    whisper = load_whisper(directory, device="cpu", compute_type="int8")
    return Engine(whisper, **options)
