"""What a connection needs of its server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from streamer.sources.inbound import Admitted

if TYPE_CHECKING:
    from streamer.sources.arrival import LoopWatch
    from streamer.sources.audiosocket.call import AudioSocketCall
    from streamer.sources.audiosocket.connection import Connection


class Server(Protocol):
    """The server, as one of its connections sees it."""

    connections: dict[Connection, None]
    """All that are open, callers or not, the oldest first."""

    buffer: memoryview
    """Where each connection's bytes are received."""

    watch: LoopWatch
    """Knows when the loop turned."""

    def welcome(self, connection: Connection) -> None:
        """Take note that a connection is open; if there are too many strangers, one of them goes."""

    def depart(self, connection: Connection) -> None:
        """Forget a connection that is closed."""

    def admit(self, uuid: UUID) -> Admitted | str:
        """Return the call of a UUID, or why it is refused; an admitted UUID is in use until `forget`."""

    def forget(self, uuid: UUID) -> None:
        """Free a UUID for another call."""

    def announce(self, call: AudioSocketCall) -> None:
        """Have a call recorded."""
