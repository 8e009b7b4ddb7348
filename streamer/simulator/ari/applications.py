"""Applications that listen: which events each gets, in order, each with its own queue."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import WSCloseCode, web

from streamer.simulator.ari.faults import Faults, RefusalError
from streamer.simulator.ari.pbx import Fields, SimulatedPbx

ENTITY = "02:fc:00:00:00:01"
_EVERYTHING = {
    "channel_ids": ["__AST_CHANNEL_ALL_TOPIC"],
    "bridge_ids": ["__AST_BRIDGE_ALL_TOPIC"],
    "endpoint_ids": ["__AST_ENDPOINT_ALL_TOPIC"],
    "device_names": ["__AST_DEVICE_STATE_ALL_TOPIC"],
}
_MOST_WAITING = 10_000
"""Events for one socket that is not read; further ones are lost."""
_TOPICS = {"channel": "channel_ids", "bridge": "bridge_ids"}
_ALL_TOPICS = _TOPICS | {"endpoint": "endpoint_ids", "deviceState": "device_names"}


@dataclass
class Application:
    """An application with its socket; it outlives that while it follows something."""

    name: str
    socket: web.WebSocketResponse
    hears_all: bool
    transport: asyncio.Transport | None = None
    allowed: list[str] = field(default_factory=list)
    disallowed: list[str] = field(default_factory=list)
    sources: set[tuple[str, str]] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    """Channels of whose bridges it hears twice: it hears of all, was away, and put them into one since."""
    everything: Fields = field(
        default_factory=lambda: {topic: list(ids) for topic, ids in _EVERYTHING.items()}
    )
    """What it follows if it hears of all."""
    waiting: asyncio.Queue[Fields] = field(default_factory=lambda: asyncio.Queue(_MOST_WAITING))

    async def send_all(self) -> None:
        """Send what waits, until the socket or the task ends."""
        with suppress(ConnectionError):
            while True:
                event = await self.waiting.get()
                await self.socket.send_json(
                    event | {"asterisk_id": ENTITY, "application": self.name}
                )


class Applications:
    """Those that listen now; `has_any` is set while there is one."""

    def __init__(self, faults: Faults) -> None:
        self.listening: dict[str, Application] = {}
        self.has_any = asyncio.Event()
        self._faults = faults
        self._away: set[str] = set()
        self._left: dict[str, Application] = {}
        """Those without a socket that are not forgotten yet."""

    def route(self, pbx: SimulatedPbx, event: Fields) -> None:
        """Give an event to everyone that it is for."""
        for one in self.listening.values():
            if _is_for(pbx, event, one) and _passes(one, event["type"]):
                for _ in range(2 if self._faults.doubles or _is_doubled(event, one) else 1):
                    with suppress(asyncio.QueueFull):
                        one.waiting.put_nowait(event)

    def find(self, name: str) -> Application:
        """Return an application.

        Raises:
            RefusalError: It does not listen.
        """
        found = self.listening.get(name) or self._left.get(name)
        if found is None:
            raise RefusalError(404, "Application not found")
        return found

    def list_all(self) -> list[Application]:
        """Return those that listen, and those that are not forgotten yet."""
        return [*self.listening.values(), *self._left.values()]

    def sweep(self, pbx: SimulatedPbx) -> None:
        """Forget those without a socket that follow nothing any more; Asterisk does so when any application comes, goes or unsubscribes."""
        for name, one in list(self._left.items()):
            shown = show(pbx, one)
            if not any(shown[topic] for topic in _EVERYTHING):
                del self._left[name]

    async def take(self, application: Application) -> None:
        """Give a name to the client that asked last; the one before is told, and hears nothing more."""
        replaced = self.listening.pop(application.name, None)
        before = replaced or self._left.pop(application.name, None)
        self.listening[application.name] = application
        self.has_any.set()
        if before is not None:
            application.allowed, application.disallowed = before.allowed, before.disallowed
            application.sources = before.sources
        if replaced is not None:
            event = {"type": "ApplicationReplaced", "timestamp": "", "application": replaced.name}
            with suppress(ConnectionError):
                await replaced.socket.send_json(event)

    def note_addition(self, channel: Fields, application: str) -> None:
        """Let an application that came back hear twice where a channel goes, as a captured one did."""
        listening = self.listening.get(application)
        if listening is not None and listening.hears_all and application in self._away:
            listening.doubled.add(channel["id"])

    def forget(self, application: Application) -> None:
        """Its socket is gone."""
        self._away.add(application.name)
        if self.listening.get(application.name) is application:
            del self.listening[application.name]
            self._leave(application)
            if not self.listening:
                self.has_any.clear()

    async def drop(self, *, is_abrupt: bool = False) -> None:
        """Close every socket, or break it off without a word; the applications are gone at once."""
        gone = list(self.listening.values())
        self._away.update(self.listening)
        self.listening.clear()
        self.has_any.clear()
        for one in gone:
            self._leave(one)
        for one in gone:
            if is_abrupt and one.transport is not None:
                one.transport.abort()
            else:
                await one.socket.close(code=WSCloseCode.GOING_AWAY)

    def _leave(self, application: Application) -> None:
        """Keep one whose socket has gone for what it follows; who hears of all follows nothing, or keeps it all."""
        if not application.hears_all or not self._faults.forgets_who_hears_all:
            self._left[application.name] = application


def subscribe(pbx: SimulatedPbx, application: Application, sources: list[str]) -> None:
    """Let an application hear of a source too.

    Raises:
        RefusalError: There is none, or not such a one.
    """
    found = list(_find_sources(pbx, sources, "Event source does not exist"))
    application.sources.update(found)


def unsubscribe(pbx: SimulatedPbx, application: Application, sources: list[str]) -> None:
    """Let an application hear of a source no more.

    Raises:
        RefusalError: It is not subscribed to it, or there is no such source.
    """
    own = [source for source in sources if not _leave_all(application, source)]
    if not own and sources:
        return
    found = list(_find_sources(pbx, own, "Event source does not exist"))
    if not application.sources.issuperset(found):
        raise RefusalError(409, "Application not subscribed to event source")
    application.sources.difference_update(found)


def _leave_all(application: Application, source: str) -> bool:
    """Say whether a source is all of a kind, which the application then hears of no more."""
    kind, _, id = source.partition(":")
    followed = application.everything.get(_ALL_TOPICS.get(kind, ""), [])
    if not application.hears_all or id not in followed:
        return False
    followed.remove(id)
    return True


def show(pbx: SimulatedPbx, application: Application) -> Fields:
    """Return an application as ARI shows it."""
    topics: Fields = {name: list[str]() for name in _EVERYTHING}
    for kind, id in application.sources:
        if id in (pbx.channels if kind == "channel" else pbx.bridges):
            topics[_TOPICS[kind]].append(id)
    for id, inside in pbx.inside.items():
        if inside.application == application.name and id not in topics["channel_ids"]:
            topics["channel_ids"].append(id)
    topics["bridge_ids"] += [id for id, who in pbx.hearers.items() if application.name in who]
    return {
        "name": application.name,
        **(application.everything if application.hears_all else topics),
        "events_allowed": [{"type": one} for one in application.allowed],
        "events_disallowed": [{"type": one} for one in application.disallowed],
    }


def filter_events(application: Application, document: object) -> None:
    """Let only some types of events come.

    Raises:
        RefusalError: The document says something else.
    """
    read = {"allowed": application.allowed, "disallowed": application.disallowed}
    try:
        assert isinstance(document, dict)
        for name in read.keys() & document.keys():
            read[name] = [str(one["type"]) for one in document[name]]
        if not document:
            read = {"allowed": [], "disallowed": []}
    except (AssertionError, LookupError, TypeError) as error:
        raise RefusalError(400, "Bad Request: invalid event filter") from error
    application.allowed, application.disallowed = read["allowed"], read["disallowed"]


def _find_sources(pbx: SimulatedPbx, sources: list[str], missing: str) -> Iterator[tuple[str, str]]:
    if not sources:
        raise RefusalError(400, "Missing parameter eventSource")
    for source in sources:
        kind, _, id = source.partition(":")
        if kind not in _TOPICS:
            raise RefusalError(400, "Invalid event source URI scheme")
        if id not in (pbx.channels if kind == "channel" else pbx.bridges):
            raise RefusalError(422, missing)
        yield kind, id


def _is_for(pbx: SimulatedPbx, event: Fields, application: Application) -> bool:
    if "application" in event:
        return bool(event["application"] == application.name)
    return application.hears_all or any(
        source in application.sources or application.name in _list_hearers(pbx, source)
        for source in _list_sources(event)
    )


def _list_sources(event: Fields) -> Iterator[tuple[str, str]]:
    for value in event.values():
        if isinstance(value, dict) and "id" in value:
            yield ("bridge" if "bridge_class" in value else "channel"), value["id"]


def _list_hearers(pbx: SimulatedPbx, source: tuple[str, str]) -> set[str]:
    kind, id = source
    if kind == "bridge":
        return pbx.hearers.get(id, set())
    return {pbx.inside[id].application} if id in pbx.inside else set()


def _is_doubled(event: Fields, application: Application) -> bool:
    about_bridge = event["type"] in ("ChannelEnteredBridge", "ChannelLeftBridge")
    return about_bridge and event["channel"]["id"] in application.doubled


def _passes(application: Application, type: str) -> bool:
    is_allowed = not application.allowed or type in application.allowed
    return is_allowed and type not in application.disallowed
