"""What every source yields: calls, and in each call the chunks, openings and ends of its legs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from streamer.core.audio import AudioChunk, Leg
from streamer.core.events import Cause, EndReason
from streamer.errors import StreamerError

if TYPE_CHECKING:
    from streamer.keeper.client import Keeper

BACKLOG_S = 30.0
"""Seconds of audio a leg that wait for a slow consumer; beyond it the leg's oldest chunk is lost, counted."""


@dataclass(frozen=True, slots=True)
class LegAdded:
    """One more leg has joined the call, and gets number `leg`, the next one; it is connected if `LegOpened` follows."""

    leg: int
    facts: Leg


@dataclass(frozen=True, slots=True)
class LegOpened:
    """Leg number `leg` is connected; without `has_rate`, its rate is a guess until `RateKnown` comes."""

    leg: int
    has_rate: bool = True


@dataclass(frozen=True, slots=True)
class RateKnown:
    """The leg brings `rate` samples a second; comes before its first audio."""

    leg: int
    rate: int


@dataclass(frozen=True, slots=True)
class DtmfReceived:
    """The leg's party has pressed a key; `arrival` as in `AudioChunk`.

    `digit` is None for what is no key of a telephone, and `raw` is how it began.
    """

    leg: int
    digit: str | None
    arrival: float
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class HoldReported:
    """The leg's party was put on hold, or taken back; `arrival` as in `AudioChunk`."""

    leg: int
    held: bool
    arrival: float


@dataclass(frozen=True, slots=True)
class LegClosed:
    """Leg number `leg` brings nothing more; `error` is None where all is well, `note` an untrusted line for the user."""

    leg: int
    reason: EndReason
    error: StreamerError | None = None
    note: str = ""
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Odd:
    """Something on the wire that is not audio and was dropped; `message` is an untrusted line, empty if it was said before."""

    leg: int
    message: str
    odd_bytes: int = 0
    frames: int = 1
    """How many frames that was; 0 where only something is said."""


StreamItem = (
    AudioChunk | LegAdded | LegOpened | RateKnown | DtmfReceived | HoldReported | LegClosed | Odd
)


@dataclass(slots=True)
class Sent:
    """What was sent back to a leg so far."""

    frames: int = 0
    bytes: int = 0
    dropped: int = 0
    """Frames left out because the peer did not read."""
    rate: int = 0
    """Samples a second of what can be played to the party; 0 where nothing can."""


class CallStream(Protocol):
    """One call's items in the order of their arrival; ends when every leg has closed."""

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The legs that the call begins with, whose indexes the items use; further ones come as `LegAdded`."""

    @property
    def lost(self) -> list[int]:
        """Samples of each leg that a slow consumer has lost."""

    @property
    def sent(self) -> tuple[Sent, ...]:
        """What was sent back to each leg; empty where a source only listens."""

    def explain_silence(self, leg: int, *, waited_s: float) -> str:
        """Say, in an untrusted line, why a leg may be connected and bring no audio."""

    def __aiter__(self) -> AsyncIterator[StreamItem]:
        """Yield items; never raises because of the PBX."""

    async def aclose(self) -> None:
        """Stop reading without harming the call; idempotent."""


class Outgoing(Protocol):
    """A source that is called: it opens the legs of one call. `streamer.sources.OUTGOING` has one maker a protocol."""

    @property
    def source(self) -> str:
        """Name of the protocol, as `wire.protocols` has it."""

    @property
    def url(self) -> str:
        """The PBX, without secrets; with a channel's name it says which tap has that channel."""

    def open(
        self, legs: tuple[Leg, ...], keeper: Keeper, *, clock: Callable[[], float]
    ) -> AbstractAsyncContextManager[CallStream]:
        """Connect the legs; leaving the block early does not harm the call."""


class InboundCall(CallStream, Protocol):
    """A call that has come to us by itself."""

    @property
    def facts(self) -> Mapping[str, str]:
        """What else is known of it, untrusted strings for `call.json`."""


@runtime_checkable
class Sourced(Protocol):
    """A call that says itself by which protocol it has come; others are of the protocol that they came to a listener for."""

    @property
    def source(self) -> str:
        """Name of the protocol, as `wire.protocols` has it."""


