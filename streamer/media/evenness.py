"""How evenly the frames of a leg come (pure)."""

from __future__ import annotations

LONGEST_S = 1.0
"""A frame that comes later than this was not late: there was a pause, or a hole."""


class Evenness:
    """By how much frames came too early or too late, by the length of the one before each."""

    def __init__(self) -> None:
        self._sum_s = 0.0
        self._frames = 0

    @property
    def jitter_s(self) -> float | None:
        """Return the mean over all frames but the first, None before there is a second."""
        return round(self._sum_s / self._frames, 6) if self._frames else None

    def take(self, gap_s: float, *, due_s: float) -> None:
        """Take note of a frame that came `gap_s` behind one that lasts `due_s`."""
        if gap_s - due_s < LONGEST_S:
            self._frames += 1
            self._sum_s += abs(gap_s - due_s)
