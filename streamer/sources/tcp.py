"""TCP sockets: connections that the keeper can be given before anything is sent, and listening sockets."""

from __future__ import annotations

import asyncio
import errno
import select
import socket
import threading
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from streamer.core.addresses import show_address
from streamer.core.reasons import explain, find_cause
from streamer.errors import UnreachableError
from streamer.wire import stream_channel as wire

SEND_BUFFER = 1 << 16
"""Bytes that the kernel takes for a peer that does not read, about a second; without a bound it would be minutes of silence."""

BACKLOG = 1024


async def connect_tcp(url: str, *, timeout_s: float) -> socket.socket:
    """Return a connected, non-blocking socket to the first of the host's addresses that answers.

    Raises:
        UnreachableError: None answers; the message says why, and what to do.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "wss" else 80)
    shown = wire.public_url(url)
    try:
        async with asyncio.timeout(timeout_s):
            found = await _resolve(host, port)
            return await _connect_first(found)
    except socket.gaierror as error:
        raise UnreachableError(
            f"the host of {shown} has no address; check its name, and that a name server answers"
        ) from error
    except UnicodeError as error:
        raise UnreachableError(f"the host of {shown} is not a host name; check it") from error
    except ConnectionRefusedError as error:
        raise UnreachableError(
            f"Nothing is listening at {shown} {wire.suggest_port(url)}"
        ) from error
    except TimeoutError as error:
        raise UnreachableError(
            f"{shown} did not answer within {timeout_s:.0f} s; check the host and any firewall"
        ) from error
    except OSError as error:
        raise UnreachableError(f"{shown} cannot be reached: {explain(error)}") from error


async def _resolve(host: str, port: int) -> list[Any]:
    """Resolve on a thread that is not waited for at the end: a name server that does not answer must not delay a Ctrl-C."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Any]] = loop.create_future()

    def settle(found: list[Any] | None, error: Exception | None) -> None:
        if not answer.done():
            answer.set_exception(error) if error else answer.set_result(found or [])

    def ask() -> None:
        found, failure = None, None
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failure = error
        with suppress(RuntimeError):  # the loop is closed by now
            loop.call_soon_threadsafe(settle, found, failure)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    return await answer


async def _connect_first(found: list[Any]) -> socket.socket:
    last: OSError = OSError("the host has no address")
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1
        )  # notices a cut network, in hours
        try:
            await asyncio.get_running_loop().sock_connect(sock, address)
        except OSError as error:
            sock.close()
            last = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise last


async def listen_tcp(host: str, port: int) -> socket.socket:
    """Return a listening, non-blocking socket.

    Raises:
        UnreachableError: The address cannot be used; the message says why, and what to do.
    """
    shown = show_address(host, port)
    try:
        return await asyncio.to_thread(_bind, host, port)
    except socket.gaierror as error:
        raise UnreachableError(
            f"cannot listen on {shown}: {host} has no address; check its name"
        ) from error
    except UnicodeError as error:
        raise UnreachableError(f"cannot listen on {shown}: {host} is not a host name") from error
    except OSError as error:
        advice = "stop it, or choose another port"
        if error.errno != errno.EADDRINUSE:
            advice = "choose an address of this machine and a port above 1023"
        raise UnreachableError(
            f"cannot listen on {shown}: {find_cause(error)}; {advice}"
        ) from error


def resolve_address(host: str, port: int) -> str:
    """Return the address that a server on this host and port announces.

    Raises:
        OSError: The host has no address.
    """
    _, address = _resolve_local(host, port)
    return show_address(*address[:2])


def _bind(host: str, port: int) -> socket.socket:
    family, address = _resolve_local(host, port)
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


def _resolve_local(host: str, port: int) -> tuple[int, tuple[Any, ...]]:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return family, address


def has_left(sock: socket.socket) -> bool:
    """Say whether the peer has closed its end, however much of what it sent is unread; False where the system does not tell."""
    end = getattr(select, "POLLRDHUP", 0)
    if not end or sock.fileno() < 0:
        return False
    poll = select.poll()
    poll.register(sock.fileno(), end)
    return bool(poll.poll(0))
