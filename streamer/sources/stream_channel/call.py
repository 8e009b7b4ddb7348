"""A live call over stream-channel: one socket per leg, all on one clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from streamer.core.audio import Leg
from streamer.keeper.client import Keeper
from streamer.sources.base import Inbox, Sent, StreamItem
from streamer.sources.stream_channel.address import Address
from streamer.sources.stream_channel.connection import LegReader
from streamer.wire import stream_channel as wire

_CONNECTING_AT_ONCE = 16


class StreamChannelCall:
    """One call: one socket per leg, all on one clock."""

    def __init__(
        self, address: Address, legs: tuple[Leg, ...], keeper: Keeper, *, clock: Callable[[], float]
    ) -> None:
        self.legs = legs
        self.sent: tuple[Sent, ...] = ()
        self._address = address
        self._inbox = Inbox(legs)
        self._keeper = keeper
        self._readers = [
            LegReader(n, leg, self._inbox, keeper, clock) for n, leg in enumerate(legs)
        ]
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def lost(self) -> list[int]:
        """Samples of each leg that a slow consumer has lost."""
        return self._inbox.lost

    def start(self) -> None:
        """Connect every leg, a few at a time."""
        slots = asyncio.Semaphore(_CONNECTING_AT_ONCE)
        self._tasks = [asyncio.ensure_future(self._open(reader, slots)) for reader in self._readers]
        self._tasks.append(asyncio.ensure_future(self._watch_keeper()))

    def __aiter__(self) -> AsyncIterator[StreamItem]:
        """Yield what the legs do until each has closed."""
        return self._inbox.__aiter__()

    def explain_silence(self, leg: int, *, waited_s: float) -> str:
        """Say why a connection may be open without any frames."""
        return wire.explain_silence(self.legs[leg].channel, waited_s=waited_s)

    async def aclose(self) -> None:
        """Leave every live socket to the keeper; idempotent."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for reader in self._readers:
            if not reader.is_closed:
                reader.leave()

    async def _open(self, reader: LegReader, slots: asyncio.Semaphore) -> None:
        async with slots:
            await reader.open(self._address)

    async def _watch_keeper(self) -> None:
        await self._keeper.lost.wait()
        for reader in self._readers:
            if not reader.is_closed:
                reader.give_up()


@asynccontextmanager
async def open_call(
    address: Address,
    legs: tuple[Leg, ...],
    keeper: Keeper,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[StreamChannelCall]:
    """Connect the legs of a call; leaving the block early leaves live sockets to the keeper."""
    call = StreamChannelCall(address, legs, keeper, clock=clock)
    call.start()
    try:
        yield call
    finally:
        await call.aclose()
