"""What all servers of inbound calls have in common: taking connections, room for newcomers, and an end once all is over."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Generic, Protocol, TypeVar

from streamer.core.addresses import show_address
from streamer.sources.accepting import Acceptor
from streamer.sources.arrival import LoopWatch
from streamer.sources.inbound import ServerOptions
from streamer.sources.tcp import listen_tcp

_NO_FILES = "this process may open no more files; raise LimitNOFILE, or ulimit -n"


class Peer(Protocol):
    """A connection, as its server sees it; it is an `asyncio.BaseProtocol`."""

    host: str

    @property
    def is_stranger(self) -> bool:
        """Whether it is no call, never was one, and may be sent away for another."""

    def make_room(self, why: str) -> None:
        """Send a stranger away at once."""

    def dismiss(self) -> None:
        """Close a connection on which nothing has come yet."""


G = TypeVar("G", bound=Peer)
C = TypeVar("C")


class InboundServer(Generic[G, C]):
    """A server that yields inbound calls; `connections` are all that are open, the oldest first, `crowded` is said to one that has to go."""

    def __init__(self, options: ServerOptions, *, read_size: int, crowded: str) -> None:
        self.connections: dict[G, None] = {}
        self.address = ""
        self.buffer = memoryview(bytearray(read_size))
        self.watch = LoopWatch(options.frame_clock, options.clock)
        self._is_over = False
        self._options = options
        self._crowded = crowded
        self._announced: asyncio.Queue[C | None] = asyncio.Queue()  # as many as the limiter lets in
        self._acceptor: Acceptor | None = None

    async def listen(self, host: str, port: int) -> None:
        """Take calls from now on.

        Raises:
            UnreachableError: The address cannot be had.
        """
        self._accept(await listen_tcp(host, port))

    def stop_listening(self) -> None:
        """Take no more calls; those that are there go on. Idempotent."""
        if self._acceptor is not None and not self._is_over:
            self._is_over = True
            self._acceptor.close()
            for connection in list(self.connections):
                connection.dismiss()
            self._end_when_empty()

    async def calls(self) -> AsyncIterator[C]:
        """Yield calls as they come, until listening has ended and every connection is closed."""
        while (call := await self._announced.get()) is not None:
            yield call

    def welcome(self, connection: G) -> None:
        """Take note that a connection is open; if there are too many strangers, one of them goes."""
        strangers = [other for other in self.connections if other.is_stranger]
        self.connections[connection] = None
        hosts = [stranger.host for stranger in strangers]
        leaving = self._options.limiter.choose_to_go(hosts, newcomer=connection.host)
        if leaving is not None:
            strangers[leaving].make_room(self._crowded)
        if self._is_over:
            asyncio.get_running_loop().call_soon(connection.dismiss)

    def depart(self, connection: G) -> None:
        """Forget a connection that is closed."""
        self.connections.pop(connection, None)
        if self._acceptor is not None:
            self._acceptor.refill()
        self._end_when_empty()

    def announce(self, call: C) -> None:
        """Hand a call to the iterator of `calls`."""
        self._announced.put_nowait(call)

    def _receive(self, has_spare: bool) -> asyncio.BaseProtocol:
        """Return what serves a connection, for which there may have been only a spare descriptor."""
        raise NotImplementedError

    def _accept(self, sock: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        self._acceptor = Acceptor(
            sock,
            self._receive,
            make_room=self._make_room,
            on_settled=self._end_when_empty,
            tls=tls,
            on_failed=self._say_no_tls,
        )
        self.address = show_address(*sock.getsockname()[:2])

    def _say_no_tls(self, host: str, why: str) -> None:
        if self._options.limiter.count_refusal(host, why):
            self._options.say(f"no call from {host}: {why}")

    def _make_room(self) -> bool:
        """Send the oldest stranger away, if there is one."""
        oldest = next((one for one in self.connections if one.is_stranger), None)
        if oldest is not None:
            oldest.make_room(_NO_FILES)
        return oldest is not None

    def _end_when_empty(self) -> None:
        is_taking = self._acceptor is not None and self._acceptor.is_busy
        if self._is_over and not self.connections and not is_taking:
            self._announced.put_nowait(None)
