"""How a call over a WebSocket ends, and what its sender has heard until then; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from streamer.simulator.returned import Returned, Tally
from streamer.wire import g711
from streamer.wire.audiosocket import Audio
from streamer.wire.websocket.base import MediaFormat

_MOST_NOTES = 5


class Ending(Enum):
    """How a call over a WebSocket ends."""

    HUNG_UP = "hung up by the caller"
    BROKEN_OFF = "broken off by the caller"
    ASKED = "the server asked for the end of the call"
    CLOSED = "the server closed the connection"
    LOST = "the connection was lost"
    DROPPED = "the caller's side drops the connection"
    REFUSED = "refused"
    UNREACHABLE = "no connection"


EXPECTED = frozenset({Ending.HUNG_UP, Ending.BROKEN_OFF, Ending.ASKED, Ending.CLOSED})
"""Endings of a call on which nothing went wrong."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of a call, and what was wrong."""

    ending: Ending
    detail: str = ""


class Peer(Protocol):
    """Takes what one server sends."""

    verdict: Verdict | None

    @property
    def due(self) -> float:
        """When `advance` has something to do; infinite if never."""

    def take(self, message: str | bytes, now: float) -> Iterator[str]:
        """Take a message; yields what is answered."""

    def advance(self, now: float) -> Iterator[str]:
        """Play on until `now`; yields what is answered."""

    @property
    def notes(self) -> list[str]:
        """What was ignored."""

    def count(self, now: float) -> Returned:
        """Return the audio that came until `now`."""


class Heard:
    """Audio that came back, decoded and counted; `on_audio` gets it."""

    def __init__(
        self, format: MediaFormat, now: float, *, on_audio: Callable[[Audio], None] | None = None
    ) -> None:
        self._format = format
        self._tally = Tally(now)
        self._on_audio = on_audio
        self._notes: dict[str, int] = {}

    @property
    def notes(self) -> list[str]:
        """What was ignored, each kind once, with how often."""
        return [f"{text} ({times} times)" for text, times in self._notes.items()]

    def note(self, text: str) -> None:
        """Keep what was ignored, of the first few kinds."""
        if text in self._notes or len(self._notes) < _MOST_NOTES:
            self._notes[text] = self._notes.get(text, 0) + 1

    def hear(self, payload: bytes, now: float) -> None:
        """Count audio that is played."""
        slin = self._format.codec == "slin"
        pcm = payload if slin else g711.decode(payload, g711.Law(self._format.codec))
        audio = Audio(self._format.rate, pcm)
        self._tally.add(audio, now)
        if self._on_audio:
            self._on_audio(audio)

    def count(self, now: float) -> Returned:
        """Return what came until `now`."""
        return self._tally.close(now)
