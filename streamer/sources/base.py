"""What every source yields: calls, and in each call the chunks, openings and ends of its legs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from streamer.audio import AudioChunk, Leg
from streamer.errors import StreamerError
from streamer.events import EndReason

BACKLOG_S = 30.0
"""Seconds of audio a leg that wait for a slow consumer; beyond it the leg's oldest chunk is lost, counted."""


@dataclass(frozen=True, slots=True)
class LegOpened:
    """The PBX has accepted the connection of leg number `leg`."""

    leg: int


@dataclass(frozen=True, slots=True)
class LegClosed:
    """Leg number `leg` brings nothing more; `error` is None where all is well, `note` a hostile line for the user."""

    leg: int
    reason: EndReason
    error: StreamerError | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Odd:
    """Something on the wire that is not audio and was dropped; a hostile line, said once a leg."""

    leg: int
    message: str


StreamItem = AudioChunk | LegOpened | LegClosed | Odd


class CallStream(Protocol):
    """One call's items in the order of their arrival; ends when every leg has closed."""

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The legs, whose indexes the items use."""

    @property
    def lost(self) -> list[int]:
        """Samples of each leg that a slow consumer has lost."""

    def __aiter__(self) -> AsyncIterator[StreamItem]:
        """Yield items; never raises because of the PBX."""

    async def aclose(self) -> None:
        """Stop reading without harming the call; idempotent."""


class Source(Protocol):
    """A server yields many calls, a client or a file yields one."""

    def calls(self) -> AsyncIterator[CallStream]:
        """Announce calls as they come."""


class Inbox:
    """Items on their way from sockets to one consumer; audio beyond `BACKLOG_S` a leg loses its oldest."""

    def __init__(self, legs: tuple[Leg, ...]) -> None:
        self.lost = [0] * len(legs)
        self._limits = [int(BACKLOG_S * leg.rate) for leg in legs]
        self._waiting_samples = [0] * len(legs)
        self._items: deque[StreamItem] = deque()  # bounded by _limits
        self._arrival = asyncio.Event()
        self._open_legs = len(legs)

    def put(self, item: StreamItem) -> None:
        """Queue an item; never blocks."""
        if isinstance(item, AudioChunk):
            if self._waiting_samples[item.leg] > self._limits[item.leg]:
                self._drop_oldest(item.leg)
            self._waiting_samples[item.leg] += item.samples
        self._items.append(item)
        self._arrival.set()

    async def __aiter__(self) -> AsyncIterator[StreamItem]:
        """Yield items until every leg has closed."""
        while self._open_legs:
            while self._items:
                item = self._items.popleft()
                if isinstance(item, AudioChunk):
                    self._waiting_samples[item.leg] -= item.samples
                elif isinstance(item, LegClosed):
                    self._open_legs -= 1
                yield item
            self._arrival.clear()
            if self._open_legs:
                await self._arrival.wait()

    def _drop_oldest(self, leg: int) -> None:
        for position, item in enumerate(self._items):
            if isinstance(item, AudioChunk) and item.leg == leg:
                del self._items[position]
                self._waiting_samples[leg] -= item.samples
                self.lost[leg] += item.samples
                return
