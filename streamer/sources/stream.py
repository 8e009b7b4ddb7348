"""The library's entry point: one channel's audio as an async iterator, protected by the keeper."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from streamer.core.audio import AudioChunk, Leg
from streamer.keeper.client import Keeper, open_keeper
from streamer.sources.base import LegClosed, Odd
from streamer.sources.stream_channel.address import Address
from streamer.sources.stream_channel.call import StreamChannelCall, open_call
from streamer.wire import stream_channel as wire

_log = logging.getLogger(__name__)


class Stream:
    """One channel's audio for a program of your own: iterate over it.

    The iteration ends at the hang-up; another end raises. `lost` counts the samples that a consumer more than 30 s behind has
    lost, the oldest first.
    """

    def __init__(self, call: StreamChannelCall) -> None:
        self._call = call

    @property
    def rate(self) -> int:
        """Samples a second."""
        return self._call.legs[0].rate

    @property
    def lost(self) -> int:
        """Samples lost because the consumer was slow."""
        return self._call.lost[0]

    async def __aiter__(self) -> AsyncIterator[AudioChunk]:
        """Yield chunks of whole samples, as they arrive.

        Raises:
            UnreachableError: The PBX could not be reached or refused us.
            NotFoundError: There is no such channel.
            SourceError: The stream broke off; the call may be frozen, see the message.
        """
        async for item in self._call:
            match item:
                case AudioChunk():
                    yield item
                case LegClosed(error=error) if error is not None:
                    raise error
                case Odd(message=message) if message:
                    _log.warning("%s", message)
                case _:
                    pass


@asynccontextmanager
async def open_stream(
    url: str,
    channel: str,
    *,
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    keeper: Keeper | None = None,
) -> AsyncIterator[Stream]:
    """Open one channel's audio: 16 kHz, 16-bit little-endian, mono.

    The keeper protects the call: leaving the block early, or dying inside it, leaves the socket to it.

    Raises:
        UsageError: The url or the channel has an error.
        KeeperError: There is no keeper; nothing was connected.
    """
    address = Address(url, tuple((headers or {}).items()), tls)
    wire.request_headers(channel, extra=address.headers)
    async with AsyncExitStack() as stack:
        held_by = await stack.enter_async_context(open_keeper()) if keeper is None else keeper
        yield Stream(
            await stack.enter_async_context(open_call(address, (Leg("leg1", channel),), held_by))
        )
