"""An inbound call, as the tap reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping

from streamer.core.audio import Leg
from streamer.sources.base import Inbox, Sent, StreamItem
from streamer.sources.one_way import ReturnWatch
from streamer.sources.programme import Programme


class PeerCall:
    """A stream of items that a call's connections put in; `sent` counts what goes back, and `leave` ends the connections."""

    def __init__(
        self,
        leg: Leg,
        facts: Mapping[str, str],
        *,
        sent: tuple[Sent, ...],
        leave: Callable[[], None],
        watch: ReturnWatch | None = None,
        programme: Programme | None = None,
    ) -> None:
        self.legs = (leg,)
        self.facts = facts
        self.sent = sent
        self.watch = watch
        self.programme = programme
        self._inbox = Inbox(self.legs)
        self._leave = leave

    @property
    def lost(self) -> list[int]:
        """Samples of each leg that a slow consumer has lost."""
        return self._inbox.lost

    def put(self, item: StreamItem) -> None:
        """Queue an item; never blocks."""
        self._inbox.put(item)

    def __aiter__(self) -> AsyncIterator[StreamItem]:
        """Yield what the parties do until the call ends."""
        return self._inbox.__aiter__()

    async def aclose(self) -> None:
        """Leave the call; idempotent."""
        self._leave()
