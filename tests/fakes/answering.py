"""A real AudioSocket server that a test scripts: it keeps what callers send and answers what the test says."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from streamer.wire.audiosocket import Audio, Message, Parser
from tests.fakes.replay import until


class Answered(asyncio.Protocol):
    """One caller's connection."""

    def __init__(self, greeting: bytes) -> None:
        self.data = bytearray()
        self.has_ended = False
        self.error: Exception | None = None
        self._greeting = greeting

    @property
    def messages(self) -> list[Message]:
        return list(Parser().feed(bytes(self.data)))

    @property
    def audio(self) -> list[Audio]:
        return [message for message in self.messages if isinstance(message, Audio)]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.send(self._greeting)

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.has_ended = True
        self.error = exc

    def send(self, data: bytes) -> None:
        self.transport.write(data)

    def close(self) -> None:
        self.transport.close()

    def reset(self) -> None:
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def stop_reading(self) -> None:
        self.transport.pause_reading()


class AnsweringServer:
    def __init__(self) -> None:
        self.port = 0
        self.connections: list[Answered] = []
        self.greeting = b""
        """What is sent to each caller at once."""
        self.listening: asyncio.Server | None = None

    def accept(self) -> Answered:
        self.connections.append(Answered(self.greeting))
        return self.connections[-1]

    async def has_connections(self, count: int) -> list[Answered]:
        await until(lambda: len(self.connections) == count)
        return self.connections

    def stop_listening(self) -> None:
        assert self.listening is not None
        self.listening.close()


@asynccontextmanager
async def open_answering() -> AsyncIterator[AnsweringServer]:
    server = AnsweringServer()
    server.listening = await asyncio.get_running_loop().create_server(server.accept, "127.0.0.1", 0)
    server.port = server.listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.stop_listening()
        for connection in server.connections:
            connection.transport.abort()
        await until(lambda: all(connection.has_ended for connection in server.connections))