@runtime_checkable
class Prepared(Protocol):
    """A call that brings nothing before it is told where it is recorded."""

    def begin(self, folder: Path, note_facts: Callable[[Mapping[str, str]], None]) -> None:
        """Begin; `note_facts` takes what is learnt of the call later."""


class Inbound(Protocol):
    """A source of calls that come to us. `streamer.sources.INBOUND` has one maker a protocol."""

    @property
    def address(self) -> str:
        """Where it listens, as one writes it; empty before."""

    @property
    def live_calls(self) -> int:
        """How many calls are connected now, announced or not."""

    async def listen(self, host: str, port: int) -> None:
        """Take calls from now on.

        Raises:
            UnreachableError: The address cannot be had.
        """

    def calls(self) -> AsyncIterator[InboundCall]:
        """Yield calls as they come, until nobody listens any more and every connection is closed."""

    def stop_listening(self) -> None:
        """Take no more calls; those that are there go on. Idempotent."""

    def give_up(self) -> None:
        """End every call that the keeper has taken over."""


class Inbox:
    """Items on their way from sockets to one consumer; audio beyond `BACKLOG_S` a leg loses its oldest.

    Every leg has a queue, and `_order` says whose turn it is, so that a loss costs the same however many legs there are. The turn
    of an item that was lost goes to the leg's next one.
    """

    def __init__(self, legs: tuple[Leg, ...]) -> None:
        self.lost: list[int] = []
        self._limits: list[int] = []
        self._waiting_samples: list[int] = []
        self._queues: list[deque[StreamItem]] = []  # bounded by _limits
        self._order: deque[int] = deque()
        self._arrival: asyncio.Future[None] | None = None
        """What the consumer waits for; an `asyncio.Event` would cost as much as the rest of this class."""
        self._open_legs = 0
        for leg in legs:
            self._make_room(leg)

    def add_leg(self, leg: Leg) -> int:
        """Have one more leg, and return its number."""
        self._make_room(leg)
        number = len(self._queues) - 1
        self.put(LegAdded(number, leg))
        return number

    def put(self, item: StreamItem) -> None:
        """Queue an item; never blocks."""
        leg, queue = item.leg, self._queues[item.leg]
        if (
            isinstance(item, Odd)
            and not item.message
            and queue
            and isinstance(last := queue[-1], Odd)
        ):
            odd_bytes, frames = last.odd_bytes + item.odd_bytes, last.frames + item.frames
            queue[-1] = Odd(leg, last.message, odd_bytes, frames)
            return
        queue.append(item)
        if isinstance(item, AudioChunk):
            self._waiting_samples[leg] += item.samples
            if self._waiting_samples[leg] > self._limits[leg] and self._drop_oldest(leg):
                return  # the turn of what was dropped is this leg's
        self._order.append(leg)
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    def _make_room(self, leg: Leg) -> None:
        self.lost.append(0)
        self._limits.append(int(BACKLOG_S * leg.rate))
        self._waiting_samples.append(0)
        self._queues.append(deque())
        self._open_legs += 1

    async def __aiter__(self) -> AsyncIterator[StreamItem]:
        """Yield items until every leg has closed."""
        while self._open_legs:
            while self._order:
                yield self._take(self._queues[self._order.popleft()].popleft())
            if self._open_legs:
                self._arrival = asyncio.get_running_loop().create_future()
                await self._arrival

    def _take(self, item: StreamItem) -> StreamItem:
        if isinstance(item, AudioChunk):
            self._waiting_samples[item.leg] -= item.samples
        elif isinstance(item, LegClosed):
            self._open_legs -= 1
        return item

    def _drop_oldest(self, leg: int) -> bool:
        """Drop the oldest chunk if at least `BACKLOG_S` is left without it: one huge message alone is no backlog."""
        queue = self._queues[leg]
        position = next(n for n, item in enumerate(queue) if isinstance(item, AudioChunk))
        oldest = queue[position]
        assert isinstance(oldest, AudioChunk)
        if self._waiting_samples[leg] - oldest.samples < self._limits[leg]:
            return False
        del queue[position]
        self._waiting_samples[leg] -= oldest.samples
        self.lost[leg] += oldest.samples
        return True
