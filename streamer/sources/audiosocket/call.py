"""An inbound call, as the tap reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping

from streamer.core.audio import Leg
from streamer.sources.base import Inbox, Sent, StreamItem
from streamer.sources.one_way import ReturnWatch
from streamer.sources.programme import Programme


class AudioSocketCall:
    """One caller's call, as a stream of items that its connection puts in.

    `facts` are untrusted strings for `call.json`, `sent` counts what goes back, and `leave` ends the connection so that the dialplan
    goes on.
    """

    def __init__(
        self,
        leg: Leg,
        facts: Mapping[str, str],
        *,
        sent: Sent,
        leave: Callable[[], None],
        watch: ReturnWatch | None = None,
        programme: Programme | None = None,
    ) -> None:
        self.legs = (leg,)
        self.facts = facts
        self.sent = (sent,)
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
        """Yield what the caller does until the connection ends."""
        return self._inbox.__aiter__()

    def explain_silence(self, leg: int, *, waited_s: float) -> str:
        """Say why a connection may be open without any frames."""
        return (
            f"no audio from {self.legs[leg].channel} for {waited_s:.0f} s: it is muted or on hold, or its phone sends"
            " nothing while it is silent; still waiting"
        )

    async def aclose(self) -> None:
        """End the connection so that the dialplan goes on; idempotent."""
        self._leave()
