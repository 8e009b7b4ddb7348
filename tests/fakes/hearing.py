"""A WebSocket server that takes every shape, and answers as a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from streamer.wire.websocket.base import Media, Message, Odd, Shape, Upgrade
from streamer.wire.websocket.choice import choose, choose_subprotocol

Answer = Callable[[Shape, Message], list[str | bytes | None]]


def say_nothing(shape: Shape, message: Message) -> list[str | bytes | None]:
    """Answer nothing."""
    return []


def echo(shape: Shape, message: Message) -> list[str | bytes | None]:
    """Send audio back as it came."""
    if isinstance(message, Media) and shape.speaker:
        return [shape.speaker.audio(message.payload)]
    return []


class Connection:
    """What came on one connection."""

    def __init__(self, upgrade: Upgrade, shape: Shape) -> None:
        self.upgrade = upgrade
        self.shape = shape
        self.messages: list[Message] = []
        self.closed = False

    @property
    def odd(self) -> list[Odd]:
        """What was none of the shape's."""
        return [message for message in self.messages if isinstance(message, Odd)]

    def audio(self, key: str) -> bytes:
        """All audio of a leg, as it was coded."""
        mine = (m for m in self.messages if isinstance(m, Media) and m.key == key)
        return b"".join(message.payload for message in mine)


class Hearing:
    """The connections to one server, and its port."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.connections: list[Connection] = []
        self.port = 0

    async def converse(self, ws: ServerConnection) -> None:
        """Take one connection to its end."""
        assert ws.request is not None
        path, _, query = ws.request.path.partition("?")
        protocols = (ws.subprotocol,) if ws.subprotocol else ()
        upgrade = Upgrade(path, dict(parse_qsl(query)), {}, protocols)
        make = choose(upgrade)
        assert callable(make)
        connection = Connection(upgrade, make(upgrade))
        self.connections.append(connection)
        try:
            await self._take(ws, connection)
        except ConnectionClosed:
            pass
        finally:
            connection.closed = True

    async def _take(self, ws: ServerConnection, connection: Connection) -> None:
        shape = connection.shape
        connection.messages += shape.begin()
        async for message in ws:
            if isinstance(message, str):
                taken = shape.take_text(message)
            else:
                taken = shape.take_bytes(message)
            for one in taken:
                connection.messages.append(one)
                for answer in self.answer(shape, one):
                    if answer is not None:
                        await ws.send(answer)


@asynccontextmanager
async def open_hearing(answer: Answer = say_nothing) -> AsyncIterator[Hearing]:
    """Serve on loopback."""
    hearing = Hearing(answer)

    def select(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        known = choose_subprotocol(Upgrade("/", subprotocols=tuple(offered)))
        return Subprotocol(known) if known else None

    async with serve(
        hearing.converse, "127.0.0.1", 0, select_subprotocol=select, compression=None
    ) as server:
        hearing.port = next(iter(server.sockets)).getsockname()[1]
        yield hearing
