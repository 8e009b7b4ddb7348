"""A server for AudioSocket: calls come as connections, see `connection`."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from streamer.errors import UnreachableError
from streamer.sources.arrived import AudioSocketCall
from streamer.sources.connection import READ_SIZE, Connection
from streamer.sources.reception import Reception, Welcome

SOURCE = "audiosocket"

SEND_BUFFER = 1 << 16
"""Bytes that the kernel takes for a peer that does not read, about a second; without a bound it would be minutes of silence."""

_BACKLOG = 1024


class AudioSocketServer:
    """A source of calls; `connections` are all that are open, callers or not."""

    def __init__(self, reception: Reception) -> None:
        self.connections: set[Connection] = set()
        self.address = ""
        self.buffer = memoryview(bytearray(READ_SIZE))
        self._reception = reception
        self._taken: set[UUID] = set()
        self._announced: asyncio.Queue[AudioSocketCall | None] = (
            asyncio.Queue()
        )  # as many as the gate lets in
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> None:
        """Take calls from now on.

        Raises:
            UnreachableError: The address cannot be had.
        """
        shown = _show_address(host, port)
        try:
            sock = await asyncio.to_thread(_bind, host, port)
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
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._reception, self), sock=sock, backlog=_BACKLOG
        )
        self.address = _show_address(*sock.getsockname()[:2])

    def stop_listening(self) -> None:
        """Take no more calls; those that are there go on. Idempotent."""
        if self._server is not None:
            self._server.close()
            self._server = None
            for connection in list(self.connections):
                connection.dismiss()
            self._end_when_empty()

    async def calls(self) -> AsyncIterator[AudioSocketCall]:
        """Yield calls as they come, until nobody listens any more and every connection is closed."""
        while (call := await self._announced.get()) is not None:
            yield call

    def depart(self, connection: Connection) -> None:
        """Take note that a connection is closed."""
        self.connections.discard(connection)
        self._end_when_empty()

    def admit(self, uuid: UUID) -> Welcome | str:
        """Say who a UUID is, or why it is refused."""
        if uuid in self._taken:
            return f"its UUID {uuid} is that of a call that is live; give each call its own, as UUID() in the dialplan does"
        verdict = self._reception.admit(uuid)
        if isinstance(verdict, Welcome):
            self._taken.add(uuid)
        return verdict

    def forget(self, uuid: UUID) -> None:
        """Let a UUID be free again."""
        self._taken.discard(uuid)

    def announce(self, call: AudioSocketCall) -> None:
        """Hand a call to whoever iterates over `calls`."""
        self._announced.put_nowait(call)

    def _end_when_empty(self) -> None:
        if self._server is None and not self.connections:
            self._announced.put_nowait(None)

    def give_up(self) -> None:
        """End every call that the keeper has taken over."""
        for connection in list(self.connections):
            connection.give_up()


def _bind(host: str, port: int) -> socket.socket:
    family, address = _resolve(host, port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # of connections, too
        sock.bind(address)
        sock.listen(_BACKLOG)  # here, too, an address may turn out to be taken
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def resolve_address(host: str, port: int) -> str:
    """Return the address that a server on this host and port says it is at.

    Raises:
        OSError: The host has no address.
    """
    _, address = _resolve(host, port)
    return _show_address(*address[:2])


def _resolve(host: str, port: int) -> tuple[int, tuple[Any, ...]]:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return family, address


def _show_address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
