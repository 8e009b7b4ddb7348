"""What Asterisk makes of the bytes that an AudioSocket server sends: bytes and times in, a verdict out.

To Asterisk only audio and the frame of kind 0x00 may be sent. Anything else, audio without samples, and a frame of which the rest
does not follow at once, ends the call. (Asterisk 23.5, measured; it waits 5 ms for the rest, the stand-in `REST_S`, because
it shares its machine with the server.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from streamer.simulator.returned import Returned, Tally
from streamer.wire.audiosocket import (
    Audio,
    Digit,
    Failed,
    Identified,
    Malformed,
    Message,
    Parser,
    Silence,
    Terminated,
    Unknown,
)

REST_S = 0.25
"""Seconds that the rest of a frame may take."""


class Ending(Enum):
    """How a call ends, as its dialplan would tell."""

    HUNG_UP = "hung up by the caller"
    BROKEN_OFF = "broken off by the caller"
    TERMINATED = "the server hung up: the dialplan goes on"
    CLOSED = "the server closed the connection: the dialplan goes on"
    RESET = "the server reset the connection: the call is hung up"
    DROPPED = "Asterisk drops the connection and hangs the call up"
    TIMED_OUT = "no frame from either side for 2 s: Asterisk hangs the call up"
    UNREACHABLE = "no connection: the call is hung up"


EXPECTED = frozenset({Ending.HUNG_UP, Ending.BROKEN_OFF, Ending.TERMINATED, Ending.CLOSED})
"""Endings of a call on which nothing went wrong."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of a call, and what was wrong."""

    ending: Ending
    detail: str = ""


class Judge:
    """Takes what one server sends from `now` on; `on_audio` gets every frame of audio that Asterisk would play."""

    def __init__(self, now: float, *, on_audio: Callable[[Audio], None] | None = None) -> None:
        self._parser = Parser()
        self._tally = Tally(now)
        self._on_audio = on_audio
        self._cut_off_since: float | None = None

    @property
    def last_frame_at(self) -> float:
        """When the last frame of audio came, or else the call began."""
        return self._tally.last

    @property
    def deadline(self) -> float:
        """When the rest of a frame has to be there; infinite if nothing is missing."""
        return math.inf if self._cut_off_since is None else self._cut_off_since + REST_S

    def feed(self, data: bytes, now: float) -> Verdict | None:
        """Take the bytes that arrived at `now`; the verdict that ends the call, or None."""
        messages = list(self._parser.feed(data))
        if not self._parser.unread:
            self._cut_off_since = None
        elif messages or self._cut_off_since is None:
            self._cut_off_since = now
        for message in messages:
            if verdict := self._judge(message, now):
                return verdict
        return None

    def check(self, now: float) -> Verdict | None:
        """Notice a frame of which the rest does not come."""
        if now < self.deadline:
            return None
        return Verdict(
            Ending.DROPPED,
            f"the rest of a frame did not come within {REST_S * 1000:.0f} ms after its first"
            f" {self._parser.unread} bytes; header and payload belong into one write",
        )

    def end(self) -> Verdict:
        """Judge the end of the server's stream."""
        if self._parser.unread:
            return Verdict(Ending.DROPPED, "the server closed the connection in mid-frame")
        return Verdict(Ending.CLOSED)

    def count(self, now: float) -> Returned:
        """Return what came until `now`."""
        return self._tally.close(now)

    def _judge(self, message: Message, now: float) -> Verdict | None:
        match message:
            case Audio(rate, b""):
                return _drop(f"audio of {rate} Hz without samples")
            case Audio():
                self._tally.add(message, now)
                if self._on_audio:
                    self._on_audio(message)
                return None
            case Terminated():
                return Verdict(Ending.TERMINATED)
            case Identified():
                return _drop("a UUID (kind 0x01), which only Asterisk may send,")
            case Malformed() | Digit(None):
                return _drop("a UUID or a digit, malformed,")
            case Digit():
                return _drop("a digit (kind 0x03), which only Asterisk may send,")
            case Silence():
                return _drop("a frame of kind 0x02, which Asterisk does not know,")
            case Failed():
                return _drop("an error (kind 0xff)")
            case Unknown(kind, length):
                return _drop(f"a frame of unknown kind 0x{kind:02x} and {length} bytes")


def _drop(what: str) -> Verdict:
    return Verdict(Ending.DROPPED, f"{what} came from the server")
