"""Being an application of ARI: it exists while its events socket is open, and hears of what it subscribes to.

When the socket drops it is opened again under the same name. The events of the gap are lost, so whoever uses this lists everything anew
whenever `heard` is set again.

    socket -> application listed -> filter -> subscriptions -> heard ... dropped -> again, later and later
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from streamer.ari.applications import find_application
from streamer.ari.client import Ari
from streamer.ari.membership import TYPES
from streamer.errors import UnreachableError
from streamer.wire.ari.events import ApplicationReplaced, Message
from streamer.wire.ari.requests import filter_events, follow_source, unfollow_devices

RETRY_S = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds until the socket is opened again, the last one for ever."""

APPEARING_S = 2.0
"""Seconds until the application is listed."""

_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Hearer:
    """Who hears: takes each message, is told when they begin to come, and what is wrong."""

    take: Callable[[Message], None]
    begin: Callable[[], None]
    say: Callable[[str], None]
    list_sources: Callable[[], Iterable[str]]
    """Returns what is to be heard of, as `channel:ID` or `bridge:ID`."""


class Ears(Protocol):
    """What a call hears by: an application of its own, or a part of one; the methods are those of `Hearing`."""

    @property
    def heard(self) -> asyncio.Event:
        """Set while events come."""

    def follows(self, sources: frozenset[str]) -> bool:
        """Say whether all of these are heard of."""

    async def follow(self, sources: Iterable[str]) -> None:
        """Hear of these, too."""

    async def run(self) -> None:
        """Hear for ever."""


class Hearing:
    """One application; see above. With `hears_all` it needs no subscriptions."""

    def __init__(
        self,
        ari: Ari,
        application: str,
        hearer: Hearer,
        *,
        hears_all: bool = False,
        types: Sequence[str] = TYPES,
    ) -> None:
        self._hears_all, self._types = hears_all, types
        self.heard = asyncio.Event()
        """Set while events come."""
        self._ari = ari
        self._application = application
        self._hearer = hearer
        self._followed: set[str] = set()

    def follows(self, sources: frozenset[str]) -> bool:
        """Say whether all of these are subscribed to."""
        return self._followed.issuperset(sources)

    async def run(self) -> None:
        """Hear for ever.

        Raises:
            UnreachableError: The application cannot be had at all.
        """
        failures, said, has_heard = 0, "", False
        while True:
            try:
                async with self._ari.open_events(
                    self._application, hears_all=self._hears_all
                ) as events:
                    await self._hear(events)
                why = f"the events of ARI at {self._ari.url} broke off"
            except UnreachableError as error:
                why = str(error)
            has_heard |= self.heard.is_set()
            if not has_heard:
                raise UnreachableError(why)
            failures = 0 if self.heard.is_set() else failures + 1
            self.heard.clear()
            if why != said:
                self._hearer.say(f"{why}; connecting again, and recording goes on")
            said = why
            await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])

    async def follow(self, sources: Iterable[str]) -> None:
        """Subscribe to what is new; of what is gone by now, nobody tells anything.

        Raises:
            UnreachableError: ARI cannot be asked.
        """
        for source in frozenset(sources) - self._followed:
            await self._ari.ask(follow_source(self._application, source))
            self._followed.add(source)

    async def _hear(self, events: AsyncIterator[Message]) -> None:
        # Read at once and all the time: Asterisk drops a client that is slow.
        reading = asyncio.create_task(self._read(events))
        try:
            await self._wait_until_listed()
            await self._ari.ask(filter_events(self._application, self._types))
            if self._hears_all:
                await self._ari.ask(unfollow_devices(self._application))
            self._followed.clear()
            await self.follow(self._hearer.list_sources())
            self.heard.set()
            self._hearer.begin()
            await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, events: AsyncIterator[Message]) -> None:
        async for message in events:
            if isinstance(message.event, ApplicationReplaced):
                return
            self._hearer.take(message)

    async def _wait_until_listed(self) -> None:
        """Wait until the application exists.

        Raises:
            UnreachableError: It does not.
        """
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + APPEARING_S
        while True:
            if await find_application(self._ari, self._application) is not None:
                return
            if clock() >= give_up_at:
                raise UnreachableError(
                    f"{self._ari.url} opened the events but does not list our application; see Asterisk's log"
                )
            await asyncio.sleep(_POLL_S)
