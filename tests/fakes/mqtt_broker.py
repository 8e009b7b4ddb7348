"""An MQTT broker that takes what is published and tells nobody: CONNECT, PUBLISH with QoS 1, PINGREQ, DISCONNECT of MQTT 3.1.1."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CONNECT, PUBLISH, PINGREQ, DISCONNECT = 1, 3, 12, 14


class Broker:
    """What was published, as topic and payload; `refusal` is the code that a CONNECT is answered with."""

    def __init__(self, refusal: int = 0) -> None:
        self.published: list[tuple[str, bytes]] = []
        self.connects: list[bytes] = []
        self.refusal = refusal
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                kind, body = await read_packet(reader)
                if kind == CONNECT:
                    self.connects.append(body)
                    writer.write(bytes([0x20, 2, 0, self.refusal]))
                elif kind == PUBLISH:
                    length = int.from_bytes(body[:2])
                    topic, rest = body[2 : 2 + length].decode(), body[2 + length :]
                    self.published.append((topic, rest[2:]))
                    writer.write(bytes([0x40, 2]) + rest[:2])
                elif kind == PINGREQ:
                    writer.write(bytes([0xD0, 0]))
                elif kind == DISCONNECT:
                    return
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def read_packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the kind of a packet and what follows its fixed header."""
    first = (await reader.readexactly(1))[0]
    length, shift = 0, 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return first >> 4, await reader.readexactly(length)


@asynccontextmanager
async def open_broker(*, refusal: int = 0) -> AsyncIterator[Broker]:
    """Listen on a free port while the block lasts."""
    broker = Broker(refusal)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()
