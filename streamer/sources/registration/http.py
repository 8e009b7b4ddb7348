"""`GET /register`: registering calls over HTTP.

This module and `rapida` alone import aiohttp, which adds 13 MB to a listener and 17 MB to a bare process: import them only where they are
asked for.

    GET /register?from=...&to=...&channel=...&label=...&via=...      200, text/plain, a new UUID and nothing else
    GET /v1/talk/asterisk/...                                        Rapida's paths, see `rapida`

The body has no line end, because the dialplan's CURL() puts it into a variable as it is. All parameters may be missing, so that
`${CURL(http://host:port/register)}` is all that a first call needs. `from` may also be `caller` or `callerid`; `to` may be
`extension` or `dnid`; `channel` may be `channel_id`; `via` is one of `WAYS`. (The names of Rapida's first phase.)

Every other answer is one short line that repeats nothing of the request, so it never looks like a UUID. Only GET registers.

A request must ask for this machine (see `hosts`), and no web page may send it. A key is shown once in a request, and a wrong one is answered after
a pause.

Each connection carries one request and is closed with its answer, or after `PATIENCE_S`, however slowly it speaks. There are at most
`MOST_CONNECTIONS`, so that no client can use up the descriptors that calls need, and `MOST_OF_ADDRESS` of one address; where there is no room,
the oldest of the same address goes, so that half requests keep nobody out. Nothing of a request is ever logged: its address may
hold the key.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from streamer.core.addresses import show_address
from streamer.core.reasons import find_cause
from streamer.errors import RegistryFullError, UnreachableError, UsageError
from streamer.sources.forwarded import HEADER as FORWARDED, NO_PROXIES, Proxies
from streamer.sources.registration import rapida
from streamer.sources.registration.hosts import is_of_a_page, is_own_host, name_share, own_names
from streamer.sources.registration.registry import Registry

PATH = "/register"

PATIENCE_S = 5.0
"""Seconds from a connection to its end."""

MOST_CONNECTIONS = 100
MOST_OF_ADDRESS = 50

WRONG_KEY_PAUSE_S = 1.0
"""Seconds that the answer to a wrong key takes."""

LONGEST_LINE = 4_096
"""Bytes of the request line, and of each header; four values of 200 characters, escaped, fit."""

_CALLER = ("from", "caller", "callerid")
_CALLED = ("to", "extension", "dnid")
_CHANNEL = ("channel", "channel_id")
_KEY_HEADER = "X-API-Key"
_KEY_PARAMETERS = ("x-api-key", "key")

_log = logging.getLogger(__name__)

_mute = logging.getLogger(f"{__name__}.http")
"""For aiohttp, which would log requests and what is wrong with them."""
_mute.setLevel(logging.CRITICAL + 1)


@asynccontextmanager
async def open_registration(
    registry: Registry,
    host: str,
    port: int,
    *,
    key: str | None = None,
    say: Callable[[str], None],
    make_key: Callable[[], str] | None = None,
    names: Sequence[str] = (),
    patience_s: float = PATIENCE_S,
    pause_s: float = WRONG_KEY_PAUSE_S,
    tls: ssl.SSLContext | None = None,
    proxies: Proxies = NO_PROXIES,
) -> AsyncIterator[str]:
    """Take registrations while the context lasts; yields HOST:PORT, with the port that the system chose for 0.

    `key` is what every request must show. If there is none and others than this machine can ask, `make_key` is asked for one, and without
    that `say` gets a warning. `names` are further ones by which this machine may be asked.

    Raises:
        UsageError: The key is empty.
        UnreachableError: The address cannot be listened on.
    """
    if key == "":
        raise UsageError(
            "the registration key is empty; set register_key to at least one character"
        )
    server = RequestServer(
        registry,
        key=key,
        names=own_names([host, *names]),
        patience_s=patience_s,
        pause_s=pause_s,
        proxies=proxies,
    )
    listener = await _listen(server, host, port, tls)
    try:
        addresses = [sock.getsockname()[:2] for sock in listener.sockets]
        shown = show_address(*addresses[0])
        server.ask_for_key([host for host, _ in addresses], shown, say=say, make_key=make_key)
        yield shown
    finally:
        listener.close()
        await server.end()


async def _listen(
    server: RequestServer, host: str, port: int, tls: ssl.SSLContext | None
) -> asyncio.Server:
    timeout_s = server.patience_s if tls else None
    try:
        return await asyncio.get_running_loop().create_server(
            server, host, port, ssl=tls, ssl_handshake_timeout=timeout_s
        )
    except (OSError, UnicodeError) as error:
        raise UnreachableError(
            f"cannot take registrations on {show_address(host, port)}: {_reason(error)};"
            " stop the program that listens there, or give --register another HOST:PORT"
        ) from error


def _reason(error: OSError | UnicodeError) -> str:
    return find_cause(error) if isinstance(error, OSError) else "that is no host name"


@dataclass(slots=True)
class _Rules:
    """What a request must fulfil."""

    key: str | None
    names: frozenset[str]
    pause_s: float
    proxies: Proxies


class RequestServer(web.Server):
    """Answers requests on connections that it is called for: what all of them share."""

    def __init__(
        self,
        registry: Registry,
        *,
        key: str | None,
        names: frozenset[str],
        patience_s: float = PATIENCE_S,
        pause_s: float = WRONG_KEY_PAUSE_S,
        proxies: Proxies = NO_PROXIES,
    ) -> None:
        self._rules = _Rules(key, names, pause_s, proxies)
        super().__init__(partial(_answer, registry=registry, rules=self._rules))
        self.patience_s = patience_s
        self.is_over = False
        self._open: dict[_Connection, None] = {}  # the oldest first

    def ask_for_key(
        self,
        hosts: Sequence[str],
        shown: str,
        *,
        say: Callable[[str], None],
        make_key: Callable[[], str] | None,
    ) -> None:
        """Ask for a key, unless it does already, if others than this machine can reach one of the addresses that it listens at."""
        if self._rules.key is not None or all(ipaddress.ip_address(h).is_loopback for h in hosts):
            return
        self._rules.key = make_key() if make_key else None
        if make_key is None:
            say(
                f"anybody who can reach {shown} can register calls; set register_key, or listen on 127.0.0.1"
            )

    def __call__(self) -> _Connection:
        """Return the protocol of one more connection."""
        return _Connection(self)

    async def end(self) -> None:
        """Close all connections; a request takes no time, so none is being answered."""
        self.is_over = True
        for connection in self.connections:
            connection.force_close()
        await self.shutdown(timeout=1.0)

    def welcome(self, connection: _Connection) -> bool:
        """Say whether one more client may speak, for which the oldest of its address may have to go."""
        of_address = [one for one in self._open if one.share == connection.share]
        is_full = len(self._open) >= MOST_CONNECTIONS
        if of_address and (is_full or len(of_address) >= MOST_OF_ADDRESS):
            self.depart(of_address[0])
            of_address[0].force_close()
            is_full = False
        if self.is_over or is_full:
            return False
        self._open[connection] = None
        return True

    def depart(self, connection: _Connection) -> None:
        """Take note that a client is gone; idempotent."""
        self._open.pop(connection, None)


class _Connection(web.RequestHandler):
    """One client, for a limited time."""

    def __init__(self, server: RequestServer) -> None:
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
        self.share = ""
        """Whose part of the room it takes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the client's time, or refuse it."""
        self.share = name_share(str((transport.get_extra_info("peername") or ("?",))[0]))
        if not self._server.welcome(self):
            transport.close()
            return
        self._end = self._loop.call_later(self._server.patience_s, self.force_close)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop its time."""
        if self._end is not None:
            self._end.cancel()
        self._server.depart(self)
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
            return _response(status, "this is not an HTTP request")
        _log.error("a registration failed: %s", type(exc).__name__)
        return _response(status, "the registration failed; the listener's log says why")


async def _answer(request: web.BaseRequest, *, registry: Registry, rules: _Rules) -> web.Response:
    if is_of_a_page(request.headers):
        return _response(403, "a web page cannot register calls")
    if not _asks_for_us(request, rules.names):
        return _response(403, "the Host is none of this machine's; name it in register_names")
    if rapida.has_path(request.path):
        return await _answer_rapida(request, registry, rules)
    if request.path != PATH:
        return _response(404, f"the path must be {PATH}")
    if request.method != "GET":
        return _response(405, "only GET registers a call", Allow="GET")
    if request.body_exists:
        return _response(
            400, "a registration must have no body; put the values into the query of the address"
        )
    if rules.key is not None and (refusal := await _check_key(request, rules.key, rules.pause_s)):
        return _response(401, refusal)
    return _register(request, registry, rules.proxies)


def _asks_for_us(request: web.BaseRequest, names: frozenset[str]) -> bool:
    hosts = request.headers.getall("Host", [])
    sockname = request.get_extra_info("sockname") or ("",)
    return len(hosts) == 1 and is_own_host(hosts[0], local=str(sockname[0]), names=names)


async def _check_key(request: web.BaseRequest, key: str, pause_s: float) -> str | None:
    """Return why a request has not shown the key, None if it has."""
    shown = _shown_keys(request)
    if len(shown) > 1:
        return "the key is shown more than once; send it once"
    if shown and hmac.compare_digest(_bytes(shown[0]), _bytes(key)):
        return None
    if shown:
        await asyncio.sleep(pause_s)
    return f"the key is missing or wrong; send it as {_KEY_HEADER}"


async def _answer_rapida(
    request: web.BaseRequest, registry: Registry, rules: _Rules
) -> web.Response:
    """Answer a request on one of Rapida's paths: its errors are JSON."""
    if not rapida.registers(request.path):
        status, text = await rapida.take_event(request, registry)
        return _response(status, text)
    if request.method != "GET":
        return _refuse(405, "only GET registers a call")
    if rules.key is not None and (refusal := await _check_key(request, rules.key, rules.pause_s)):
        return _refuse(401, refusal)
    if not _value(request, _CALLER):
        return _refuse(400, "the caller is missing; send it as from")
    return _register(request, registry, rules.proxies, refuse=_refuse)


