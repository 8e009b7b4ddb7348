"""Utterances of a leg that nobody waits for, and what was said just before one that somebody does."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.events import SPEECH_RATE
from streamer.speech.audio.segmenter import Closed
from streamer.speech.base import Hypothesis, Window
from streamer.speech.queue import Urgency
from streamer.speech.scheduler import Scheduler
from streamer.speech.words.spoken import Span

LONGEST_LEAD_PAUSE = SPEECH_RATE * 10
"""Samples of silence across which what was said before still helps to hear what is said now."""

LEAST_LEAD = SPEECH_RATE // 2
"""Samples of what was said before that are worth being read again."""


@dataclass(frozen=True, slots=True)
class WaitingUtterance:
    """An utterance with its window, and where in it somebody speaks."""

    closed: Closed
    window: Window
    speech: Sequence[Span]
    sure: Sequence[Span] = ()
    """Where voice activity is sure of that."""


class LeadIn:
    """The last utterances of a leg, up to `most` samples, which go in front of what is read next."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pcm = b""
        self._end = 0

    def append(self, pcm: bytes, *, start: int) -> None:
        """Take the utterance that has just ended."""
        kept = self._pcm if self._is_near(start) else b""
        self._pcm = _tail(kept + pcm, self._most)
        self._end = start + len(pcm) // SAMPLE_WIDTH

    def lead(self, window: Window) -> Window:
        """Return the window with what was said before it as its lead, as far as that is near, and `most` samples in all."""
        room = self._most - window.samples
        if room < LEAST_LEAD or not self._is_near(window.position):
            return window
        return replace(window, lead=_tail(self._pcm, room))

    def _is_near(self, start: int) -> bool:
        return start - self._end <= LONGEST_LEAD_PAUSE


def _tail(pcm: bytes, samples: int) -> bytes:
    return pcm[max(0, len(pcm) - samples * SAMPLE_WIDTH) :]


class PackReader:
    """The packs of one leg: the one that is being filled, and those that are being read, at most as many as the recogniser works on.

    `settle` is given each utterance with what was heard in it, in order.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        most: int,
        settle: Callable[[WaitingUtterance, Hypothesis], Awaitable[None]],
    ) -> None:
        self._scheduler = scheduler
        self._most = most
        self._settle = settle
        self._number = 0
        self._filling: list[WaitingUtterance] = []
        self._reading: deque[tuple[list[WaitingUtterance], asyncio.Future[list[Hypothesis]]]] = (
            deque()
        )

    @property
    def is_empty(self) -> bool:
        """Say whether everything is settled."""
        return not self._filling and not self._reading

    async def add(self, utterance: WaitingUtterance) -> None:
        """Put an utterance into the pack; a pack of `most` samples is read."""
        samples = sum(waiting.window.samples for waiting in self._filling)
        if samples + utterance.window.samples > self._most:
            await self._send()
        self._filling.append(utterance)

    async def settle_all(self) -> None:
        """Read what is left, and settle everything."""
        await self._send()
        while self._reading:
            await self._settle_oldest()

    def cancel(self) -> None:
        """Let nothing be read any more."""
        for _, hypotheses in self._reading:
            hypotheses.cancel()

    async def _send(self) -> None:
        pack, self._filling = self._filling, []
        if not pack:
            return
        while len(self._reading) >= self._scheduler.slots:
            await self._settle_oldest()
        self._number += 1
        windows = [replace(waiting.window, pack=self._number) for waiting in pack]
        reading = self._scheduler.transcribe_together(windows, Urgency.FINAL)
        self._reading.append((pack, asyncio.ensure_future(reading)))

    async def _settle_oldest(self) -> None:
        pack, reading = self._reading.popleft()
        for waiting, hypothesis in zip(pack, await reading, strict=True):
            await self._settle(waiting, hypothesis)
