"""The bus says what happened: publishing never blocks, and a slow observer loses its oldest events, counted."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from streamer.core.events import Event

CAPACITY = 1000
"""Events that wait for one observer; the oldest makes room for the newest."""


class Subscription:
    """One observer's events, oldest first, as an async iterator that ends when the bus is closed."""

    def __init__(self, capacity: int) -> None:
        self._unread_events: deque[Event] = deque(maxlen=capacity)  # full: the oldest is dropped
        self._arrival = asyncio.Event()
        self._is_closed = False
        self.lost = 0
        """Events that were dropped because this observer was slow."""

    def offer(self, event: Event) -> None:
        """Queue an event; never blocks."""
        self.lost += len(self._unread_events) == self._unread_events.maxlen
        self._unread_events.append(event)
        self._arrival.set()

    def close(self) -> None:
        """Let the iterator end after the events that are queued."""
        self._is_closed = True
        self._arrival.set()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yield events until the bus is closed."""
        while True:
            while self._unread_events:
                yield self._unread_events.popleft()
            if self._is_closed:
                return
            self._arrival.clear()
            await self._arrival.wait()


class Bus:
    """Hand every event to every observer that subscribed before it was published."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def publish(self, event: Event) -> None:
        """Announce an event; never blocks, never fails."""
        for subscription in self._subscriptions:
            subscription.offer(event)

    @contextmanager
    def subscribe(self, *, capacity: int = CAPACITY) -> Iterator[Subscription]:
        """Follow the bus from now on."""
        subscription = Subscription(capacity)
        self._subscriptions.append(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)

    def close(self) -> None:
        """End every observer's iterator; idempotent."""
        for subscription in self._subscriptions:
            subscription.close()
