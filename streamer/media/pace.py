"""Whether a leg's audio comes as fast as it was said, judged over seconds (pure).

Theory of operation. `ahead` is how much more audio has come than time has passed. A burst behind a stall brings `ahead` back to where it
was before the stall, and packets of any length leave it alone; only audio that is more than was said lifts it above the *level* at which
the leg has last run rightly. A change of codec in mid-call makes a PBX send noise at twice the pace, for as long as it lasts.

    UNPROVEN --half a second of frames at the right pace--> RIGHT --`WINDOW_S` bring `MOST` times their length--> WRONG
    WRONG --no second of the last `WINDOW_S` was too fast--> RIGHT

A leg that was never right is played by a stand-in faster than it was said, and is not judged.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

MOST = 1.5
"""Seconds of audio that a second may bring on the average."""

WINDOW_S = 3.0
_SURPLUS_S = (MOST - 1) * WINDOW_S
_PROOF_S = 0.5
_LULL_S = 0.2
"""A gap that is no proof of a pace: what comes behind it may be a burst."""

_STEADY = (0.75 * WINDOW_S, 1.25 * WINDOW_S)
"""Audio of a window that ran rightly, without a burst; nor is there a lull in it, whose depth is no level to come back to."""

_NEAR_S = 0.1


@dataclass(frozen=True, slots=True)
class _Mark:
    arrival: float
    audio_s: float
    ahead_s: float


class PaceWatch:
    """Judges one leg, chunk by chunk as they arrive; times are of any one clock."""

    def __init__(self) -> None:
        self.is_proven = False
        """It has run at the right pace for a while."""
        self.wrong_since: float | None = None
        """Arrival from which on the pace is wrong, None while it is right."""
        self._began_at: float | None = None
        self._audio_s = 0.0
        self._level_s = 0.0
        self._steady_since: float | None = None
        self._steady_audio_s = 0.0
        self._fast_at = 0.0
        self._lull_ended_at = 0.0
        self._marks: deque[_Mark] = deque()  # of `WINDOW_S`, and one before that
        self._last_second: deque[_Mark] = deque()

    def take(self, audio_s: float, arrival: float) -> None:
        """Take note of a chunk of so many seconds."""
        if self._began_at is None:
            self._began_at = arrival
        last = self._marks[-1].arrival if self._marks else arrival
        if arrival - last > _LULL_S:
            self._lull_ended_at = arrival
        if not self.is_proven:
            self._prove(audio_s, arrival)
        self._audio_s += audio_s
        mark = _Mark(arrival, self._audio_s, self._audio_s - (arrival - self._began_at))
        brought_s = _bring(self._marks, mark, WINDOW_S)
        if _bring(self._last_second, mark, 1.0) > MOST:
            self._fast_at = arrival
        if self.wrong_since is None:
            self._judge(mark, brought_s)
        elif arrival - self._fast_at >= WINDOW_S:
            self.wrong_since, self._level_s = None, mark.ahead_s

    def _prove(self, audio_s: float, arrival: float) -> None:
        if self._steady_since is None or self._lull_ended_at == arrival:
            self._steady_since, self._steady_audio_s = arrival, 0.0
        span_s = arrival - self._steady_since
        if span_s >= _PROOF_S:
            self.is_proven = self._steady_audio_s <= MOST * span_s
            self._steady_since, self._steady_audio_s = arrival, 0.0
        self._steady_audio_s += audio_s

    def _judge(self, mark: _Mark, brought_s: float) -> None:
        is_even = mark.arrival - self._lull_ended_at >= WINDOW_S
        if is_even and _STEADY[0] <= brought_s <= _STEADY[1]:
            self._level_s = self._marks[0].ahead_s
        is_fast = brought_s > MOST * WINDOW_S and mark.ahead_s - self._level_s > _SURPLUS_S
        if self.is_proven and is_fast:
            self.wrong_since = self._find_onset()

    def _find_onset(self) -> float:
        """Return about when the last chunk came that came no earlier than it was said."""
        right = [each for each in self._marks if each.ahead_s <= self._level_s + _NEAR_S]
        last = right[-1] if right else self._marks[0]
        return last.arrival - min(_NEAR_S, max(0.0, last.ahead_s - self._level_s))


def _bring(marks: deque[_Mark], mark: _Mark, window_s: float) -> float:
    """Add a mark, forget those that are older than the window but one, and return the audio since that."""
    marks.append(mark)
    while len(marks) > 1 and mark.arrival - marks[1].arrival >= window_s:
        marks.popleft()
    return mark.audio_s - marks[0].audio_s
