"""Answers ARI's requests about a simulated PBX, and sends its events and audio; whoever asks must show the user and the password.

`Faults` makes it fail as a PBX, or what is in front of one, can. What would crash a real Asterisk is kept in `crashes`: all is gone then.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from streamer.simulator.ari import externals, originations
from streamer.simulator.ari.applications import Application, Applications
from streamer.simulator.ari.faults import Faults, RefusalError
from streamer.simulator.ari.media import (
    AudioSocketLine,
    Media,
    WebSocketLine,
    check_offer,
    tell_start,
)
from streamer.simulator.ari.originations import Switchboard, Wanted
from streamer.simulator.ari.pbx import Fields, SimulatedPbx, copy_fields
from streamer.simulator.ari.routes import list_routes
from streamer.simulator.ari.snoops import enter_application, hang_up

USER, PASSWORD = "streamer", "simulated"
_LOOK_S = 0.05

_BUSY_AFTER_S = 0.1
"""Seconds until a telephone says that it is busy."""


class SimulatedAri:
    """The server; `pbx` is what it speaks of, `faults` what goes wrong, `requests` what was asked; audio runs at `speed`."""

    def __init__(self, *, user: str = USER, password: str = PASSWORD, speed: float = 1.0) -> None:
        self.pbx = SimulatedPbx(lambda: datetime.now(UTC), self._send)
        self.faults = Faults()
        self.requests: list[tuple[str, str]] = []
        self.crashes: list[str] = []
        self.listeners = Applications(self.faults)
        self.pbx.on_added.append(self.listeners.note_addition)
        self.has_events = self.listeners.has_any
        self.media = Media(self.pbx, self.faults, self.pbx.end, speed)
        self.board = Switchboard()
        self._speed = speed
        self._credential = f"{user}:{password}".encode()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def applications(self) -> list[str]:
        """The names of those that hear of something now."""
        return list(self.listeners.listening)

    @asynccontextmanager
    async def open(self, host: str, port: int) -> AsyncIterator[int]:
        """Listen, and yield the port.

        Raises:
            OSError: The address cannot be listened on.
        """
        app = web.Application(middlewares=[self._guard])
        app.add_routes(list_routes(self))
        app.add_routes(
            [
                web.get("/ari/events", self._serve_events),
                web.get("/media/{id}", self._serve_media),
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._start(self.media.pace())
        self._start(self._drop_often())
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            yield int(runner.addresses[0][1])
        finally:
            for task in self._tasks:
                task.cancel()
            await self.media.close()
            await self.drop_events()
            await runner.cleanup()

    async def drop_events(self, *, is_abrupt: bool = False) -> None:
        """Close every events socket, or break it off without a word; the applications are gone at once."""
        await self.listeners.drop(is_abrupt=is_abrupt)

    def list_left(self, prefix: str) -> list[str]:
        """Return what is there whose id, application or source begins so: nothing, after whoever made it has cleaned up."""
        left = [f"channel {id}" for id in self.pbx.channels if id.startswith(prefix)]
        left += [f"bridge {id}" for id in self.pbx.bridges if id.startswith(prefix)]
        left += [
            f"channel {id} of {inside.application}"
            for id, inside in self.pbx.inside.items()
            if inside.application.startswith(prefix) and not id.startswith(prefix)
        ]
        kept = [one.name for one in self.listeners.list_all() if one.name.startswith(prefix)]
        return left + [f"application {one}" for one in kept]

    def enter_soon(
        self, channel: Fields, application: str, arguments: str, *, is_told: bool = False
    ) -> None:
        """Let a channel enter an application, at once if nothing is wrong; one whose application is not there ends."""
        if self.faults.late_start_s is None:
            self._enter(channel, application, arguments, is_told)
            return
        self._start(self._enter_late(channel, application, arguments, is_told))

    def end_soon(self, channel: Fields) -> None:
        """End a channel because an application asks for it, at once if nothing is wrong."""
        if not self.faults.late_end_s:
            hang_up(self.pbx, channel)
            return
        self._start(self._end_late(channel))

    async def _end_late(self, channel: Fields) -> None:
        await asyncio.sleep(self.faults.late_end_s)
        if self.pbx.channels.get(channel["id"]) is channel:
            hang_up(self.pbx, channel)

    def originate(self, wanted: Wanted) -> Fields:
        """Let a telephone ring, and return its channel as the answer shows it."""
        channel = originations.dial_out(self.pbx, wanted)
        shown: Fields = copy_fields(channel)
        self._start(self._follow(channel, wanted))
        return shown

    async def _follow(self, channel: Fields, wanted: Wanted) -> None:
        """Let the telephone do what it does."""
        telephone = self.board.find(wanted.endpoint) or self.board.others
        originations.ring(self.pbx, channel, wanted)
        answers_at = telephone.answers_after_s
        is_lost = telephone.is_busy or answers_at is None or answers_at > wanted.timeout_s
        rings_s = wanted.timeout_s if answers_at is None or is_lost else answers_at
        await self._wait(_BUSY_AFTER_S if telephone.is_busy else rings_s)
        if channel["id"] not in self.pbx.channels:
            return
        if is_lost:
            originations.give_up(self.pbx, channel, is_busy=telephone.is_busy)
            return
        originations.answer(self.pbx, channel, wanted, telephone.voice)
        if telephone.hangs_up_after_s is not None:
            await self._wait(telephone.hangs_up_after_s)
            if channel["id"] in self.pbx.channels:
                originations.hang_up_there(self.pbx, channel)

    async def _drop_often(self) -> None:
        """Break the events off as often as the faults say."""
        since = 0.0
        while True:
            await asyncio.sleep(_LOOK_S)
            since += _LOOK_S
            every = self.faults.drops_events_every_s
            if every is not None and since >= every:
                since = 0.0
                await self.drop_events(is_abrupt=True)

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)

    def _start(self, doing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def make_medium(self, query: Mapping[str, str]) -> Fields:
        """Make external media, and return its channel as the answer shows it."""
        asked = externals.read_medium(self.pbx, query, self.faults)
        line = await self.media.connect(asked) if asked.transport == "audiosocket" else None
        channel = externals.make_medium(self.pbx, asked)
        shown: Fields = copy_fields(externals.show_medium(self.pbx, channel))
        if line is None:
            self.media.offer(channel, asked)
        else:
            self._begin(channel, asked, line)
        return shown

    def _begin(self, channel: Fields, asked: externals.Asked, line: AudioSocketLine) -> None:
        externals.answer_medium(self.pbx, channel, asked)
        self.media.take(channel, asked, line)
        line.begin(lambda: self.media.lose(channel))
        if channel["id"] in self.pbx.channels:
            self.enter_soon(channel, asked.application, asked.data)

    async def _enter_late(
        self, channel: Fields, application: str, arguments: str, is_told: bool
    ) -> None:
        await asyncio.sleep(self.faults.late_start_s or 0.0)
        self._enter(channel, application, arguments, is_told)

    def _enter(self, channel: Fields, application: str, arguments: str, is_told: bool) -> None:
        if channel["id"] not in self.pbx.channels:
            return
        is_there = application in self.listeners.listening
        if is_there:
            enter_application(self.pbx, channel, application, arguments, is_told=is_told)
        if not is_there or (self.faults.ends_media and self.pbx.inside[channel["id"]].is_medium):
            self.pbx.end(channel)

    def _send(self, event: Fields) -> None:
        self.listeners.route(self.pbx, event)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        path = request.path.removeprefix("/ari")
        self.requests.append((request.method, path))
        await asyncio.sleep(self.faults.delay_s)
        is_medium = request.path.startswith("/media/")
        if not is_medium and not self._is_known(request):
            return _refuse(401, "Authentication required", {"WWW-Authenticate": _REALM})
        if status := self._find_fault(request.method, path):
            return _refuse(status, _REASONS.get(status, "Internal Server Error"))
        try:
            answer = await self._do(request, path, handler)
        except RefusalError as refusal:
            return web.Response(
                status=refusal.status, text=refusal.body, content_type="application/json"
            )
        except externals.CrashError as crash:
            return await self._crash(request, str(crash))
        except web.HTTPNotFound:
            return _refuse(404, "Resource not found")
        except web.HTTPMethodNotAllowed:
            return _refuse(405, "Invalid method")
        return answer

    async def _do(self, request: web.Request, path: str, handler: Any) -> web.StreamResponse:
        if self.faults.before is not None:
            await self.faults.before(request.method, path)
        answer: web.StreamResponse = await handler(request)
        if self.faults.after is not None:
            await self.faults.after(request.method, path)
        return answer

    def _find_fault(self, method: str, path: str) -> int:
        if self.faults.is_read_only and method != "GET":
            return 403
        if not self.faults.has_module("res_stasis_snoop.so") and path.startswith("/channels"):
            return 404
        if self.faults.methods and method not in self.faults.methods:
            return 0
        found = (code for start, code in self.faults.statuses.items() if path.startswith(start))
        return next(found, 0)

    async def _crash(self, request: web.Request, reason: str) -> web.StreamResponse:
        """Be gone, as Asterisk would be: calls, channels and connections; what starts it again has it empty."""
        self.crashes.append(reason)
        await self.drop_events()
        for channel in list(self.pbx.channels.values()):
            self.pbx.end(channel)
        for bridge in list(self.pbx.bridges.values()):
            self.pbx.end_bridge(bridge)
        if request.transport is not None:
            request.transport.abort()
        raise asyncio.CancelledError

    def _is_known(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        shown = request.query.get("api_key", "").encode()
        if scheme.lower() == "basic":
            with suppress(ValueError):
                shown = base64.b64decode(token)
        return hmac.compare_digest(shown, self._credential)

    async def _serve_events(self, request: web.Request) -> web.StreamResponse:
        name = request.query.get("app", "")
        if not name:
            return _refuse(400, "Missing parameter 'app'")
        if self.faults.has_no_events:
            return _refuse(503, _REASONS[503])
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        hears_all = request.query.get("subscribeAll", "").lower() == "true"
        application = Application(name, socket, hears_all, request.transport)
        await self.listeners.take(application)
        self.listeners.sweep(self.pbx)
        sending = asyncio.create_task(application.send_all())
        try:
            async for _ in socket:
                pass
        finally:
            sending.cancel()
            self.listeners.forget(application)
            self.listeners.sweep(self.pbx)
        return socket

    async def _serve_media(self, request: web.Request) -> web.StreamResponse:
        offer = check_offer(self.media, request)
        offer.is_taken = True
        if offer.timer:
            offer.timer.cancel()
        channel, asked = offer.channel, offer.asked
        socket = web.WebSocketResponse(protocols=["media"])
        await socket.prepare(request)
        line = WebSocketLine(socket, request.transport)
        self.media.take(channel, asked, line)
        await socket.send_str(tell_start(channel, asked))
        if channel["id"] in self.pbx.channels:
            externals.answer_medium(self.pbx, channel, asked)
            self.enter_soon(channel, asked.application, "")
        sending = asyncio.create_task(line.send_all())
        try:
            await line.read_to_end()
        finally:
            self.media.lose(channel)
            with suppress(asyncio.CancelledError):
                await sending
        return socket


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
