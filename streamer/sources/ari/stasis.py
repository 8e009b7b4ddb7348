"""What our own channels do inside the PBX: whether each has entered our application, and whether it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from contextlib import suppress

from streamer.wire.ari.answers import Channel
from streamer.wire.ari.events import ChannelDestroyed, Event, StasisEnded, StasisStarted
from streamer.wire.ari.ids import is_own_id

_MOST = 10_000
"""Channels that are remembered: more than are there at a time; the oldest are forgotten."""


class OwnChannels:
    """Our channels by id. Events may come before the answer to the request that made a channel, and twice."""

    def __init__(self) -> None:
        self._entered: dict[str, str] = {}
        self._ended: dict[str, str] = {}
        """The name of the channel that had the id."""
        self._names: dict[str, str] = {}
        """Of channels whose id another one had: only their own end counts, for that of the other may be told later."""
        self._changed = asyncio.Event()

    def take(self, event: Event) -> None:
        """Take what has happened."""
        match event:
            case StasisStarted(channel) if is_own_id(channel.id):
                _remember(self._entered, channel.id, channel.name)
            case StasisEnded(channel) | ChannelDestroyed(channel) if is_own_id(channel.id):
                _remember(self._ended, channel.id, channel.name)
            case _:
                return
        self._changed.set()

    def look(self, channels: Iterable[Channel], application: str) -> None:
        """Take a list for what there is: the start of a channel may have fallen into a gap of the events."""
        for channel in channels:
            if channel.application == "Stasis" and channel.arguments.split(",")[0] == application:
                _remember(self._entered, channel.id, channel.name)
        self._changed.set()

    def expect(self, channel: str) -> None:
        """Forget what there was under an id that is used again."""
        for known in (self._entered, self._ended, self._names):
            known.pop(channel, None)

    def know(self, channel: Channel) -> None:
        """Take the answer to the request that made a channel under an id that was used before."""
        _remember(self._names, channel.id, channel.name)

    def has_ended(self, channel: str) -> bool:
        """Say whether a channel is known to have ended."""
        return channel in self._ended and self._names.get(channel) in (None, self._ended[channel])

    async def wait_for_start(self, channels: Collection[str], *, timeout_s: float) -> bool:
        """Wait until all have entered the application; False if one has ended, or time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not self._entered.keys() >= set(channels):
                    if any(map(self.has_ended, channels)):
                        return False
                    self._changed.clear()
                    await self._changed.wait()
        return self._entered.keys() >= set(channels)

    async def wait_for_end(self, channel: str) -> None:
        """Wait until a channel has ended."""
        while not self.has_ended(channel):
            self._changed.clear()
            await self._changed.wait()


def _remember(known: dict[str, str], channel: str, name: str) -> None:
    known[channel] = name
    if len(known) > _MOST:
        del known[next(iter(known))]
