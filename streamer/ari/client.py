"""Asks ARI, and hears its events. This module alone imports aiohttp here: import it where ARI is asked for.

No request is ever sent again by itself, see `streamer.wire.ari.requests`. Neither a password nor a request is logged.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from streamer.ari.access import Access
from streamer.core.reasons import explain
from streamer.core.trust import judge_certificate
from streamer.errors import UnreachableError
from streamer.wire.ari.answers import MOST_ANSWER, parse_document, read_reason
from streamer.wire.ari.events import Message, parse_event
from streamer.wire.ari.requests import Request

MOST_AT_ONCE = 8
"""Connections: Asterisk's HTTP server has 100 sessions for all its clients."""

_MOST_MESSAGE = 1 << 20
_OK = range(200, 300)
_CA = "--ca FILE (ca in the config file)"
_LISTENS = "`http show status` in Asterisk says where it listens"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered: the status of HTTP, JSON, and headers by their names in small letters."""

    status: int
    document: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """Whether it was done."""
        return self.status in _OK


class MediaSocket:
    """A medium that we have connected to; what it says, audio and text, comes by iteration."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        """Yield messages until its channel has ended."""
        async for message in self._socket:
            if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                yield message.data

    async def send(self, frame: bytes) -> None:
        """Let the other side hear a frame in the format of the medium; one that has gone hears nothing."""
        with suppress(aiohttp.ClientError, OSError):
            await self._socket.send_bytes(frame)


class Ari:
    """One PBX; see `open_ari`."""

    def __init__(
        self, access: Access, session: aiohttp.ClientSession, sockets: aiohttp.ClientSession
    ) -> None:
        self._access = access
        self._session = session
        self._sockets = sockets

    @property
    def url(self) -> str:
        """The address that is asked, without secrets."""
        return self._access.url

    async def ask(self, request: Request) -> Answer:
        """Send a request and return the answer, whatever its status, unless it says that we may not ask.

        Raises:
            UnreachableError: There is no answer, it is not one of ARI, or user and password are wrong.
        """
        try:
            async with self._session.request(
                request.method,
                URL(self._access.url + request.target, encoded=True),
                data=request.content,
                headers={"Content-Type": "application/json"} if request.content else None,
                ssl=self._access.tls or True,
                allow_redirects=False,
            ) as response:
                text = await _read(response)
                self._check(response.status)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, parse_document(text), headers)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._explain(error) from error

    async def ask_for_list(self, request: Request) -> list[Any]:
        """Send a request that has to be answered with a list, and return that.

        Raises:
            UnreachableError: As `ask`, or it is refused.
        """
        answer = await self.ask(request)
        if not answer.is_ok:
            reason = read_reason(answer.document)
            raise UnreachableError(
                f"{self._access.url} answered HTTP {answer.status}"
                f"{f' ({reason})' if reason else ''}: {_advise(answer.status)}"
            )
        if not isinstance(answer.document, list):
            raise UnreachableError(
                f"{self._access.url} answers, but not as ARI does; check host, port and path of ari_url"
            )
        listed: list[Any] = answer.document
        return listed

    @asynccontextmanager
    async def open_events(
        self, application: str, *, hears_all: bool = True
    ) -> AsyncIterator[AsyncIterator[Message]]:
        """Be an application that hears of every channel, or only of what it subscribes to; the events end with the socket. Read them fast.

        Raises:
            UnreachableError: The socket cannot be opened.
        """
        query = {"app": application} | ({"subscribeAll": "true"} if hears_all else {})
        address = URL(self._access.url + "/events").with_query(query)
        try:
            socket = await self._sockets.ws_connect(
                address, ssl=self._access.tls or True, max_msg_size=_MOST_MESSAGE
            )
        except aiohttp.WSServerHandshakeError as error:
            self._check(error.status)
            raise UnreachableError(
                f"{self._access.url}/events answered HTTP {error.status}: {_advise(error.status)}"
            ) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._explain(error) from error
        try:
            yield _list_messages(socket)
        finally:
            await socket.close()

    @asynccontextmanager
    async def open_media(self, media_id: str) -> AsyncIterator[MediaSocket]:
        """Connect to a medium that waits for us; what it says ends with its channel, and leaving the block hangs it up.

        Raises:
            UnreachableError: It does not wait there.
        """
        address = URL(
            f"{self._access.url.removesuffix('/ari')}/media/{quote(media_id, safe='')}",
            encoded=True,
        )
        try:
            socket = await self._sockets.ws_connect(
                address,
                ssl=self._access.tls or True,
                protocols=("media",),
                max_msg_size=_MOST_MESSAGE,
            )
        except aiohttp.WSServerHandshakeError as error:
            raise UnreachableError(
                f"{self._access.url} answered HTTP {error.status} where a channel of chan_websocket was to wait"
            ) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._explain(error) from error
        try:
            yield MediaSocket(socket)
        finally:
            await socket.close()

    def _check(self, status: int) -> None:
        if status == 401:
            raise UnreachableError(
                f"{self._access.url} does not let the user {self._access.user} in (HTTP 401):"
                " check ari_user and ari_password against ari.conf; `ari show users` lists its users"
            )

    def _explain(self, error: BaseException) -> UnreachableError:
        return UnreachableError(_explain(self._access.url, error))


@asynccontextmanager
async def open_ari(access: Access) -> AsyncIterator[Ari]:
    """Open a client of ARI; nothing is asked yet."""
    timeout = aiohttp.ClientTimeout(
        total=2 * access.open_timeout_s, sock_connect=access.open_timeout_s
    )
    # Of their own, since a socket that stays would take a request's place.
    async with (
        _open_session(access, timeout, MOST_AT_ONCE) as session,
        _open_session(access, timeout, 0) as sockets,
    ):
        yield Ari(access, session, sockets)


def _open_session(
    access: Access, timeout: aiohttp.ClientTimeout, most: int
) -> aiohttp.ClientSession:
    token = base64.b64encode(f"{access.user}:{access.password}".encode(errors="replace")).decode()
    return aiohttp.ClientSession(
        headers={"Authorization": f"Basic {token}"},
        connector=aiohttp.TCPConnector(limit=most),
        timeout=timeout,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


async def _read(response: aiohttp.ClientResponse) -> str:
    """Return the body, at most as much of it as an answer may have."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MOST_ANSWER:
            break
    return body.decode("utf-8", "replace")


