"""Answers ARI's requests about a simulated PBX, and sends its events; whoever asks must show the user and the password.

Only what reads is there so far, and `eventFilter`. `Faults` makes it fail as a PBX, or what is in front of one, can.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import WSCloseCode, web

from streamer.simulator.ari.pbx import VERSION, Fields, SimulatedPbx

USER, PASSWORD = "streamer", "simulated"
_ENTITY = "02:fc:00:00:00:01"
_EVERYTHING = {
    "channel_ids": ["__AST_CHANNEL_ALL_TOPIC"],
    "bridge_ids": ["__AST_BRIDGE_ALL_TOPIC"],
    "endpoint_ids": ["__AST_ENDPOINT_ALL_TOPIC"],
    "device_names": ["__AST_DEVICE_STATE_ALL_TOPIC"],
}
_MOST_WAITING = 10_000
"""Events for one socket that is not read; further ones are lost."""


@dataclass
class Faults:
    """What goes wrong from now on: an answer for each path that begins so, a wait before each answer, no events socket."""

    statuses: dict[str, int] = field(default_factory=dict)
    delay_s: float = 0.0
    has_no_events: bool = False


@dataclass
class _Listener:
    """An application with its socket."""

    name: str
    socket: web.WebSocketResponse
    hears_all: bool
    allowed: list[str] = field(default_factory=list)
    waiting: asyncio.Queue[Fields] = field(default_factory=lambda: asyncio.Queue(_MOST_WAITING))


class SimulatedAri:
    """The server; `pbx` is what it speaks of, `faults` what goes wrong, `requests` what was asked."""

    def __init__(self, *, user: str = USER, password: str = PASSWORD) -> None:
        self.pbx = SimulatedPbx(lambda: datetime.now(UTC), self._send)
        self.faults = Faults()
        self.requests: list[tuple[str, str]] = []
        self.has_events = asyncio.Event()
        self._credential = f"{user}:{password}".encode()
        self._listeners: dict[str, _Listener] = {}

    @property
    def applications(self) -> list[str]:
        """The names of those that hear of something now."""
        return list(self._listeners)

    @asynccontextmanager
    async def open(self, host: str, port: int) -> AsyncIterator[int]:
        """Listen, and yield the port.

        Raises:
            OSError: The address cannot be listened on.
        """
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/ari/channels", self._list_channels),
                web.get("/ari/channels/{id}", self._show_channel),
                web.get("/ari/channels/{id}/variable", self._read_variable),
                web.get("/ari/bridges", self._list_bridges),
                web.get("/ari/bridges/{id}", self._show_bridge),
                web.get("/ari/applications", self._list_applications),
                web.get("/ari/applications/{name}", self._show_application),
                web.put("/ari/applications/{name}/eventFilter", self._filter),
                web.get("/ari/asterisk/info", self._show_info),
                web.get("/ari/events", self._serve_events),
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            yield int(runner.addresses[0][1])
        finally:
            await self.drop_events()
            await runner.cleanup()

    async def drop_events(self) -> None:
        """Break every events socket off; the applications are gone at once."""
        listeners = list(self._listeners.values())
        self._listeners.clear()
        self.has_events.clear()
        for listener in listeners:
            await listener.socket.close(code=WSCloseCode.GOING_AWAY)

    def _send(self, event: Fields) -> None:
        for listener in self._listeners.values():
            is_allowed = not listener.allowed or event["type"] in listener.allowed
            if listener.hears_all and is_allowed:
                with suppress(asyncio.QueueFull):
                    listener.waiting.put_nowait(event)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        path = request.path.removeprefix("/ari")
        self.requests.append((request.method, path))
        await asyncio.sleep(self.faults.delay_s)
        if not self._is_known(request):
            return _refuse(401, "Authentication required", {"WWW-Authenticate": _REALM})
        for beginning, status in self.faults.statuses.items():
            if path.startswith(beginning):
                return _refuse(status, _REASONS.get(status, "Internal Server Error"))
        try:
            answer: web.StreamResponse = await handler(request)
        except web.HTTPNotFound:
            return _refuse(404, "Resource not found")
        except web.HTTPMethodNotAllowed:
            return _refuse(405, "Invalid method")
        return answer

    def _is_known(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        shown = request.query.get("api_key", "").encode()
        if scheme.lower() == "basic":
            with suppress(ValueError):
                shown = base64.b64decode(token)
        return hmac.compare_digest(shown, self._credential)

    async def _list_channels(self, _: web.Request) -> web.Response:
        return _answer(list(self.pbx.channels.values()))

    async def _show_channel(self, request: web.Request) -> web.Response:
        channel = self.pbx.channels.get(request.match_info["id"])
        return _answer(channel) if channel else _refuse(404, "Channel not found")

    async def _read_variable(self, request: web.Request) -> web.Response:
        if request.match_info["id"] not in self.pbx.channels:
            return _refuse(404, "Channel not found")
        name = request.query.get("variable", "")
        if not name:
            return _refuse(400, "Variable name is required")
        value = self.pbx.variables[request.match_info["id"]].get(name)
        if value is not None:
            return _answer({"value": value})
        if name.endswith(")"):
            return _refuse(500, "Unable to read provided function")
        return _refuse(404, "Provided variable was not found")

    async def _list_bridges(self, _: web.Request) -> web.Response:
        return _answer(list(self.pbx.bridges.values()))

    async def _show_bridge(self, request: web.Request) -> web.Response:
        bridge = self.pbx.bridges.get(request.match_info["id"])
        return _answer(bridge) if bridge else _refuse(404, "Bridge not found")

    async def _list_applications(self, _: web.Request) -> web.Response:
        return _answer([_show(listener) for listener in self._listeners.values()])

    async def _show_application(self, request: web.Request) -> web.Response:
        listener = self._listeners.get(request.match_info["name"])
        return _answer(_show(listener)) if listener else _refuse(404, "Application not found")

    async def _filter(self, request: web.Request) -> web.Response:
        listener = self._listeners.get(request.match_info["name"])
        if listener is None:
            return _refuse(404, "Application not found")
        try:
            listener.allowed = [one["type"] for one in (await request.json())["allowed"]]
        except (ValueError, LookupError, TypeError):
            return _refuse(400, "Bad event filter")
        return _answer(_show(listener))

    async def _show_info(self, _: web.Request) -> web.Response:
        return _answer({"system": {"version": VERSION, "entity_id": _ENTITY}})

    async def _serve_events(self, request: web.Request) -> web.StreamResponse:
        names = request.query.get("app", "")
        if not names:
            return _refuse(400, "Missing parameter 'app'")
        if self.faults.has_no_events:
            return _refuse(503, _REASONS[503])
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        hears_all = request.query.get("subscribeAll", "").lower() == "true"
        listener = _Listener(names, socket, hears_all)
        await self._replace(listener)
        sending = asyncio.create_task(_send_all(listener))
        try:
            async for _ in socket:
                pass
        finally:
            sending.cancel()
            if self._listeners.get(names) is listener:
                del self._listeners[names]
        return socket

    async def _replace(self, listener: _Listener) -> None:
        """Give a name to the client that asked last; the one before is told, and hears nothing more."""
        before = self._listeners.pop(listener.name, None)
        self._listeners[listener.name] = listener
        self.has_events.set()
        if before is not None:
            event = {"type": "ApplicationReplaced", "timestamp": "", "application": listener.name}
            with suppress(ConnectionError):
                await before.socket.send_json(event)


async def _send_all(listener: _Listener) -> None:
    with suppress(ConnectionError):
        while True:
            event = await listener.waiting.get()
            told = event | {"asterisk_id": _ENTITY, "application": listener.name}
            await listener.socket.send_json(told)


def _show(listener: _Listener) -> Fields:
    topics = _EVERYTHING if listener.hears_all else dict.fromkeys(_EVERYTHING, list[str]())
    allowed = [{"type": one} for one in listener.allowed]
    return {"name": listener.name, **topics, "events_allowed": allowed, "events_disallowed": []}


def _answer(value: Any) -> web.Response:
    return web.Response(text=json.dumps(value), content_type="application/json")


def _refuse(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    text = json.dumps({"message": message})
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)


_REALM = 'Basic realm="Asterisk REST Interface"'
_REASONS = {
    403: "Write access denied",
    404: "Resource not found",
    422: "Channel not in Stasis application",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
