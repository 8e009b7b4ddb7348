"""A call over WebSockets, as the tap reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping

from streamer.core.audio import Leg
from streamer.sources.base import Inbox, Sent, StreamItem
from streamer.sources.one_way import ReturnWatch
from streamer.sources.programme import Programme


class WebSocketCall:
    """One call, as a stream of items that its connection puts in.

    `source` is the name of its shape, `facts` are untrusted strings for `call.json`, `sent` counts what goes back, and `leave` hangs
    the connection up.
    """

    def __init__(
        self,
        leg: Leg,
        *,
        source: str,
        facts: Mapping[str, str],
        sent: tuple[Sent, ...],
        leave: Callable[[], None],
        watch: ReturnWatch | None = None,
        programme: Programme | None = None,
    ) -> None:
        self.legs = (leg,)
        self.source = source
        self.facts = facts
        self.sent = sent
        self.watch = watch
        self.programme = programme
        self._inbox = Inbox(self.legs)
        self._channels = [leg.channel]
        self._leave = leave

    @property
    def lost(self) -> list[int]:
        """Samples of each leg that a slow consumer has lost."""
        return self._inbox.lost

    def add_leg(self, leg: Leg) -> int:
        """Have one more leg, and return its number."""
        self._channels.append(leg.channel)
        return self._inbox.add_leg(leg)

    def put(self, item: StreamItem) -> None:
        """Queue an item; never blocks."""
        self._inbox.put(item)

    def __aiter__(self) -> AsyncIterator[StreamItem]:
        """Yield what the parties do until the call ends."""
        return self._inbox.__aiter__()

    def explain_silence(self, leg: int, *, waited_s: float) -> str:
        """Say why a connection may be open without any audio."""
        return (
            f"no audio from {self._channels[leg]} for {waited_s:.0f} s: it is muted or on hold, its phone sends nothing while it is"
            " silent, or the PBX was told to send none (option d(out)); still waiting"
        )

    async def aclose(self) -> None:
        """Hang the connection up; idempotent."""
        self._leave()
