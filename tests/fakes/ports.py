"""Ports that are no Asterisk: they refuse, stay silent, hang up or speak something else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.fakes.replay import until

SILENT = None


@asynccontextmanager
async def open_port(answer: bytes | None, *, tls=None) -> AsyncIterator[int]:
    """Answer every connection's first bytes with `answer` and hang up; say nothing at all if it is `SILENT`."""

    writers: list[asyncio.StreamWriter] = []
    served = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            await reader.read(65536)
            if answer is SILENT:
                await reader.read()
            else:
                writer.write(answer)
        except OSError:
            pass
        finally:
            writer.close()
            served.append(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for writer in writers:
            writer.transport.abort()
        await until(lambda: len(served) == len(writers))


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def http(status: str, body: bytes = b"") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
