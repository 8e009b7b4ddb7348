"""What can be known of a call in which one side hears nothing, and what to check; pure.

Theory of operation. The way in is watched by the tap: nothing comes, or nothing but digital silence has come so far. The way back is watched
here, frame by frame of the clock by which it is sent, so that time in which nothing is due does not count. Every fault is found once.
A call that was heard before and is silent now is on hold as far as anybody can know, and is no fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import Protocol, runtime_checkable

from streamer.core.audio import FULL_SCALE, peak
from streamer.sources.base import Sent
from streamer.wire.protocols import AUDIOSOCKET

FRAMES_A_SECOND = 50
UNREAD_S = 5
HELD_S = 10
MARK_S = 10
SILENT_S = 10
TESTED_S = 10
"""Seconds after which each fault is one."""

_SILENCE = 8 / FULL_SCALE
"""A sample of A-law, which has no zero, when nobody speaks."""

NEXT_STEPS = (
    "call in with `serve --echo`, then with `serve --tone 440`, to try both ways; with AMI Originate or a Local channel use /n, and check which leg"
    " runs AudioSocket; `Playback()` on the same leg and `rtp set debug on` show whether RTP passes Asterisk (NAT, gateway)"
)


class _Fault(Enum):
    UNREAD = auto()
    HELD = auto()
    UNMARKED = auto()
    SILENT = auto()
    TESTED = auto()


class ReturnWatch:
    """Watches what goes back to one party; every method but `find` is told what happens.

    With `is_echo`, silence that goes back says nothing; with `is_test` somebody listens to whether it arrives.
    """

    def __init__(self, *, is_echo: bool = False, is_test: bool = False) -> None:
        self.frames = 0
        """Of what was played, silence that keeps a call alive not counted."""
        self._is_echo = is_echo
        self._is_test = is_test
        self._has_sound = is_echo
        self._has_ended = False
        self._unread = 0
        self._held = 0
        self._unmarked: int | None = None
        self._found: set[_Fault] = set()

    def play(self, pcm: bytes) -> None:
        """Take note of a frame of 20 ms that was sent."""
        self.frames += 1
        self._unread = self._held = 0
        self._has_sound = self._has_sound or not is_silence(pcm)

    def rest(self, frames: int = 1) -> None:
        """Take note that there is nothing to play, and what came before is over."""
        self._has_ended = self.frames > 0
        self._unread = self._held = 0
        if self._unmarked is not None:
            self._unmarked += frames

    def block(self, frames: int) -> None:
        """Take note that so many frames are due and the peer does not read."""
        self._unread += frames

    def hold(self, frames: int) -> None:
        """Take note that so many frames are due and the peer's queue is full, as it says."""
        self._held += frames

    def mark(self) -> None:
        """Take note that we have asked to be told when all is played; the oldest wish counts."""
        self._unmarked = self._unmarked or 0

    def reach_mark(self) -> None:
        """Take note that we were told."""
        self._unmarked = None

    def find(self, leg: str, *, source: str) -> Iterator[str]:
        """Return what is wrong by now and was not before, each as a line."""
        for fault, is_so in self._judge(source).items():
            if is_so and fault not in self._found:
                self._found.add(fault)
                yield f"{leg} {_say(fault, frames=self.frames)}"

    def _judge(self, source: str) -> dict[_Fault, bool]:
        return {
            _Fault.UNREAD: self._unread >= UNREAD_S * FRAMES_A_SECOND,
            _Fault.HELD: self._held >= HELD_S * FRAMES_A_SECOND,
            _Fault.UNMARKED: (self._unmarked or 0) >= MARK_S * FRAMES_A_SECOND,
            _Fault.SILENT: self._is_silent(),
            _Fault.TESTED: self._is_tested(source),
        }

    def _is_silent(self) -> bool:
        is_enough = self._has_ended or self.frames >= SILENT_S * FRAMES_A_SECOND
        return is_enough and self.frames > 0 and not self._has_sound

    def _is_tested(self, source: str) -> bool:
        is_enough = self.frames >= TESTED_S * FRAMES_A_SECOND
        return self._is_test and is_enough and source == AUDIOSOCKET.name


def _say(fault: _Fault, *, frames: int) -> str:
    """Say what is known of a fault, behind the name of the leg."""
    waits = "the call is on hold, or nobody is connected to that channel yet"
    match fault:
        case _Fault.UNREAD:
            return (
                f"hears nothing of what is sent: the PBX has not read it for {UNREAD_S} s; check the network in between, and the"
                " load of the PBX"
            )
        case _Fault.HELD:
            return f"hears nothing of what is sent: the PBX says since {HELD_S} s that its queue is full (XOFF); {waits}"
        case _Fault.UNMARKED:
            return (
                f"may not have heard what was sent: the PBX has not said for {MARK_S} s that it was played (its MARK was not processed);"
                f" {waits}"
            )
        case _Fault.SILENT:
            return "hears nothing: what is sent is digital silence itself; check the file of --announce"
        case _Fault.TESTED:
            return f"was sent {frames} frames; AudioSocket cannot tell whether they are heard. If they are not: {NEXT_STEPS}"


@runtime_checkable
class Returning(Protocol):
    """A call whose way back is watched; None where nothing is played."""

    @property
    def watch(self) -> ReturnWatch | None:
        """The watch."""


def is_silence(pcm: bytes) -> bool:
    """Say whether samples are digital silence, which no microphone sends."""
    return peak(pcm) <= _SILENCE


def explain_zeros(channel: str, *, waited_s: float) -> str:
    """Say why nothing but digital silence may have come so far."""
    return (
        f"only digital silence has come from {channel} in the first {waited_s:.0f} s: its party is muted or was put on hold, or its audio does not"
        " reach the PBX"
    )


def advise(source: str, sent: Sent | None) -> str:
    """Return what to try where one side hears nothing, behind a line that says so; empty where nothing ever goes back."""
    if sent is None:
        return ""
    if source == AUDIOSOCKET.name:
        return f"; {sent.frames} frames were sent back, and AudioSocket cannot tell whether they are heard. To find out: {NEXT_STEPS}"
    return (
        f"; {sent.frames} messages of audio were sent back. To find out: `--echo` and `--tone 440` try both ways, and"
        " `rtp set debug on` shows whether RTP passes the PBX (NAT, gateway)"
    )