def _register(
    request: web.BaseRequest,
    registry: Registry,
    proxies: Proxies,
    *,
    refuse: Callable[[int, str], web.Response] | None = None,
) -> web.Response:
    refuse = refuse or _response
    peername = request.get_extra_info("peername") or ("?",)
    forwarded = ", ".join(request.headers.getall(FORWARDED, []))
    client = proxies.find_client(str(peername[0]), forwarded)
    try:
        registration = registry.register(
            caller=_value(request, _CALLER),
            called=_value(request, _CALLED),
            channel=_value(request, _CHANNEL),
            label=_value(request, ("label",)),
            via=_value(request, ("via",)),
            address=name_share(client),
        )
    except UsageError as error:
        return refuse(400, str(error))
    except RegistryFullError as error:
        return refuse(503, str(error))
    return _response(200, str(registration.uuid))


def _refuse(status: int, text: str) -> web.Response:
    response = web.json_response(
        {"error": text}, status=status, headers={"Cache-Control": "no-store"}
    )
    response.force_close()
    return response


def _response(status: int, text: str, **headers: str) -> web.Response:
    response = web.Response(
        status=status, text=text, headers={"Cache-Control": "no-store", **headers}
    )
    response.force_close()
    return response


def _value(request: web.BaseRequest, names: Sequence[str]) -> str:
    """Return the first of a parameter's names that has a value."""
    return next((value for name in names if (value := request.query.get(name))), "")


def _shown_keys(request: web.BaseRequest) -> list[str]:
    shown = [*request.headers.getall(_KEY_HEADER, [])]
    for name in _KEY_PARAMETERS:
        shown += request.query.getall(name, [])
    return shown


def _bytes(text: str) -> bytes:
    """Return bytes of any text, also of what was no UTF-8 in the request."""
    return text.encode("utf-8", "backslashreplace")
