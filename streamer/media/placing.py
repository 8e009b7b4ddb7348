"""Where decoded audio belongs in a file's time.

Theory of operation. Packets say when they are heard. Frames that follow each other are one run, and are resampled as one; a run begins at
the time of its first frame. So a gap becomes silence, audio that starts late starts late, and what lies before time 0 (priming samples)
or comes twice is cut. Differences up to `_SLACK` are rounding and jitter of the container and stay as they are: a time is never more than
that wrong, also after hours. A time that leads far back, or impossibly far on, is that of another stream that was appended, or damage: the
audio goes on where it is.
"""

from __future__ import annotations

from fractions import Fraction

_SLACK = Fraction(1, 20)
_FARTHEST_BACK = 1
"""Seconds that may come twice; more is another stream."""

_LONGEST_GAP = 6 * 3600
"""Seconds of silence that a file may hold in one piece."""


class Placer:
    """Tells for each frame whether it goes on where the last one ended, or else when it begins."""

    def __init__(self) -> None:
        self._end = Fraction(0)
        self._shift = Fraction(0)
        self._is_broken = True

    @property
    def end(self) -> Fraction:
        """The time until which there is audio."""
        return self._end

    def interrupt(self) -> None:
        """Begin a run with the next frame: something before it is missing."""
        self._is_broken = True

    def place(self, at: Fraction | None, duration: Fraction) -> Fraction | None:
        """Return when a run begins with this frame, or None if it goes on; `at` is None where the container does not know."""
        begins = self._begin(at)
        self._end = (self._end if begins is None else begins) + duration
        return begins

    def pass_over(self, at: Fraction | None, duration: Fraction, *, unseen: Fraction) -> None:
        """Leave room for what could not be decoded, and for what the times of the packets behind it do not count, which may be negative."""
        begins = self._begin(at)
        self._end = max(self._end, (self._end if begins is None else begins) + duration + unseen)
        self._shift += unseen
        self._is_broken = True

    def _begin(self, at: Fraction | None) -> Fraction | None:
        is_broken, self._is_broken = self._is_broken, False
        if at is None:
            return self._end if is_broken else None
        at += self._shift
        if not -_FARTHEST_BACK <= at - self._end <= _LONGEST_GAP:
            self._shift += self._end - at
            at = self._end
        if abs(at - self._end) > _SLACK or is_broken:
            return at
        return None
