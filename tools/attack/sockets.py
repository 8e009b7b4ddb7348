"""Hostile connections."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

SOURCES = tuple(f"127.0.0.{n}" for n in range(1, 9))
MOST_OPEN = 2_400
ROUND_S = 0.25
A_ROUND = 12
"""Connections of each address in that time, about as many as it may make."""


async def connect(host: str, port: int, *, source: str = "127.0.0.1") -> socket.socket | None:
    """Return a connection from an address of loopback, None if it is refused."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.bind((source, 0))
        await asyncio.get_running_loop().sock_connect(sock, (host, port))
    except OSError:
        sock.close()
        return None
    return sock


async def send(sock: socket.socket, data: bytes) -> bool:
    """Send all of it; return False if the other side has gone."""
    try:
        await asyncio.get_running_loop().sock_sendall(sock, data)
    except OSError:
        return False
    return True


def read_away(sock: socket.socket) -> None:
    """Read what has come, so that nothing stands in the way of what comes."""
    with suppress(OSError):
        while sock.recv(1 << 16):
            pass


def close_all(socks: list[socket.socket]) -> None:
    """Close them, and forget them."""
    while socks:
        socks.pop().close()


async def crowd_in(port: int, did: dict[str, int]) -> None:
    """Keep as many idle connections open as there can be, until cancelled; whichever is closed is made again."""
    crowd: list[socket.socket] = []
    did["addresses"], did["idle connections"] = len(SOURCES), 0
    try:
        while True:
            made = [connect("127.0.0.1", port, source=s) for s in SOURCES for _ in range(A_ROUND)]
            crowd += [sock for sock in await asyncio.gather(*made) if sock is not None]
            did["idle connections"] += len(made)
            close_all(crowd[:-MOST_OPEN])
            crowd = crowd[-MOST_OPEN:]
            await asyncio.sleep(ROUND_S)
    finally:
        close_all(crowd)
