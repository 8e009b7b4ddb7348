"""A server for AudioSocket: calls come as connections, see `connection`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from streamer.core.addresses import show_address
from streamer.sources.accepting import Acceptor
from streamer.sources.arrival import LoopWatch
from streamer.sources.audiosocket.call import AudioSocketCall
from streamer.sources.audiosocket.connection import READ_SIZE, Connection
from streamer.sources.inbound import Admitted, ServerOptions
from streamer.sources.tcp import listen_tcp

_CROWDED = "it has not shown a UUID, and newer connections need its place"


class AudioSocketServer:
    """A server that yields inbound calls; `connections` are all that are open, callers or not."""

    def __init__(self, options: ServerOptions) -> None:
        self.connections: dict[Connection, None] = {}
        self.address = ""
        self.buffer = memoryview(bytearray(READ_SIZE))
        self.watch = LoopWatch(options.frame_clock, options.clock)
        self._is_over = False
        self._options = options
        self._announced: asyncio.Queue[AudioSocketCall | None] = (
            asyncio.Queue()
        )  # as many as the limiter lets in
        self._acceptor: Acceptor | None = None

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
        )
        self.address = show_address(*sock.getsockname()[:2])

    @property
    def live_calls(self) -> int:
        """How many calls are connected now, announced or not."""
        return sum(connection.is_caller for connection in self.connections)

    def stop_listening(self) -> None:
        """Take no more calls; those that are there go on. Idempotent."""
        if self._acceptor is not None and not self._is_over:
            self._is_over = True
            self._acceptor.close()
            for connection in list(self.connections):
                connection.dismiss()
            self._end_when_empty()

    async def calls(self) -> AsyncIterator[AudioSocketCall]:
        """Yield calls as they come, until listening has ended and every connection is closed."""
        while (call := await self._announced.get()) is not None:
            yield call

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
        """Forget a connection that is closed."""
        self.connections.pop(connection, None)
        if self._acceptor is not None:
            self._acceptor.refill()
        self._end_when_empty()

    def admit(self, uuid: UUID) -> Admitted | str:
        """Return the call of a UUID, or why it is refused."""
        if uuid in self._options.taken and not self._options.shares_ids:
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
        """End every call that the keeper has taken over."""
        for connection in list(self.connections):
            connection.give_up()
