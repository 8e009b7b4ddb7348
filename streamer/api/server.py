"""The web server of `serve --api`: connections, who may ask, and errors as JSON.

Each connection carries one request and is closed behind its answer. A request must be there within `PATIENCE_S`; where `MOST_WAITING`
connections have not sent theirs yet, the oldest of them goes. `MOST_STREAMS` clients may follow events at the same time.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from aiohttp import web

from streamer.api.access import Access, Shown
from streamer.api.answers import ROUTES, Api, Ask, follow_events
from streamer.api.names import check_names
from streamer.api.routes import ROOT, Route
from streamer.calls.placing import NoAriError, TooManyError
from streamer.core.addresses import show_address
from streamer.core.reasons import find_cause
from streamer.core.tokens import Scope
from streamer.errors import (
    NotFoundError,
    RecordingError,
    StoreError,
    StreamerError,
    UnreachableError,
    UsageError,
)
from streamer.sources.forwarded import HEADER as FORWARDED, NO_PROXIES, Proxies
from streamer.sources.registration.hosts import name_share

PATIENCE_S = 10.0
"""Seconds from a connection to its request."""

BODY_PATIENCE_S = 60.0
"""Seconds from a request to its answer, unless it follows events."""

MOST_WAITING = 100
MOST_STREAMS = 200
WRONG_TOKEN_PAUSE_S = 1.0

LONGEST_LINE = 8190
_PATTERNS = [(route.pattern, route) for route in ROUTES]

_STATUS: tuple[tuple[type[StreamerError], int], ...] = (
    (UsageError, 400),
    (NotFoundError, 404),
    (RecordingError, 409),
    (StoreError, 503),
    (UnreachableError, 502),
    (NoAriError, 501),
    (TooManyError, 503),
)

_log = logging.getLogger(__name__)

_mute = logging.getLogger(f"{__name__}.http")
"""For aiohttp, which would log requests and what is wrong with them."""
_mute.setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen; `is_local` if only this machine can ask there."""

    host: str
    port: int
    is_local: bool
    tls: ssl.SSLContext | None = None


@asynccontextmanager
async def open_server(
    api: Api,
    access: Access,
    place: Place,
    *,
    proxies: Proxies = NO_PROXIES,
    pause_s: float = WRONG_TOKEN_PAUSE_S,
    patience_s: float = PATIENCE_S,
) -> AsyncIterator[str]:
    """Answer while the block lasts; yields HOST:PORT, with the port that the system chose for 0.

    Raises:
        UnreachableError: The address cannot be listened on.
    """
    server = ApiServer(
        api,
        access,
        is_local=place.is_local,
        proxies=proxies,
        pause_s=pause_s,
        patience_s=patience_s,
    )
    listener = await _listen(server, place)
    try:
        yield show_address(*listener.sockets[0].getsockname()[:2])
    finally:
        listener.close()
        await server.end()


async def _listen(server: ApiServer, place: Place) -> asyncio.Server:
    timeout_s = PATIENCE_S if place.tls else None
    try:
        return await asyncio.get_running_loop().create_server(
            server, place.host, place.port, ssl=place.tls, ssl_handshake_timeout=timeout_s
        )
    except (OSError, UnicodeError) as error:
        why = find_cause(error) if isinstance(error, OSError) else "that is no host name"
        raise UnreachableError(
            f"cannot answer the API on {show_address(place.host, place.port)}: {why};"
            " stop the program that listens there, or give --api another HOST:PORT"
        ) from error


