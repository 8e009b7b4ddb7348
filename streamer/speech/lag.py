"""How far a leg is behind what is said on it, told in steps; pure."""

from __future__ import annotations

from streamer.core.events import SPEECH_RATE

CAUGHT_UP = SPEECH_RATE * 3 // 2
"""Unread samples up to which a leg is live; beyond, partials would only make it later."""

LAG_STEP_S = 5.0
"""Seconds by which the lag must change to be told again."""


class Lag:
    """Remembers what was told last."""

    def __init__(self) -> None:
        self._told_s = 0.0

    def look(self, waiting: int) -> float | None:
        """Return the lag in seconds if it is to be told, 0 once the leg has caught up; None if nothing has changed much."""
        lag_s = waiting / SPEECH_RATE
        has_caught_up = waiting <= CAUGHT_UP
        if abs(lag_s - self._told_s) < LAG_STEP_S and not (self._told_s and has_caught_up):
            return None
        self._told_s = 0.0 if has_caught_up else lag_s
        return self._told_s
