"""When bytes have come, as far as that can be known: a loop that was held up must not look like a party that said nothing.

Theory of operation. What is read from a socket came at some time since the socket was last *seen empty*: by a read that emptied it, or by
a turn of the loop in which there was nothing to read. As long as the loop turns promptly, that is a moment ago, and what is read has
come now. Where the loop was late, or left bytes in the kernel, they may have waited since then, and count as having come then: a hole in a
recording is only time in which the socket was seen empty.

`LoopWatch` knows the turns from the beats of a frame clock. In a turn the loop reads sockets first and beats afterwards, so a socket that is
not read between two beats was empty at a moment after the first of them.
"""

from __future__ import annotations

from collections.abc import Callable

from streamer.sources.playout import FrameClock

LATE_S = 0.080
"""Seconds since the beat before the last one after which the loop is late; they are 20 to 40 ms in a loop that is not."""


class LoopWatch:
    """Knows when the loop turned, for as long as somebody wants it."""

    def __init__(self, frame_clock: FrameClock, clock: Callable[[], float]) -> None:
        self.turned_at = self._last = clock()
        """No later than the loop's look at its sockets that was the last to find all there was."""
        self._frame_clock = frame_clock
        self._clock = clock
        self._users = 0

    def start(self) -> None:
        """Watch, for one more user."""
        if not self._users:
            self.turned_at = self._last = self._clock()
            self._frame_clock.start(self._beat)
        self._users += 1

    def stop(self) -> None:
        """Watch for one user less."""
        self._users -= 1
        if not self._users:
            self._frame_clock.stop(self._beat)

    def _beat(self, _: int) -> None:
        self.turned_at, self._last = self._last, self._clock()


class Arrivals:
    """Says when the bytes of one socket came; begins with one that is empty."""

    def __init__(self, watch: LoopWatch, now: float) -> None:
        self._watch = watch
        self._came = now
        """No byte that was not read yet has come before."""
        self._read_at = now
        self._is_empty = True
        self._is_paused = False

    def pause(self) -> None:
        """Take note that the socket is not looked at until the next read."""
        self._is_paused = True

    def read(self, now: float, *, has_emptied: bool) -> float:
        """Return when the bytes came that were read at `now`."""
        turned_at = self._watch.turned_at
        was_seen_empty = self._is_empty
        if not self._is_paused and turned_at > self._read_at:
            self._came, was_seen_empty = max(self._came, turned_at), True
        is_late = self._is_paused or now - turned_at > LATE_S
        if was_seen_empty and not is_late:
            self._came = now
        came = self._came
        self._is_paused, self._is_empty, self._read_at = False, has_emptied, now
        if has_emptied:
            self._came = now
        return came