class ApiServer(web.Server):
    """Answers requests on connections that it is called for."""

    def __init__(
        self,
        api: Api,
        access: Access,
        *,
        is_local: bool,
        proxies: Proxies,
        pause_s: float,
        patience_s: float,
    ) -> None:
        super().__init__(self._take)
        self.patience_s = patience_s
        self._api = api
        self._is_local = is_local
        self._access = access
        self._proxies = proxies
        self._pause_s = pause_s
        self._waiting: dict[_Connection, None] = {}  # the oldest first
        self._streams = 0

    def __call__(self) -> _Connection:
        """Return the protocol of one more connection."""
        return _Connection(self)

    def expect(self, connection: _Connection) -> None:
        """Take note of a connection that has sent no request yet; where there are too many, the oldest goes."""
        if len(self._waiting) >= MOST_WAITING:
            oldest = next(iter(self._waiting))
            self.pass_on(oldest)
            oldest.force_close()
        self._waiting[connection] = None

    def pass_on(self, connection: _Connection) -> None:
        """Take note that a connection has sent its request, or is gone; idempotent."""
        self._waiting.pop(connection, None)

    async def end(self) -> None:
        """Close all connections."""
        for connection in self.connections:
            connection.force_close()
        await self.shutdown(timeout=1.0)

    async def _take(self, request: web.BaseRequest) -> web.StreamResponse:
        if isinstance(request.protocol, _Connection):
            request.protocol.begin()
        route, parts = _find_route(request)
        if refusal := await self._find_refusal(request, route):
            return refusal
        if route is None:
            return _refuse(404, f"there is no such path; {ROOT}/openapi.json lists them")
        ask = Ask(request, self._api, parts)
        if route.answer is follow_events:
            with self._streaming() as is_room:
                if not is_room:
                    return _refuse(503, f"{MOST_STREAMS} clients follow events already")
                return await _answer(ask, route)
        try:
            async with asyncio.timeout(BODY_PATIENCE_S):
                return await _answer(ask, route)
        except TimeoutError:
            return _refuse(408, f"this took more than {BODY_PATIENCE_S:g} s")

    async def _find_refusal(
        self, request: web.BaseRequest, route: Route | None
    ) -> web.Response | None:
        """Return the answer to a request that may not be made; of a path that is not there, whoever may read learns that."""
        if route is not None and route.is_public:
            return None
        scope = route.scope if route is not None else Scope.READ
        is_open = self._is_local and route is not None and route.is_open_here
        refusal = self._access.judge(_show(request), scope, is_open=is_open)
        if refusal is None:
            return None
        if refusal.is_guess and not await self._guess(request):
            return _refuse(429, "too many wrong tokens at once")
        return _refuse(refusal.status, refusal.why)

    @contextmanager
    def _streaming(self) -> Iterator[bool]:
        self._streams += 1
        try:
            yield self._streams <= MOST_STREAMS
        finally:
            self._streams -= 1

    async def _guess(self, request: web.BaseRequest) -> bool:
        """Let a wrong token wait for its answer; say whether it may be answered, or there are too many."""
        peername = request.get_extra_info("peername") or ("?",)
        forwarded = ", ".join(request.headers.getall(FORWARDED, []))
        client = self._proxies.find_client(str(peername[0]), forwarded)
        with self._access.guessing(name_share(client)) as may_wait:
            if may_wait:
                await asyncio.sleep(self._pause_s)
            return may_wait


class _Connection(web.RequestHandler):
    """One client, with one request."""

    def __init__(self, server: ApiServer) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            logger=_mute,
            access_log=_mute,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
            lingering_time=0,
        )
        self._server = server
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the client's time."""
        self._end = self._loop.call_later(self._server.patience_s, self.force_close)
        super().connection_made(transport)
        self._server.expect(self)

    def begin(self) -> None:
        """Take note that its request is there."""
        if self._end is not None:
            self._end.cancel()
        self._server.pass_on(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop its time."""
        self.begin()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP, and what went wrong here, without the details that aiohttp would repeat."""
        if status < 500:
            return _refuse(status, "this is not an HTTP request")
        _log.error("a request failed: %s", type(exc).__name__)
        return _refuse(500, "the request failed by a fault of streamer's")


def _find_route(request: web.BaseRequest) -> tuple[Route | None, dict[str, str]]:
    """Return the route of a request; of a path that is only asked in another way, that one."""
    other: Route | None = None
    for pattern, route in _PATTERNS:
        if found := pattern.fullmatch(request.path):
            if request.method in (route.method, "HEAD" if route.method == "GET" else ""):
                return route, found.groupdict()
            other = route
    return other, {}


def _show(request: web.BaseRequest) -> Shown:
    sockname = request.get_extra_info("sockname") or ("",)
    return Shown(
        request.headers,
        request.headers.getall("Host", []),
        request.headers.getall("Authorization", []),
        str(sockname[0]),
    )


async def _answer(ask: Ask, route: Route) -> web.StreamResponse:
    """Answer what may be asked; every error is JSON."""
    if ask.request.method not in (route.method, "HEAD"):
        return _refuse_method(ask.request.path)
    try:
        if not route.is_public:  # a probe may add what it likes
            known = [each.name for each in route.parameters]
            given = [name for name, _ in ask.request.query.items()]
            check_names(given, known, what="parameter of this path")
        response = await route.answer(ask)
    except StreamerError as error:
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
        return _refuse(status, str(error))
    if not response.prepared:
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.force_close()
    return response


def _refuse_method(path: str) -> web.Response:
    methods = [route.method for pattern, route in _PATTERNS if pattern.fullmatch(path)]
    refusal = _refuse(405, f"ask this with {' or '.join(methods)}")
    refusal.headers["Allow"] = ", ".join(methods)
    return refusal


def _refuse(status: int, why: str) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    response = web.json_response({"error": why}, status=status, headers=headers)
    response.force_close()
    return response
