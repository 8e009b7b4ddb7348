"""A server for media over WebSockets: calls come as connections, see `connection`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

from streamer.core.addresses import show_address
from streamer.sources.accepting import Acceptor
from streamer.sources.arrival import LoopWatch
from streamer.sources.inbound import Admitted, ServerOptions
from streamer.sources.registration.hosts import own_names
from streamer.sources.registration.http import RequestServer
from streamer.sources.registration.registry import find_uuid
from streamer.sources.tcp import listen_tcp
from streamer.sources.websocket.access import Access, read_credentials
from streamer.sources.websocket.base import Choose
from streamer.sources.websocket.call import WebSocketCall
from streamer.sources.websocket.caller import Caller
from streamer.sources.websocket.connection import READ_SIZE, Connection
from streamer.wire.websocket import yeastar
from streamer.wire.websocket.choice import choose

_SHARED = frozenset({yeastar.SOURCE})
"""Protocols in which any number of connections bring the legs of one call."""

_CROWDED = "it has not begun a call, and newer connections need its place"


class WebSocketServer:
    """A server that yields inbound calls; `connections` are all that are open, callers or not, but for those that speak HTTP."""

    def __init__(self, options: ServerOptions, *, choose: Choose = choose) -> None:
        self.connections: dict[Connection, None] = {}
        self.address = ""
        self.buffer = memoryview(bytearray(READ_SIZE))
        self.watch = LoopWatch(options.frame_clock, options.clock)
        self.requests: RequestServer | None = None
        self.access = Access(
            read_credentials(options.web.auth, options.web.yeastar_auth),
            public_url=options.web.public_url,
        )
        self.names: frozenset[str] = frozenset()
        self.choose = choose
        self._shared: dict[tuple[str, str], Caller] = {}  # as many as live calls
        self._is_over = False
        self._options = options
        self._announced: asyncio.Queue[WebSocketCall | None] = (
            asyncio.Queue()
        )  # as many as the limiter lets in
        self._acceptor: Acceptor | None = None
        self._ending: asyncio.Task[None] | None = None

    async def listen(self, host: str, port: int) -> None:
        """Take calls from now on.

        Raises:
            UnreachableError: The address cannot be had.
        """
        sock = await listen_tcp(host, port)
        self._acceptor = Acceptor(
            sock,
            lambda has_spare: Connection(self._options, self, has_spare=has_spare),
            make_room=self._make_room,
            on_settled=self._end_when_empty,
            tls=self._options.web.tls,
            on_failed=self._say_no_tls,
        )
        own, own_port = sock.getsockname()[:2]
        self.address = show_address(own, own_port)
        self.names = own_names([host, *self._options.web.names])
        if self._options.web.open_requests is not None:
            self.requests = self._options.web.open_requests(host, own, own_port)

    @property
    def live_calls(self) -> int:
        """How many calls are connected now, announced or not."""
        return len({id(one.caller) for one in self.connections if one.is_caller})

    def stop_listening(self) -> None:
        """Take no more calls; those that are there go on. Idempotent."""
        if self._acceptor is not None and not self._is_over:
            self._is_over = True
            self._acceptor.close()
            for connection in list(self.connections):
                connection.dismiss()
            if self.requests is not None:
                self._ending = asyncio.ensure_future(self.requests.end())
            self._end_when_empty()

    async def calls(self) -> AsyncIterator[WebSocketCall]:
        """Yield calls as they come, until listening has ended and every connection is closed."""
        while (call := await self._announced.get()) is not None:
            yield call
        if self._ending is not None:
            await self._ending

    def welcome(self, connection: Connection) -> None:
        """Take note that a connection is open; if there are too many strangers, one of them goes."""
        strangers = [other for other in self.connections if other.is_stranger]
        self.connections[connection] = None
        hosts = [stranger.host for stranger in strangers]
        leaving = self._options.limiter.choose_to_go(hosts, newcomer=connection.host)
        if leaving is not None:
            strangers[leaving].make_room(_CROWDED)
        if self._is_over:
            asyncio.get_running_loop().call_soon(connection.dismiss)

    def depart(self, connection: Connection) -> None:
        """Forget a connection that is closed, or no WebSocket's."""
        self.connections.pop(connection, None)
        self._shared = {key: caller for key, caller in self._shared.items() if not caller.is_over}
        if self._acceptor is not None:
            self._acceptor.refill()
        self._end_when_empty()

    def admit(self, name: str, *, is_trusted: bool) -> Admitted | str:
        """Return the call of an id, or why it is refused."""
        if self._options.admit_name is not None:
            return self._options.admit_name(name, is_trusted=is_trusted)
        return self._options.admit(find_uuid(name) or uuid4())

    def expects(self, name: str) -> bool:
        """Say whether a call with this id is registered."""
        uuid, is_expected = find_uuid(name), self._options.is_expected
        return uuid is not None and is_expected is not None and is_expected(uuid)

    def find_shared(self, key: tuple[str, str]) -> Caller | None:
        """Return the live call of a protocol's name, if further connections may join it."""
        shared = self._shared.get(key)
        return shared if shared is not None and not shared.is_over else None

    def share(self, key: tuple[str, str], caller: Caller) -> None:
        """Let further connections join a call, if its protocol has that."""
        source, name = key
        if source in _SHARED and name:
            self._shared[key] = caller

    def announce(self, call: WebSocketCall) -> None:
        """Hand a call to the iterator of `calls`."""
        self._announced.put_nowait(call)

    def _say_no_tls(self, host: str, why: str) -> None:
        if self._options.limiter.count_refusal(host, why):
            self._options.say(f"no call from {host}: {why}")

    def _make_room(self) -> bool:
        """Send the oldest stranger away, if there is one."""
        oldest = next((one for one in self.connections if one.is_stranger), None)
        if oldest is not None:
            oldest.make_room("this process may open no more files; raise LimitNOFILE, or ulimit -n")
        return oldest is not None

    def _end_when_empty(self) -> None:
        is_taking = self._acceptor is not None and self._acceptor.is_busy
        if self._is_over and not self.connections and not is_taking:
            self._announced.put_nowait(None)

    def give_up(self) -> None:
        """No call of this kind is held by the keeper."""
