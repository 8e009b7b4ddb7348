"""stream-channel as one of the ways to open a call's legs; see `sources.base.Outgoing`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.keeper.client import Keeper
from streamer.sources.base import CallStream
from streamer.sources.stream_channel.address import Address, read_address
from streamer.sources.stream_channel.call import open_call
from streamer.wire import protocols, stream_channel as wire


class StreamChannel:
    """The stream-channel websocket of one PBX."""

    source = protocols.STREAM_CHANNEL.name

    def __init__(self, address: Address) -> None:
        self._address = address

    @property
    def url(self) -> str:
        """The PBX, without secrets."""
        return wire.public_url(self._address.url)

    def open(
        self, legs: tuple[Leg, ...], keeper: Keeper, *, clock: Callable[[], float]
    ) -> AbstractAsyncContextManager[CallStream]:
        """Connect a socket for each leg."""
        return open_call(self._address, legs, keeper, clock=clock)


def plan_stream_channel(settings: Settings, legs: tuple[Leg, ...]) -> StreamChannel:
    """Return the PBX that settings name, after a look at whether each channel can be asked for.

    Raises:
        UsageError: The url, a header, the certificate or a channel cannot be used.
    """
    address = read_address(settings)
    for leg in legs:
        wire.request_headers(leg.channel, extra=address.headers)
    return StreamChannel(address)
