"""A live call whose words fall behind for good is told which smaller model would keep up, once.

Theory of operation. A leg that begins to lag sets a timer. When it has gone off without the leg having caught up, the leg is behind for
good, unless its lag has shrunk since: then it is catching up, as after a pause of the machine or when a call is taken up late, and the
timer is set again.

    LIVE --it lags--> BEHIND --caught up--> LIVE
                        --`FOR_GOOD_S` later, no nearer--> advised, for the rest of the call
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from streamer.core.events import Lagging

FOR_GOOD_S = 30.0


@dataclass(frozen=True, slots=True)
class _Behind:
    lag_s: float
    timer: asyncio.TimerHandle


class LagAdviser:
    """Watches how far the legs of one call are behind; `advise` is called at most once, in the event loop."""

    def __init__(self, advise: Callable[[], None], *, for_good_s: float = FOR_GOOD_S) -> None:
        self._advise = advise
        self._for_good_s = for_good_s
        self._lags: dict[str, float] = {}
        self._behind: dict[str, _Behind] = {}
        self._has_advised = False

    def take(self, lagging: Lagging) -> None:
        """Take how far a leg is behind now."""
        leg = lagging.leg
        self._lags[leg] = lagging.lag_s
        if not lagging.lag_s:
            self._forget(leg)
        elif leg not in self._behind and not self._has_advised:
            self._set_timer(leg)

    def close(self) -> None:
        """Advise no more; idempotent."""
        self._has_advised = True
        for leg in list(self._behind):
            self._forget(leg)

    def _set_timer(self, leg: str) -> None:
        timer = asyncio.get_running_loop().call_later(self._for_good_s, self._look, leg)
        self._behind[leg] = _Behind(self._lags[leg], timer)

    def _look(self, leg: str) -> None:
        behind = self._behind.pop(leg)
        if self._lags[leg] < behind.lag_s:
            self._set_timer(leg)
        else:
            self.close()
            self._advise()

    def _forget(self, leg: str) -> None:
        if behind := self._behind.pop(leg, None):
            behind.timer.cancel()
