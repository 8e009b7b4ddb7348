"""A server for AudioSocket: calls come as connections, see `connection`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from streamer.core.addresses import show_address
from streamer.sources.audiosocket.call import AudioSocketCall
from streamer.sources.audiosocket.connection import READ_SIZE, Connection
from streamer.sources.inbound import Admitted, ServerOptions
from streamer.sources.tcp import BACKLOG, listen_tcp


class AudioSocketServer:
    """A server that yields inbound calls; `connections` are all that are open, callers or not."""

    def __init__(self, options: ServerOptions) -> None:
        self.connections: set[Connection] = set()
        self.address = ""
        self.buffer = memoryview(bytearray(READ_SIZE))
        self._options = options
        self._announced: asyncio.Queue[AudioSocketCall | None] = (
            asyncio.Queue()
        )  # as many as the limiter lets in
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> None:
        """Take calls from now on.

        Raises:
            UnreachableError: The address cannot be had.
        """
        sock = await listen_tcp(host, port)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._options, self), sock=sock, backlog=BACKLOG
        )
        self.address = show_address(*sock.getsockname()[:2])

    @property
    def live_calls(self) -> int:
        """How many calls are connected now, announced or not."""
        return sum(connection.is_caller for connection in self.connections)

    def stop_listening(self) -> None:
        """Take no more calls; those that are there go on. Idempotent."""
        if self._server is not None:
            self._server.close()
            self._server = None
            for connection in list(self.connections):
                connection.dismiss()
            self._end_when_empty()

    async def calls(self) -> AsyncIterator[AudioSocketCall]:
        """Yield calls as they come, until listening has ended and every connection is closed."""
        while (call := await self._announced.get()) is not None:
            yield call

    def depart(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self.connections.discard(connection)
        self._end_when_empty()

    def admit(self, uuid: UUID) -> Admitted | str:
        """Return the call of a UUID, or why it is refused."""
        if uuid in self._options.taken:
            return f"its UUID {uuid} is in use by another live call; give each call its own, with UUID() in the dialplan"
        verdict = self._options.admit(uuid)
        if isinstance(verdict, Admitted):
            self._options.taken.add(uuid)
        return verdict

    def forget(self, uuid: UUID) -> None:
        """Free a UUID for another call."""
        self._options.taken.discard(uuid)

    def announce(self, call: AudioSocketCall) -> None:
        """Hand a call to the iterator of `calls`."""
        self._announced.put_nowait(call)

    def _end_when_empty(self) -> None:
        if self._server is None and not self.connections:
            self._announced.put_nowait(None)

    def give_up(self) -> None:
        """End every call that the keeper has taken over."""
        for connection in list(self.connections):
            connection.give_up()
