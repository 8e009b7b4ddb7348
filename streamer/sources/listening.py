"""Where a server listens: its socket, and how its address is shown."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

from streamer.errors import UnreachableError

SEND_BUFFER = 1 << 16
"""Bytes that the kernel takes for a peer that does not read, about a second; without a bound it would be minutes of silence."""

BACKLOG = 1024


async def open_door(host: str, port: int) -> socket.socket:
    """Return a listening, non-blocking socket.

    Raises:
        UnreachableError: The address cannot be had; the message says why, and what to do.
    """
    shown = show_address(host, port)
    try:
        return await asyncio.to_thread(_bind, host, port)
    except socket.gaierror as error:
        raise UnreachableError(
            f"{shown} cannot be listened on: {host} has no address ({error.strerror})"
        ) from error
    except UnicodeError as error:
        raise UnreachableError(
            f"{shown} cannot be listened on: {host} is no name of a host"
        ) from error
    except OSError as error:
        advice = "another program has it; stop that one, or choose another port"
        if error.errno != errno.EADDRINUSE:
            advice = "choose an address of this machine and a port above 1023"
        raise UnreachableError(
            f"{shown} cannot be listened on ({error.strerror}): {advice}"
        ) from error


def resolve_address(host: str, port: int) -> str:
    """Return the address that a server on this host and port says it is at.

    Raises:
        OSError: The host has no address.
    """
    _, address = _resolve(host, port)
    return show_address(*address[:2])


def show_address(host: str, port: int) -> str:
    """Return a host and a port as one reads them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _bind(host: str, port: int) -> socket.socket:
    family, address = _resolve(host, port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # of connections, too
        sock.bind(address)
        sock.listen(BACKLOG)  # here, too, an address may turn out to be taken
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def _resolve(host: str, port: int) -> tuple[int, tuple[Any, ...]]:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return family, address
