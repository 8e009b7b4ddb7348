"""A stand-in for Asterisk's module: its sub-protocol, on top of taps through ARI, which no client can harm.

A client of the module connects to `/ws` with the header `Channel-ID`, in any case, and gets what that channel's party says: frames of
16 kHz, and a close with 1000 at the end, or at once where there is no such channel. Here it may leave, stop reading and send pings.

    upgraded -> channel found -> tapped -> frames ... the channel ends, or the client leaves -> torn down
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import parse_qsl

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from streamer.ari.roster import is_party
from streamer.core.addresses import show_address
from streamer.errors import NotFoundError, StreamerError
from streamer.sources.ari.circle import TapOffer
from streamer.sources.ari.leg_tap import LegTap, Workshop
from streamer.sources.ari.listener import open_listener
from streamer.sources.base import InboundCall
from streamer.sources.inbound import ServerOptions
from streamer.sources.tcp import listen_tcp
from streamer.sources.websocket.access import Access, Verdict, read_credentials
from streamer.wire.ari.answers import Channel
from streamer.wire.ari.requests import MediaFormat, Spy
from streamer.wire.stream_channel import CHANNEL_HEADER, SUBPROTOCOL
from streamer.wire.websocket.base import Upgrade

MOST_WAITING = 128
"""Frames that wait for a client that does not read, as many as in the module; the oldest are lost."""

_MOST_SAID = 1 << 16
"""Bytes of a message of a client; whatever it says is passed over."""

_FAULT = 1011


class StreamChannelServer:
    """A port for clients of the module; it brings no calls, see `sources.base.Inbound`. `borrow` is given back by `give_back`."""

    def __init__(
        self,
        options: ServerOptions,
        *,
        borrow: Callable[[], TapOffer],
        give_back: Callable[[], None],
    ) -> None:
        self.address = ""
        self._options = options
        self._borrow, self._give_back = borrow, give_back
        self._access = Access(read_credentials(options.web.auth))
        self._clients: set[ServerConnection] = set()
        self._server: Server | None = None
        self._offer: TapOffer
        self._is_over = False
        self._ended = asyncio.Event()

    @property
    def live_calls(self) -> int:
        """How many clients hear a channel now."""
        return len(self._clients)

    async def listen(self, host: str, port: int) -> None:
        """Take clients from now on.

        Raises:
            UnreachableError: The address cannot be had.
        """
        sock = await listen_tcp(host, port)
        self._offer = self._borrow()
        self.address = show_address(*sock.getsockname()[:2])
        self._server = await serve(
            self._serve,
            sock=sock,
            ssl=self._options.web.tls,
            process_request=self._judge,
            select_subprotocol=_select,
            compression=None,
            ping_interval=None,  # clients of the module need not answer
            max_size=_MOST_SAID,
        )

    async def calls(self) -> AsyncIterator[InboundCall]:
        """Wait until nobody listens and every client has gone; yields nothing."""
        await self._ended.wait()
        self._give_back()
        for call in list[InboundCall]():
            yield call

    def stop_listening(self) -> None:
        """Take no more clients; those that are there hear their channels to the end. Idempotent."""
        if not self._is_over:
            self._is_over = True
            if self._server is not None:
                self._server.close(close_connections=False)
            self._end_when_empty()

    def give_up(self) -> None:
        """No client is held by the keeper."""

    def _judge(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse what the module refuses, and who shows no right; None lets a client in."""
        target, _, query = request.path.partition("?")
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        upgrade = Upgrade(target, dict(parse_qsl(query)), headers, target=request.path)
        verdict, upgrade = self._access.judge(upgrade)
        if verdict not in (Verdict.OPEN, Verdict.RIGHT):
            return connection.respond(
                HTTPStatus.UNAUTHORIZED, "show the right that auth asks for\n"
            )
        if upgrade.path.rstrip("/") != "/ws":
            return connection.respond(HTTPStatus.NOT_FOUND, "stream-channel is at /ws\n")
        offered = request.headers.get_all("Sec-WebSocket-Protocol")
        if SUBPROTOCOL not in (one.strip().lower() for o in offered for one in o.split(",")):
            versions = Headers({"Sec-WebSocket-Version": "7, 8, 13", "Content-Length": "0"})
            return Response(HTTPStatus.BAD_REQUEST, "Bad Request", versions, b"")
        if self._options.limiter.refuse_call(calls=self._options.count_calls()):
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "too many calls\n")
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        self._clients.add(connection)
        request = connection.request
        name = request.headers.get(CHANNEL_HEADER, "").strip() if request else ""
        try:
            if (channel := await self._find(name)) is not None:
                await self._play(connection, channel)
        except NotFoundError:
            pass  # gone meanwhile
        except StreamerError as error:
            self._options.say(f"a client of stream-channel gets no audio: {error}")
            await connection.close(_FAULT, "the channel cannot be tapped")
        finally:
            self._clients.discard(connection)
            self._end_when_empty()

    async def _find(self, name: str) -> Channel | None:
        """Return the channel of a name or an id, in any case."""
        wanted = name.casefold()
        channels, _ = await self._offer.circle.lists.read()
        named = (one for one in channels if wanted in (one.id.casefold(), one.name.casefold()))
        return next(filter(is_party, named), None)

    async def _play(self, connection: ServerConnection, channel: Channel) -> None:
        """Send what a channel's party says until it ends, or the client has gone."""
        offer = self._offer
        frames: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)

        def hear(frame: bytes) -> None:
            if frames.full():
                frames.get_nowait()
            frames.put_nowait(frame)

        async with open_listener(offer.ari.url) as listener:
            circle = offer.circle
            shop = Workshop(offer.ari, circle.application, circle.own, listener, offer.inventory)
            tap = LegTap(shop, channel, Spy.SAID, MediaFormat.SLIN16, hear)
            try:
                await tap.set_up()
                await _send_until(connection, frames, tap.lost)
            finally:
                await asyncio.shield(asyncio.ensure_future(tap.tear_down()))

    def _end_when_empty(self) -> None:
        if self._is_over and not self._clients:
            self._ended.set()


async def _send_until(
    connection: ServerConnection, frames: asyncio.Queue[bytes], lost: asyncio.Event
) -> None:
    """Send frames, and pass over what the client says, until it has gone or there are no more."""

    async def send() -> None:
        with suppress(ConnectionClosed):
            while True:
                await connection.send(await frames.get())

    async def read() -> None:
        with suppress(ConnectionClosed):
            async for _ in connection:
                pass

    tasks = [asyncio.create_task(send()), asyncio.create_task(read())]
    ending = asyncio.create_task(lost.wait())
    try:
        await asyncio.wait([*tasks, ending], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*tasks, ending):
            task.cancel()
        await asyncio.gather(*tasks, ending, return_exceptions=True)


def _select(_: ServerConnection, offered: object) -> Subprotocol | None:
    """Pick stream-channel, in whatever case and place it is offered."""
    names = offered if isinstance(offered, list | tuple) else ()
    return next((name for name in names if name.lower() == SUBPROTOCOL), None)
