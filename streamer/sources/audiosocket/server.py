"""A server for AudioSocket: calls come as connections, see `connection`."""

from __future__ import annotations

from uuid import UUID

from streamer.sources.audiosocket.call import AudioSocketCall
from streamer.sources.audiosocket.connection import READ_SIZE, Connection
from streamer.sources.inbound import Admitted, ServerOptions
from streamer.sources.server import InboundServer

_CROWDED = "it has not shown a UUID, and newer connections need its place"


class AudioSocketServer(InboundServer[Connection, AudioSocketCall]):
    """A server that yields inbound calls; every connection is a caller, or may become one."""

    def __init__(self, options: ServerOptions) -> None:
        super().__init__(options, read_size=READ_SIZE, crowded=_CROWDED)

    @property
    def live_calls(self) -> int:
        """How many calls are connected now, announced or not."""
        return sum(connection.is_caller for connection in self.connections)

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

    def give_up(self) -> None:
        """End every call that the keeper has taken over."""
        for connection in list(self.connections):
            connection.give_up()

    def _receive(self, has_spare: bool) -> Connection:
        return Connection(self._options, self, has_spare=has_spare)
