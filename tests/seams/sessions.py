"""A recorded call, and its session at a backend with what is to be tried."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streamer.alerts.rulebook import Rulebook
from streamer.bus import Bus
from streamer.calls.backend import Backend, open_speech
from streamer.calls.observers import OBSERVERS, Observer
from streamer.calls.session import SessionResult, run_session
from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.core.events import SPEECH_RATE, EndReason, Event, Final, Segment
from streamer.recording.writer import create_recording
from streamer.store import Store
from tests.seams.scripted_recogniser import MODEL, ScriptedRecogniser, opener

LEGS = (Leg("caller", "PJSIP/100-1"), Leg("agent", "PJSIP/200-2"))
LOUD = b"\x00\x40"
QUIET = b"\x00\x00"

SCRIPT = {
    ("caller", 1): "I want to cancel my contract",
    ("agent", 1): "may I ask why",
    ("caller", 2): "it costs too much",
}
"""What the two legs of `record_call` say."""


def seconds(sample: bytes, count: float) -> bytes:
    return sample * int(count * SPEECH_RATE)


TRACKS = (
    seconds(QUIET, 1) + seconds(LOUD, 3) + seconds(QUIET, 4) + seconds(LOUD, 2) + seconds(QUIET, 1),
    seconds(QUIET, 5) + seconds(LOUD, 2) + seconds(QUIET, 4),
)


def record_call(recordings: Path, tracks: Sequence[bytes] = TRACKS) -> Path:
    """Record a call that has ended, as `streamer transcribe` does with a file; return its folder."""
    recording = create_recording(recordings, source="file", url="", legs=LEGS, clock=lambda: 0.0)
    for leg, track in enumerate(tracks):
        recording.append(leg, [track])
    assert recording.finish(EndReason.HANG_UP)
    return recording.folder


@dataclass
class SessionRun:
    """What came of a session."""

    result: SessionResult
    events: list[Event]

    @property
    def finals(self) -> list[Segment]:
        return [event.segment for event in self.events if isinstance(event, Final)]

    @property
    def said(self) -> list[tuple[str, int, str]]:
        """The finals as leg, number and text, in the order of the call."""
        ordered = sorted(self.finals, key=lambda segment: segment.start)
        return [(segment.leg, segment.utterance, segment.text) for segment in ordered]


async def transcribe_call(
    folder: Path,
    store: Store,
    recogniser: ScriptedRecogniser,
    *,
    observers: Mapping[str, Observer] = OBSERVERS,
    rules: Rulebook | None = None,
) -> SessionRun:
    """Run a session to its end, with the recogniser taken from a table by its name."""
    bus, opening = Bus(), asyncio.get_running_loop().create_future()
    opening.set_result(store)
    table = {"scripted": opener(recogniser)}
    with bus.subscribe(capacity=10_000) as events:
        async with open_speech(
            Settings(), MODEL, bus, recogniser="scripted", recognisers=table
        ) as speech:
            backend = Backend(opening, speech, observers, rules or Rulebook(()))
            result = await run_session(folder, backend, bus)
        bus.close()
        return SessionRun(result, [event async for event in events])
