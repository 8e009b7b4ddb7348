"""Holds as they are reported: not those that are over at once.

Asterisk tells a hold and its end within some milliseconds where nobody has been put on hold: at a re-INVITE, and when a feature of the
keypad begins. So a change is told once it has lasted, with the time at which it came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from streamer.sources.base import HoldReported

SHORTEST_S = 0.05
"""Seconds that a hold lasts at least, or the time between two."""


class Holds:
    """The holds of the legs of one call."""

    def __init__(self, put: Callable[[HoldReported], None], clock: Callable[[], float]) -> None:
        self._put = put
        self._clock = clock
        self._waiting: dict[int, asyncio.TimerHandle] = {}
        self._held: set[int] = set()

    def take(self, leg: int, *, is_held: bool) -> None:
        """Take a change that Asterisk tells."""
        if is_held == (leg in self._held):
            return
        self._held ^= {leg}
        if leg in self._waiting:
            self.forget(leg)
            return
        report = HoldReported(leg, is_held, self._clock())
        self._waiting[leg] = asyncio.get_running_loop().call_later(SHORTEST_S, self._tell, report)

    def forget(self, leg: int) -> None:
        """Tell nothing more of a leg's last change, as the leg has ended; idempotent."""
        if (timer := self._waiting.pop(leg, None)) is not None:
            timer.cancel()

    def end(self) -> None:
        """Tell nothing more; idempotent."""
        for leg in list(self._waiting):
            self.forget(leg)

    def _tell(self, report: HoldReported) -> None:
        del self._waiting[report.leg]
        self._put(report)
