"""Connections as Asterisk makes them: one address of the server after another, with 2 s for each."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from streamer.core.addresses import show_address
from streamer.core.reasons import explain
from streamer.errors import UnreachableError

CONNECT_S = 2.0
"""Seconds that each address of the server has to answer (MAX_CONNECT_TIMEOUT_MSEC of res_audiosocket.c)."""


async def resolve(host: str, port: int) -> list[Any]:
    """Look a server's addresses up, as `getaddrinfo` returns them.

    Raises:
        UnreachableError: The host has no address.
    """
    loop = asyncio.get_running_loop()
    try:
        return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnreachableError(f"the host {host} has no address; check its name") from error


async def connect_first(addresses: list[Any]) -> socket.socket:
    """Return a connected, non-blocking socket to the first address that answers; each has `CONNECT_S`.

    Raises:
        UnreachableError: None answers; the message is about the last one.
    """
    last: Exception = OSError("there is no address")
    for family, kind, protocol, _, address in addresses:
        try:
            return await _connect(socket.socket(family, kind, protocol), address)
        except OSError as error:
            last = error
    raise UnreachableError(_explain(last, addresses[-1][4])) from last


async def _connect(sock: socket.socket, address: Any) -> socket.socket:
    sock.setblocking(False)
    try:
        async with asyncio.timeout(CONNECT_S):
            await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


def _explain(error: Exception, address: Any) -> str:
    shown = show_address(address[0], address[1])
    if isinstance(error, ConnectionRefusedError):
        return f"Nothing is listening at {shown}; start the AudioSocket server first"
    if isinstance(error, TimeoutError):
        return f"{shown} did not answer within {CONNECT_S:.0f} s; check the host and any firewall"
    return f"{shown} cannot be reached: {explain(error)}"
