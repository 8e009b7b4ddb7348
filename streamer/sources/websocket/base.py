"""What a connection needs of its server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from streamer.sources.inbound import Admitted
from streamer.wire.websocket.base import Maker, Upgrade
from streamer.wire.websocket.choice import Refusal

if TYPE_CHECKING:
    from streamer.sources.arrival import LoopWatch
    from streamer.sources.registration.http import RequestServer
    from streamer.sources.websocket.access import Access
    from streamer.sources.websocket.call import WebSocketCall
    from streamer.sources.websocket.caller import Caller
    from streamer.sources.websocket.connection import Connection


class Choose(Protocol):
    """Chooses a shape."""

    def __call__(
        self, upgrade: Upgrade, first_message: str | bytes | None = None
    ) -> Maker | Refusal | None:
        """Return what decodes a connection, None as long as its first text has to be waited for."""


class Server(Protocol):
    """The server, as one of its connections sees it."""

    connections: dict[Connection, None]
    """All that are open, callers or not, the oldest first; those that speak HTTP are not among them any more."""

    buffer: memoryview
    """Where each connection's bytes are received."""

    watch: LoopWatch
    """Knows when the loop turned."""

    requests: RequestServer | None
    """Answers what is no WebSocket, None where nothing is."""

    access: Access
    """Knows who may come in."""

    names: frozenset[str]
    """By which this machine may be asked."""

    choose: Choose
    """Returns what decodes a connection."""

    def welcome(self, connection: Connection) -> None:
        """Take note that a connection is open; if there are too many strangers, one of them goes."""

    def depart(self, connection: Connection) -> None:
        """Forget a connection that is closed, or not a WebSocket's."""

    def admit(self, name: str, *, is_trusted: bool) -> Admitted | str:
        """Return the call of an id, or why it is refused."""

    def expects(self, name: str) -> bool:
        """Say whether a call with this id is registered."""

    def find_shared(self, key: tuple[str, str]) -> Caller | None:
        """Return the live call of a protocol's name, if further connections may join it."""

    def share(self, key: tuple[str, str], caller: Caller) -> None:
        """Let further connections join a call, if its protocol has that."""

    def announce(self, call: WebSocketCall) -> None:
        """Have a call recorded."""
