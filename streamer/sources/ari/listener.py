"""Where the PBX brings audio over AudioSocket: a port of a tap's own, at which only its media are let in.

A medium of ARI is in nobody's call but one that we hold ourselves, so a connection may be closed at any time; a tap sends nothing back.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import cast
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from streamer.core.reasons import explain
from streamer.errors import UnreachableError
from streamer.sources.tcp import listen_tcp
from streamer.wire import audiosocket as wire

IDENTIFYING_S = 5.0
"""Seconds that a connection has for its UUID."""

MOST_STRANGERS = 16
"""Connections without one of our UUIDs; the oldest goes for another."""

_DISCARD_PORT = 9


class Medium:
    """What a leg's audio comes by; `connected` is set when the PBX has come, `lost` when it has gone again."""

    def __init__(self, on_audio: Callable[[bytes], None]) -> None:
        self.uuid = uuid4()
        self.connected = asyncio.Event()
        self.lost = asyncio.Event()
        self.on_audio = on_audio
        self._transport: asyncio.Transport | None = None

    @property
    def transport(self) -> asyncio.Transport | None:
        """What the PBX takes audio from; None before it has come."""
        return self._transport

    def attach(self, transport: asyncio.Transport) -> None:
        """Take note of the connection."""
        self._transport = transport
        self.connected.set()

    def close(self) -> None:
        """Close the connection; idempotent."""
        if self._transport is not None:
            self._transport.abort()


class MediaListener:
    """A listening port; see `open_listener`."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self._expected: dict[UUID, Medium] = {}
        self.strangers: dict[_Connection, None] = {}  # the oldest first

    def expect(self, on_audio: Callable[[bytes], None]) -> Medium:
        """Let one more medium in, which shows the UUID that it has."""
        medium = Medium(on_audio)
        self._expected[medium.uuid] = medium
        return medium

    def forget(self, medium: Medium) -> None:
        """Let a medium in no more, and close its connection; idempotent."""
        self._expected.pop(medium.uuid, None)
        medium.close()

    def identify(self, uuid: UUID) -> Medium | None:
        """Return the medium of a UUID, each once."""
        return self._expected.pop(uuid, None)

    def close(self) -> None:
        """Close what has shown no UUID."""
        for stranger in list(self.strangers):
            stranger.close()


class _Connection(asyncio.Protocol):
    """One connection: a UUID of ours first, then audio."""

    def __init__(self, listener: MediaListener) -> None:
        self._listener = listener
        self._parser = wire.Parser()
        self._medium: Medium | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the UUID, not for long."""
        self._transport = cast(asyncio.Transport, transport)
        strangers = self._listener.strangers
        strangers[self] = None
        if len(strangers) > MOST_STRANGERS:
            next(iter(strangers)).close()
        self._timer = asyncio.get_running_loop().call_later(IDENTIFYING_S, self.close)

    def data_received(self, data: bytes) -> None:
        """Hand audio on."""
        for message in self._parser.feed(data):
            match message:
                case wire.Audio(_, payload) if self._medium is not None:
                    self._medium.on_audio(payload)
                case wire.Identified(uuid) if self._medium is None:
                    self._identify(uuid)
                case _ if self._medium is None:
                    self.close()
                case _:
                    pass
            if self._transport.is_closing():
                return

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that no more comes."""
        self._settle()
        if self._medium is not None:
            self._medium.lost.set()

    def close(self) -> None:
        """Close the connection; idempotent."""
        self._transport.abort()

    def _identify(self, uuid: UUID) -> None:
        self._medium = self._listener.identify(uuid)
        if self._medium is None:
            self.close()
            return
        self._settle()
        self._medium.attach(self._transport)

    def _settle(self) -> None:
        self._listener.strangers.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()


@asynccontextmanager
async def open_listener(ari_url: str) -> AsyncIterator[MediaListener]:
    """Listen on a free port of the address by which the PBX is reached, which is loopback if the PBX is on this machine.

    Raises:
        UnreachableError: There is no such address.
    """
    host = await asyncio.to_thread(_find_own_host, urlsplit(ari_url).hostname or "")
    sock = await listen_tcp(host, 0)
    listener = MediaListener(sock.getsockname()[:2])
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(listener), sock=sock
    )
    try:
        yield listener
    finally:
        server.close()
        listener.close()


def _find_own_host(pbx: str) -> str:
    """Return the address of this machine that packets to the PBX have; nothing is sent."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            pbx, _DISCARD_PORT, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as sock:
            sock.connect(address)
            host = str(sock.getsockname()[0])
    except (OSError, UnicodeError) as error:
        why = explain(error) if isinstance(error, OSError) else "it is no host name"
        raise UnreachableError(f"{pbx} cannot be reached: {why}; check ari_url") from error
    return "127.0.0.1" if ip_address(host.partition("%")[0]).is_loopback and "." in host else host
