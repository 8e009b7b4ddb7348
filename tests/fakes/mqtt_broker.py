"""An MQTT broker that takes what is published and tells nobody: CONNECT, PUBLISH with QoS 1, PINGREQ, DISCONNECT of MQTT 3.1.1 and 5."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CONNECT, PUBLISH, PINGREQ, DISCONNECT = 1, 3, 12, 14
_LEVEL_AT = 6
"""Where a CONNECT has the version of the protocol, 4 for 3.1.1."""


class Broker:
    """What was published, as topic and payload; the rest says how it behaves, and may be changed at any time."""

    def __init__(self, refusal: int = 0) -> None:
        self.published: list[tuple[str, bytes]] = []
        self.connects: list[bytes] = []
        self.refusal = refusal
        """The code that a CONNECT is answered with."""
        self.versions: tuple[int, ...] = (4, 5)
        self.properties = b""
        """Of the CONNACK in MQTT 5."""
        self.acknowledgement: int | None = 0
        """The code that a PUBLISH is answered with in MQTT 5; None for no answer."""
        self.ends_at = ""
        """It ends the connection instead of taking something on this topic."""
        self.garbage = b""
        """What it says instead of a CONNACK."""
        self.packets: list[bytes] = []
        """Each PUBLISH as it came."""
        self.port = 0
        self.most_under_way = 0
        self._changed = asyncio.Event()
        self._unanswered: list[bytes] = []
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            self._changed.set()
            writer.close()

    def end_all(self) -> None:
        """End all connections, as one that is restarted."""
        for writer in self._writers:
            writer.transport.abort()

    async def wait_for(self, count: int) -> None:
        """Wait until so much was published."""
        while len(self.published) < count:
            self._changed.clear()
            await self._changed.wait()

    async def wait_until_left(self) -> None:
        """Wait until nobody is connected."""
        while self._writers:
            self._changed.clear()
            await self._changed.wait()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        level = 0
        while True:
            kind, body = await read_packet(reader)
            if kind == CONNECT:
                level = body[_LEVEL_AT]
                self.connects.append(body)
                writer.write(self.garbage or self._welcome(level))
            elif kind == PUBLISH:
                if not self._take(writer, body, level):
                    return
            elif kind == PINGREQ:
                writer.write(bytes([0xD0, 0]))
            elif kind == DISCONNECT:
                return
            await writer.drain()

    def _welcome(self, level: int) -> bytes:
        if level not in self.versions:
            return bytes([0x20, 2, 0, 1])
        if level < 5:
            return bytes([0x20, 2, 0, self.refusal])
        code = {5: 0x87}.get(self.refusal, self.refusal)
        count = len(self.properties)
        return bytes([0x20, 3 + count, 0, code, count]) + self.properties

    def _take(self, writer: asyncio.StreamWriter, body: bytes, level: int) -> bool:
        length = int.from_bytes(body[:2])
        topic, number, rest = (
            body[2 : 2 + length].decode(),
            body[2 + length :][:2],
            body[4 + length :],
        )
        if topic == self.ends_at:
            return False
        skipped = 1 + rest[0] if level == 5 else 0
        self.packets.append(body)
        self.published.append((topic, rest[skipped:]))
        self._changed.set()
        if self.acknowledgement is None:
            self._unanswered.append(number)
            self.most_under_way = max(self.most_under_way, len(self._unanswered))
        elif level == 5:
            writer.write(bytes([0x40, 3]) + number + bytes([self.acknowledgement]))
        else:
            writer.write(bytes([0x40, 2]) + number)
        return True


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
async def open_broker(
    *, refusal: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Broker]:
    """Listen on a free port while the block lasts."""
    broker = Broker(refusal)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0, ssl=tls)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()
        broker.end_all()
        await broker.wait_until_left()
