"""Hostile connections."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress


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