async def _list_messages(
    socket: aiohttp.ClientWebSocketResponse,
) -> AsyncIterator[Message]:
    async for message in socket:
        if message.type is aiohttp.WSMsgType.TEXT:
            yield parse_event(message.data)


def _advise(status: int) -> str:
    if status == 404:
        return (
            "no ARI is there; check the path of ari_url, and `module show like res_ari` in Asterisk"
        )
    if status == 403:
        return "this user may only read; set read_only = no in ari.conf"
    if 300 <= status < 400:
        return "it redirects, which streamer does not follow; use that address as ari_url"
    return "see Asterisk's log, and host, port and path of ari_url"


def _explain(url: str, error: BaseException) -> str:
    """Say why there was no answer, in our words."""
    match error:
        case aiohttp.ClientConnectorCertificateError(
            certificate_error=ssl.SSLCertVerificationError() as cause
        ):
            what = judge_certificate(cause, where="ari_url", how=_CA)
            return f"the certificate of {url} {what}, or accept any with --insecure"
        case aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            return (
                f"TLS with {url} failed; if Asterisk speaks plain HTTP there, write http:// instead of https:// in ari_url;"
                " if it speaks TLS, it wants another version of it, or a certificate of ours"
            )
        case aiohttp.ServerDisconnectedError():
            tls = "" if url.startswith("https:") else ", or this port expects TLS (https://)"
            why = (
                "it closed the connection without an HTTP answer; its session limit is reached"
                f" (sessionlimit in http.conf, 100 unless set){tls}"
            )
        case aiohttp.ClientConnectorError():
            why = explain(error.os_error)
        case OSError():
            why = explain(error)
        case _:
            why = "it does not speak HTTP as ARI does"
    return f"{url} cannot be reached: {why}; {_LISTENS}"
