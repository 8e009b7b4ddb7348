"""How much of a leg never came: frames that were lost before they reached us, told from pauses and from jitter (pure).

Theory of operation. A frame's *lateness* is how much later it comes than its place among the frames before it. Its *floor*, the least
lateness of the last `_WINDOW` frames, is where the leg stands without jitter. A lost frame raises the floor by its own length and for
good. A frame that was only held back raises it until the burst behind it has come; then the rise is taken back. A rise of more than
`LONGEST_HOLE` frames at once is a pause: the party sent none, as while a key is pressed or the line is on hold. What is less than a part
of a frame is the drift of two clocks, and is followed slowly.

What is missing is known half a second late.
"""

from __future__ import annotations

from collections import deque

from streamer.core.audio import MUCH_MISSING

LONGEST_HOLE = 5
"""Frames in a row that count as lost; more are a pause."""

SPAN_S = 30.0
"""More than `MUCH_MISSING` of so many seconds is worth a sentence."""

SETTLED_S = 10.0
"""Seconds of losses that tell how much is lost."""

_WINDOW = 25
_LEAST_RISE = 0.6
"""Frames that the floor must rise to be a hole."""

_FOLLOWED = 0.02
"""Share of a smaller rise that is taken for drift with each frame."""

_MOST_RISES = 100
_MARK_S = 1.0


class MissingFrames:
    """Counts what one leg misses, frame by frame as they arrive."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self.is_much = False
        """More than `MUCH_MISSING` of the last `SPAN_S` was missing, now or once."""
        self.share = 0.0
        """How much of what was sent was missing since the first hole of the last `SPAN_S`; 0 to 1, said anew once a second."""
        self.is_settled = False
        """That is so of `SETTLED_S` at least."""
        self._missing = 0.0
        self._samples = 0
        self._count = 0
        self._first = 0.0
        self._level = 0.0
        """Where the floor is known to be."""
        self._lows: deque[tuple[int, float]] = deque()  # by frame, rising: the first is the floor
        self._rises: deque[tuple[float, bool]] = deque(maxlen=_MOST_RISES)
        """By how much the floor has risen each time, in seconds, and whether that is missing."""
        self._marks: deque[tuple[float, float]] = deque()  # once a second, for `SPAN_S`

    @property
    def seconds(self) -> float:
        """How much has been lost so far."""
        return max(0.0, self._missing)

    def take(self, samples: int, *, arrival: float) -> None:
        """Take note of a frame; `arrival` is in seconds of any clock."""
        if not samples:
            return
        if not self._count:
            self._first = arrival
        lateness = arrival - self._first - self._samples / self._rate
        self._samples += samples
        self._count += 1
        self._judge(self._find_floor(lateness), samples / self._rate)
        self._mark(arrival)

    def _find_floor(self, lateness: float) -> float:
        while self._lows and self._lows[-1][1] >= lateness:
            self._lows.pop()
        self._lows.append((self._count, lateness))
        if self._lows[0][0] <= self._count - _WINDOW:
            self._lows.popleft()
        return self._lows[0][1]

    def _judge(self, floor: float, frame_s: float) -> None:
        rise = floor - self._level
        if rise < 0:
            self._fall(-rise)
        elif self._count < _WINDOW:
            return  # the first frames may have been late
        elif rise < _LEAST_RISE * frame_s:
            self._level += _FOLLOWED * rise
        else:
            frames = max(1, round(rise / frame_s))
            self._rise(min(frames * frame_s, rise), is_hole=frames <= LONGEST_HOLE)

    def _rise(self, seconds: float, *, is_hole: bool) -> None:
        self._level += seconds
        self._rises.append((seconds, is_hole))
        self._missing += seconds if is_hole else 0.0

    def _fall(self, seconds: float) -> None:
        """Take back what was no hole, since its frames have come."""
        self._level -= seconds
        while self._rises and seconds > 0:
            rise, is_hole = self._rises.pop()
            undone = min(rise, seconds)
            seconds -= undone
            self._missing -= undone if is_hole else 0.0
            if rise > undone:
                self._rises.append((rise - undone, is_hole))

    def _mark(self, arrival: float) -> None:
        if self._marks and arrival - self._marks[-1][0] < _MARK_S:
            return
        self._marks.append((arrival, self.seconds))
        while len(self._marks) > 1 and arrival - self._marks[1][0] >= SPAN_S:
            self._marks.popleft()
        began, before = self._marks[0]
        if arrival - began >= SPAN_S:
            self.is_much |= self.seconds - before > MUCH_MISSING * (arrival - began)
        self._find_share(arrival, before)

    def _find_share(self, now: float, before: float) -> None:
        first_hole = max((at for at, missing in self._marks if missing <= before), default=now)
        span_s = max(_MARK_S, now - first_hole)
        self.share = min(1.0, max(0.0, self.seconds - before) / span_s)
        self.is_settled = span_s >= SETTLED_S
