"""What all calls that one process taps have in common: one application that hears everything, and hands each call what concerns it.

A call asks to hear of its channels and bridges as it would of an application of its own, so it cannot tell the difference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields

from streamer.ari import membership, watching
from streamer.ari.client import Ari
from streamer.sources.ari.claiming import Claims
from streamer.sources.ari.hearing import Hearer, Hearing
from streamer.sources.ari.leg_tap import Inventory
from streamer.sources.ari.lists import Lists
from streamer.sources.ari.stasis import OwnChannels
from streamer.wire.ari.answers import Bridge, Channel
from streamer.wire.ari.events import Event, Message
from streamer.wire.ari.ids import make_application


class Circle:
    """One application for all; `take` gets every message after the calls, and `begin` is called when they begin to come, again too."""

    def __init__(
        self,
        ari: Ari,
        *,
        take: Callable[[Message], None],
        begin: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self.application = make_application()
        self.own = OwnChannels()
        self.claims = Claims(ari, self.application, self.own)
        self.lists = Lists(ari)
        self._take_all, self._begin_all = take, begin
        self._sharing: dict[_Share, None] = {}
        self._by_source: dict[str, dict[_Share, None]] = {}
        self._hearing = Hearing(
            ari,
            self.application,
            Hearer(self._take, self._begin, say, list),
            hears_all=True,
            types=(*membership.TYPES, *watching.TYPES),
        )

    @property
    def heard(self) -> asyncio.Event:
        """Set while events come."""
        return self._hearing.heard

    async def run(self) -> None:
        """Hear for ever; see `Hearing.run`."""
        await self._hearing.run()

    def listen(self, hearer: Hearer) -> _Share:
        """Return what a call hears by; it hears nothing before `run`."""
        return _Share(self, hearer)

    def join(self, share: _Share) -> None:
        """Let a call hear."""
        self._sharing[share] = None
        if self.heard.is_set():
            share.hearer.begin()

    def leave(self, share: _Share) -> None:
        """Let a call hear no more."""
        self._sharing.pop(share, None)
        for source in share.sources:
            sharing = self._by_source.get(source, {})
            sharing.pop(share, None)
            if not sharing:
                self._by_source.pop(source, None)

    def follow(self, share: _Share, sources: Iterable[str]) -> None:
        """Let a call hear of sources, too."""
        for source in sources:
            share.sources.add(source)
            self._by_source.setdefault(source, {})[share] = None

    def _take(self, message: Message) -> None:
        self.own.take(message.event)
        concerned = {
            share: None
            for source in _list_sources(message.event)
            for share in self._by_source.get(source, ())
        }
        for share in concerned:
            share.hearer.take(message)
        self._take_all(message)

    def _begin(self) -> None:
        for share in self._sharing:
            share.hearer.begin()
        self._begin_all()


class _Share:
    """What one call hears of; see `hearing.Ears`."""

    def __init__(self, circle: Circle, hearer: Hearer) -> None:
        self.hearer = hearer
        self.sources: set[str] = set()
        self._circle = circle

    @property
    def heard(self) -> asyncio.Event:
        """Set while events come."""
        return self._circle.heard

    def follows(self, sources: frozenset[str]) -> bool:
        """Say whether all of these are heard of."""
        return self.sources.issuperset(sources)

    async def follow(self, sources: Iterable[str]) -> None:
        """Hear of these, too."""
        self._circle.follow(self, sources)

    async def run(self) -> None:
        """Hear for ever."""
        self._circle.join(self)
        try:
            await asyncio.Event().wait()
        finally:
            self._circle.leave(self)


@dataclass(frozen=True, slots=True)
class TapOffer:
    """What others of the process tap channels with, too."""

    ari: Ari
    circle: Circle
    inventory: Inventory


def _list_sources(event: Event) -> Iterator[str]:
    """Yield what an event is about, as ARI names it."""
    for one in fields(event):
        match getattr(event, one.name):
            case Channel(id=identity):
                yield f"channel:{identity}"
            case Bridge(id=identity):
                yield f"bridge:{identity}"
            case _:
                pass
