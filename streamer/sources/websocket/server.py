"""A server for media over WebSockets: calls come as connections, see `connection`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

from streamer.sources.inbound import Admitted, ServerOptions
from streamer.sources.registration.hosts import own_names
from streamer.sources.registration.http import RequestServer
from streamer.sources.registration.registry import find_uuid
from streamer.sources.server import InboundServer
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


class WebSocketServer(InboundServer[Connection, WebSocketCall]):
    """A server that yields inbound calls; its `connections` are without those that speak HTTP."""

    def __init__(self, options: ServerOptions, *, choose: Choose = choose) -> None:
        super().__init__(options, read_size=READ_SIZE, crowded=_CROWDED)
        self.requests: RequestServer | None = None
        self.access = Access(
            read_credentials(options.web.auth, options.web.yeastar_auth),
            public_url=options.web.public_url,
        )
        self.names: frozenset[str] = frozenset()
        self.choose = choose
        self._shared: dict[tuple[str, str], Caller] = {}  # as many as live calls
        self._ending: asyncio.Task[None] | None = None

    async def listen(self, host: str, port: int) -> None:
        """Take calls from now on.

        Raises:
            UnreachableError: The address cannot be had.
        """
        sock = await listen_tcp(host, port)
        self._accept(sock, self._options.web.tls)
        own, own_port = sock.getsockname()[:2]
        self.names = own_names([host, *self._options.web.names])
        if self._options.web.open_requests is not None:
            self.requests = self._options.web.open_requests(host, own, own_port)

    @property
    def live_calls(self) -> int:
        """How many calls are connected now, announced or not."""
        return len({id(one.caller) for one in self.connections if one.is_caller})

    def stop_listening(self) -> None:
        """Take no more calls; those that are there go on. Idempotent."""
        is_first = self._acceptor is not None and not self._is_over
        super().stop_listening()
        if is_first and self.requests is not None:
            self._ending = asyncio.ensure_future(self.requests.end())

    async def calls(self) -> AsyncIterator[WebSocketCall]:
        """Yield calls as they come, until listening has ended and every connection is closed."""
        async for call in super().calls():
            yield call
        if self._ending is not None:
            await self._ending

    def depart(self, connection: Connection) -> None:
        """Forget a connection that is closed, or no WebSocket's."""
        self._shared = {key: caller for key, caller in self._shared.items() if not caller.is_over}
        super().depart(connection)

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

    def give_up(self) -> None:
        """No call of this kind is held by the keeper."""

    def _receive(self, has_spare: bool) -> Connection:
        return Connection(self._options, self, has_spare=has_spare)
