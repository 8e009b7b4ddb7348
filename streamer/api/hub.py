"""What happens, in one order for all who listen: stored events with their numbers, and others between them as they come.

Theory of operation. What is stored is told when it is read from the store, whoever stored it: the bus only says that something may be
there, and a look every `LOOK_S` finds what other processes store. What is never stored is told when the bus says it, behind what was
stored before. A listener that is too slow is sent away, and can come back with the number of the last event that it has: nothing that
is stored is lost, and nobody waits for it.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from streamer.bus import Bus
from streamer.core.encoding import encode_event
from streamer.core.events import Event
from streamer.errors import StoreError
from streamer.store import Reader, StoredEvent
from streamer.store.outbox import KINDS, MOST_READ

LOOK_S = 0.1
"""Seconds between two looks into the store."""

MOST_UNREAD = 2000
"""Events that wait for one listener; one that has more is sent away."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event as `--json` prints it; `number` is None for what is not stored."""

    number: int | None
    fields: dict[str, Any]

    @property
    def kind(self) -> str:
        """Return the name of the event."""
        return str(self.fields["event"])

    @property
    def text(self) -> str:
        """Return it as JSON."""
        return json.dumps(self.fields)


class Listener:
    """One who listens: an async iterator that ends when the hub does, or when it was too slow."""

    def __init__(self) -> None:
        self._unread: deque[Told] = deque()
        self._news = asyncio.Event()
        self._is_over = False
        self.is_late = False
        """It was too slow and gets nothing more."""

    def offer(self, told: Told) -> None:
        """Queue an event; never blocks."""
        if len(self._unread) >= MOST_UNREAD:
            self.is_late = True
            self.close()
        if not self._is_over:
            self._unread.append(told)
            self._news.set()

    def close(self) -> None:
        """End behind what is queued, or at once if it was too slow."""
        self._is_over = True
        if self.is_late:
            self._unread.clear()
        self._news.set()

    async def __aiter__(self) -> AsyncIterator[Told]:
        """Yield events as they come."""
        while True:
            while self._unread:
                yield self._unread.popleft()
            if self._is_over:
                return
            self._news.clear()
            await self._news.wait()


class EventHub:
    """Tells all listeners what happens while `run` runs."""

    def __init__(
        self, reader: Reader, bus: Bus, observe: Callable[[StoredEvent | Event], None]
    ) -> None:
        """`observe` is told of all, too: a stored event as such."""
        self._reader = reader
        self._bus = bus
        self._observe = observe
        self._listeners: list[Listener] = []
        self._turn = asyncio.Lock()
        self.position = 0
        """The number of the last stored event that was told."""

    async def run(self) -> None:
        """Tell what happens until cancelled, or until the bus is closed."""
        self.position = await self._reader.last_event()
        looking = asyncio.ensure_future(self._look_again())
        try:
            with self._bus.subscribe() as events:
                async for event in events:
                    await self._take(event)
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            for listener in self._listeners:
                listener.close()

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """Listen from now on."""
        listener = Listener()
        self._listeners.append(listener)
        try:
            yield listener
        finally:
            self._listeners.remove(listener)

    async def read_on(self, after: int | None) -> AsyncGenerator[Told, None]:
        """Yield what was stored behind a number, then what happens; with None only what happens.

        Ends when this listener was too slow, or the hub ends.
        """
        with self.listen() as listener:
            position, last = after, self.position
            while position is not None and position < last:
                stored = await self._reader.read_events(position, limit=MOST_READ)
                for event in stored:
                    if event.number <= last:
                        yield _tell(event)
                position = stored[-1].number if stored else None
            async for told in listener:
                yield told

    async def _look_again(self) -> None:
        version = -1
        while True:
            with suppress(StoreError):  # whoever stores says it
                newest = await self._reader.read_version()
                if newest != version:
                    version = newest
                    await self._tell_stored()
            await asyncio.sleep(LOOK_S)

    async def _take(self, event: Event) -> None:
        fields = encode_event(event)
        if fields["event"] in KINDS:
            with suppress(StoreError):
                await self._tell_stored()
            return
        self._observe(event)
        self._offer(Told(None, fields))

    async def _tell_stored(self) -> None:
        async with self._turn:
            while stored := await self._reader.read_events(self.position, limit=MOST_READ):
                for event in stored:
                    self._observe(event)
                    self._offer(_tell(event))
                self.position = stored[-1].number

    def _offer(self, told: Told) -> None:
        for listener in self._listeners:
            listener.offer(told)


def _tell(event: StoredEvent) -> Told:
    return Told(event.number, encode_event(event.event))
