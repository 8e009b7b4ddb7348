"""chan_websocket as one of the ways to open a call's legs, where Asterisk's channels wait for us; see `sources.base.Outgoing`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.keeper.client import Keeper
from streamer.sources.base import Inbox, Sent, StreamItem
from streamer.sources.one_way import ReturnWatch
from streamer.sources.playout import FrameClock, Playback
from streamer.sources.stream_channel.address import Address, read_address
from streamer.sources.websocket.client import WaitingLeg
from streamer.wire import protocols
from streamer.wire.websocket.incoming import check_address


class WaitingCall:
    """One call: a connection for each leg, all on one clock."""

    def __init__(
        self,
        legs: tuple[Leg, ...],
        *,
        clock: Callable[[], float],
        new_playback: Callable[[], Playback | None] = lambda: None,
    ) -> None:
        self.legs = legs
        self._inbox = Inbox(legs)
        frames = FrameClock()
        self._waiting = [
            WaitingLeg(n, leg, self._inbox, clock, frame_clock=frames, playback=new_playback())
            for n, leg in enumerate(legs)
        ]
        self.sent: tuple[Sent, ...] = tuple(leg.sent for leg in self._waiting)
        self.programme = self._waiting[0].programme
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def watch(self) -> ReturnWatch | None:
        """What watches the way back to the first leg."""
        return self._waiting[0].watch

    @property
    def lost(self) -> list[int]:
        """Samples of each leg that a slow consumer has lost."""
        return self._inbox.lost

    def start(self, addresses: Sequence[Address]) -> None:
        """Connect every leg."""
        self._tasks = [
            asyncio.ensure_future(leg.run(address))
            for leg, address in zip(self._waiting, addresses, strict=True)
        ]

    def __aiter__(self) -> AsyncIterator[StreamItem]:
        """Yield what the legs do until each has closed."""
        return self._inbox.__aiter__()

    def explain_silence(self, leg: int, *, waited_s: float) -> str:
        """Say why a connection may be open without any audio."""
        return (
            f"no audio from {self.legs[leg].channel} for {waited_s:.0f} s: nobody is connected to that channel yet, its party is muted"
            " or on hold, or it was told to send none (option d(out)); still waiting"
        )

    async def aclose(self) -> None:
        """Have every channel hung up that is not; idempotent."""
        async with asyncio.TaskGroup() as group:
            for leg in self._waiting:
                if not leg.is_closed:
                    group.create_task(leg.hang_up())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class WaitingChannels:
    """Channels of chan_websocket, each at an address."""

    source = protocols.CHAN_WEBSOCKET.name

    def __init__(self, addresses: tuple[Address, ...]) -> None:
        self._addresses = addresses
        self.new_playback: Callable[[], Playback | None] = lambda: None
        """Makes what each party hears."""

    @property
    def url(self) -> str:
        """The PBX of the first leg."""
        parts = urlsplit(self._addresses[0].url)
        return f"{parts.scheme}://{parts.netloc}"

    @asynccontextmanager
    async def open(
        self, legs: tuple[Leg, ...], keeper: Keeper, *, clock: Callable[[], float]
    ) -> AsyncIterator[WaitingCall]:
        """Connect to each channel; leaving the block hangs them up, and nothing is given to the keeper."""
        call = WaitingCall(legs, clock=clock, new_playback=self.new_playback)
        call.start(self._addresses)
        try:
            yield call
        finally:
            await call.aclose()


def plan_chan_websocket(settings: Settings, legs: tuple[Leg, ...]) -> WaitingChannels:
    """Return the channels, after a look at whether each address can be meant.

    Raises:
        UsageError: An address or the certificate cannot be used.
    """
    return WaitingChannels(tuple(_read(settings, leg.channel) for leg in legs))


def _read(settings: Settings, url: str) -> Address:
    """Return an address; the secrets that settings have for their PBX are shown to no other host."""
    check_address(url)
    if urlsplit(url).hostname != urlsplit(settings.url).hostname:
        settings = replace(settings, user="", password="", headers={})
    return read_address(replace(settings, url=url))
