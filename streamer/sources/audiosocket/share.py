"""One caller's share of the loop, so that no caller keeps all others waiting, whatever it sends.

Theory of operation. A caller has a budget of frames (`FrameBudget`), which no telephone uses up. Within it a turn of the loop takes as many
frames as one read can bring; beyond it a few, and then the caller rests while its bytes wait in the kernel. Beyond it only what is
sound, or the end, is taken; the rest is passed over and counted. One whose sound is far ahead of the clock rests as well (`Pace`).
Nothing here ever ends a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from streamer.sources.admission import FRAMES_PER_SECOND, FrameBudget, Pace
from streamer.sources.base import Odd
from streamer.wire import audiosocket as wire

FRAMES_A_TURN = 50
"""Frames of one caller that are taken in a turn of the loop; what a telephone sends is never so many in one read."""

FRAMES_BEYOND = 8
REST_S = 0.02
"""Frames that are taken of a caller beyond its budget, and seconds until the next ones."""


class Share:
    """Takes a connection's frames, a turn's share at a time.

    `take` hears a frame at a time, and says whether the connection goes on; `tell` gets what is said and counted.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        take: Callable[[wire.Message, float], bool],
        tell: Callable[[Odd], None],
    ) -> None:
        self._clock = clock
        self._take = take
        self._tell = tell
        self._budget: FrameBudget | None = None
        self._pace: Pace | None = None
        self.is_flooded = False
        """In its last turn the caller was beyond its budget, and its sound was not ahead of the clock."""
        self._is_hasty = False
        self._is_flooding = False
        self._passed_over: list[int] = []
        """Bytes of each frame without sound beyond the budget that nobody has been told of; as many as a turn takes."""
        self._pause_s = 0.0
        self._peer = ""

    def begin(self, peer: str, now: float) -> None:
        """Count from now on: the connection is a call. `peer` is its name for people."""
        self._peer = peer
        self._budget, self._pace = FrameBudget(now), Pace(now)

    def take_turn(self, messages: Iterable[wire.Message]) -> float | None:
        """Take frames; return for how long nothing more should be taken, None if there are no more or the connection is over."""
        now, most, rest_s = self._clock(), FRAMES_A_TURN, 0.0
        self._pause_s = 0.0
        self.is_flooded = False
        for count, message in enumerate(messages, start=1):
            if not self._has_room(now):
                most, rest_s = FRAMES_BEYOND, REST_S
            if not self._take_or_pass(message, now, is_within=most == FRAMES_A_TURN):
                return None
            if count >= most:
                self._tell_passed_over()
                self.is_flooded = bool(rest_s and not self._pause_s)
                return max(self._pause_s, rest_s)
        self._tell_passed_over()
        return self._pause_s or None

    def take_within(self, messages: Iterable[wire.Message]) -> bool:
        """Take frames as far as the budget goes; return whether more may be taken."""
        now = self._clock()
        return all(self._has_room(now) and self._take(message, now) for message in messages)

    def keep_pace(self, audio_s: float, now: float) -> None:
        """Take note of so much sound, so that no more is taken than a call can say once a caller is far ahead."""
        assert self._pace
        was_pausing, wait_s = self._pause_s, self._pace.take(audio_s, now)
        self._pause_s = max(was_pausing, wait_s)
        if wait_s and not was_pausing:
            said = f"{self._peer} sends audio faster than real time and is slowed down"
            self._tell(Odd(0, "" if self._is_hasty else said, frames=0))
            self._is_hasty = True

    def _take_or_pass(self, message: wire.Message, now: float, *, is_within: bool) -> bool:
        if is_within or _is_wanted_anyway(message):
            return self._take(message, now)
        self._passed_over.append(wire.HEADER_SIZE + _count_payload(message))
        return True

    def _has_room(self, now: float) -> bool:
        return self._budget is None or self._budget.take(now)

    def _tell_passed_over(self) -> None:
        if self._passed_over:
            said = (
                f"{self._peer} sends more than {FRAMES_PER_SECOND:.0f} frames a second; keys and other frames without sound"
                " are passed over"
            )
            message = "" if self._is_flooding else said
            self._tell(Odd(0, message, sum(self._passed_over), len(self._passed_over)))
            self._is_flooding = True
            self._passed_over.clear()


def _is_wanted_anyway(message: wire.Message) -> bool:
    """Say whether a frame is sound, or the end."""
    is_sound = isinstance(message, wire.Audio) and bool(message.payload)
    return is_sound or isinstance(message, wire.Terminated)


def _count_payload(message: wire.Message) -> int:
    match message:
        case wire.Unknown(length=length) | wire.Malformed(length=length):
            return length
        case wire.Digit(digit, raw):
            return len(digit or raw)
        case _:
            return 0
