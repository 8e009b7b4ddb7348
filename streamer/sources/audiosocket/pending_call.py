"""A caller whose rate is not known yet: what it brings waits, and then becomes its call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from streamer.sources.audiosocket.call import AudioSocketCall
from streamer.sources.base import LegOpened, RateKnown, StreamItem

_MOST_EARLY = 1000
"""Items of a caller that wait for its rate."""


class PendingCall:
    """One caller's items; `make` makes its call at a rate, None for one that is a guess, and `announce` has it recorded."""

    def __init__(
        self,
        make: Callable[[int | None], AudioSocketCall],
        announce: Callable[[AudioSocketCall], None],
    ) -> None:
        self._make = make
        self._announce = announce
        self._call: AudioSocketCall | None = None
        self._early: list[StreamItem] = []  # as many as _MOST_EARLY

    def put(self, item: StreamItem) -> None:
        """Take an item; the rate, or too many of them, makes the call."""
        if self._call is None:
            self._wait(item)
            return
        if isinstance(item, RateKnown):
            leg = self._call.legs[0]
            self._call.legs = (replace(leg, rate=item.rate),)
        self._call.put(item)

    def begin(self) -> None:
        """Announce the call although its rate is not known; idempotent."""
        if self._call is None:
            self._begin(None)

    def _wait(self, item: StreamItem) -> None:
        if isinstance(item, RateKnown):
            self._begin(item.rate)
            return
        self._early.append(item)
        if len(self._early) == _MOST_EARLY:
            self._begin(None)

    def _begin(self, rate: int | None) -> None:
        call = self._call = self._make(rate)
        call.put(LegOpened(0, has_rate=rate is not None))
        for item in self._early:
            call.put(item)
        self._early.clear()
        self._announce(call)
