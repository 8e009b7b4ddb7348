"""A stand-in for Asterisk's res_ari_stream that behaves as the real module was measured to, and judges its clients.

Like the module it wants the exact header `Channel-ID`, answers 400 without the sub-protocol and close 1000 to an unknown channel,
reads nothing, answers no ping and no close, and sends a client's frames whether or not it reads them. Unlike the module it notices:
every client that leaves, half-closes or stops reading a live channel freezes that channel here and is reported, and so is every
byte that a client says.

Theory of operation. A *group* is the channels of one call; its clock starts once each has a client, or `GROUP_WAIT_S` after
the first. `advance(now)` sends everything that is due, so that a test can drive it on virtual time.

    channel: IDLE --clients attached--> LIVE --script over--> ENDED (IDLE again with loop)
                                         `--client harms it--> FROZEN
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import cast

from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from streamer.simulator.handshake import judge_request, refuse, select_subprotocol
from streamer.simulator.report import Harm, Report
from streamer.simulator.script import ChannelScript, EndKind
from streamer.wire.stream_channel import CHANNEL_HEADER, SUBPROTOCOL

GROUP_WAIT_S = 0.5
UNREAD_S = 5.0
"""Seconds that frames pile up before a client counts as one that has stopped reading."""

_TICK_S = 0.005
_ROUNDING_S = 1e-6
"""A frame that is due now is due now, however floats round."""
_HANG_UP = Frame(Opcode.CLOSE, Close(1000, "").serialize()).serialize(mask=False)


class _State(Enum):
    IDLE = auto()
    LIVE = auto()
    ENDED = auto()
    FROZEN = auto()


@dataclass(eq=False, slots=True)
class _Channel:
    script: ChannelScript
    messages: list[bytes]
    state: _State = _State.IDLE
    clients: set[_Client] = field(default_factory=set)
    next: int = 0


@dataclass(eq=False, slots=True)
class _Group:
    channels: list[_Channel]
    first_attach: float | None = None
    started_at: float | None = None

    def is_over(self) -> bool:
        return all(channel.state in (_State.ENDED, _State.FROZEN) for channel in self.channels)


class StreamChannelSimulator:
    """The stand-in's channels, clients and reports."""

    def __init__(
        self,
        groups: Sequence[Sequence[ChannelScript]],
        *,
        speed: float = 1.0,
        loop: bool = False,
        session_limit: int = 100,
        send_buffer: int | None = None,
        answers: bool = True,
        clock: Callable[[], float] = time.monotonic,
        on_report: Callable[[Report], None] | None = None,
    ) -> None:
        self.reports: list[Report] = []
        self.bytes_written = 0
        """Bytes of audio handed to the network, over all clients."""
        self.most_attachments = 0
        """The most clients that followed live channels at once."""
        self.port = 0
        self.over = asyncio.Event()
        """Set when every group has been played to its end."""
        self.answers = answers
        """False: attach the client but never answer its request, as a PBX that is too slow."""
        self.session_limit = session_limit
        self.send_buffer = send_buffer
        self.clock = clock
        self._speed = speed
        self._loop = loop
        self._on_report = on_report
        self._groups = [
            _Group([_Channel(script, _encode(script)) for script in group]) for group in groups
        ]
        self._clients: set[_Client] = set()
        self._names = {
            name.casefold(): (group, channel)
            for group in self._groups
            for channel in group.channels
            for name in (channel.script.name, channel.script.unique_id)
        }

    @property
    def scripts(self) -> list[ChannelScript]:
        """The channels in order."""
        return [channel.script for group in self._groups for channel in group.channels]

    @property
    def connections(self) -> int:
        """TCP connections that are open, attached or not."""
        return len(self._clients)

    @property
    def attachments(self) -> int:
        """Clients that follow a live channel."""
        return sum(len(channel.clients) for group in self._groups for channel in group.channels)

    @property
    def unread_bytes(self) -> int:
        """Bytes that clients have not taken and that the kernel's buffers have no room for."""
        return sum(client.unread_bytes for client in self._clients)

    def hang_up(self) -> None:
        """End every channel now."""
        for group in self._groups:
            for channel in group.channels:
                self._end(channel, EndKind.HANG_UP)

    def report(self, harm: Harm, channel: str, detail: str = "") -> None:
        """Record a harm."""
        report = Report(harm, channel, detail)
        self.reports.append(report)
        if self._on_report:
            self._on_report(report)

    def advance(self, now: float) -> None:
        """Send everything that is due at `now`."""
        for group in self._groups:
            self._advance_group(group, now)
        for client in self._clients.copy():
            client.watch(now)
        if all(group.is_over() for group in self._groups):
            self.over.set()

    def admit(self, client: _Client) -> bool:
        """Count a connection; False beyond the session limit."""
        if len(self._clients) >= self.session_limit:
            return False
        self._clients.add(client)
        return True

    def forget(self, client: _Client) -> None:
        """A connection has ended."""
        self._clients.discard(client)

    def attach(self, client: _Client, name: str) -> _Channel | None:
        """Find a channel as Asterisk does, by name or unique id in any case; None if there is none."""
        group, channel = self._names.get(name.strip().casefold(), (None, None))
        if group is None or channel is None or channel.state is _State.ENDED:
            return None
        if channel.state is _State.FROZEN:
            self.report(Harm.CAME_BACK, channel.script.name)
        channel.clients.add(client)
        self.most_attachments = max(self.most_attachments, self.attachments)
        group.first_attach = self.clock() if group.first_attach is None else group.first_attach
        return channel

    def freeze(self, channel: _Channel) -> None:
        """Leave a channel as the real module does when a client has harmed it."""
        channel.state = _State.FROZEN

    def _advance_group(self, group: _Group, now: float) -> None:
        if group.started_at is None:
            if not self._may_start(group, now):
                return
            group.started_at = now
            for channel in group.channels:
                channel.state = _State.LIVE if channel.state is _State.IDLE else channel.state
        elapsed = (now - group.started_at) * self._speed + _ROUNDING_S
        for channel in group.channels:
            if channel.state is _State.LIVE:
                self._advance_channel(channel, elapsed)
        if self._loop and all(channel.state is _State.ENDED for channel in group.channels):
            self._rewind(group)

    def _may_start(self, group: _Group, now: float) -> bool:
        if group.first_attach is None:
            return False
        return all(c.clients for c in group.channels) or now - group.first_attach >= GROUP_WAIT_S

    def _advance_channel(self, channel: _Channel, elapsed: float) -> None:
        frames = channel.script.frames
        first = channel.next
        while channel.next < len(frames) and frames[channel.next].at <= elapsed:
            channel.next += 1
        if channel.next > first:
            due = b"".join(channel.messages[first : channel.next])
            self.bytes_written += len(due) * len(channel.clients)
            for client in channel.clients:
                client.write(due)
        if channel.next == len(frames) and elapsed >= channel.script.ends_at:
            self._end(channel, channel.script.end)

    def _end(self, channel: _Channel, kind: EndKind) -> None:
        if kind is EndKind.NEVER:
            return
        channel.state = _State.ENDED
        for client in channel.clients.copy():
            client.end(kind)
        channel.clients.clear()

    def _rewind(self, group: _Group) -> None:
        group.first_attach = group.started_at = None
        for channel in group.channels:
            channel.state, channel.next = _State.IDLE, 0


class _Client(asyncio.Protocol):
    """One TCP connection: the handshake by websockets' sans-I/O half, then writing only."""

    def __init__(self, simulator: StreamChannelSimulator) -> None:
        self._simulator = simulator
        self._handshake: ServerProtocol | None = ServerProtocol(
            subprotocols=cast(Sequence[Subprotocol], [SUBPROTOCOL]),
            select_subprotocol=select_subprotocol,
        )
        self._transport: asyncio.Transport | None = None
        self._channel: _Channel | None = None
        self._has_ended = False
        self._unread_since: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._simulator.send_buffer is not None:
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._simulator.send_buffer)
        if not self._simulator.admit(self):
            self._has_ended = True
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._handshake is None:
            if not self._has_ended:
                self._simulator.report(Harm.SAID, self._name(), data[:32].hex(" "))
            return
        self._handshake.receive_data(data)
        for event in self._handshake.events_received():
            if isinstance(event, Request):
                self._answer(self._handshake, event)
                self._handshake = None
                return
        if self._handshake.handshake_exc is not None:
            self._refuse_garbage()

    def eof_received(self) -> bool:
        if self._is_live():
            self._harm(Harm.HALF_CLOSED)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_live():
            self._harm(Harm.LEFT)
        self._has_ended = True
        if self._channel is not None:
            self._channel.clients.discard(self)
        self._simulator.forget(self)

    def write(self, messages: bytes) -> None:
        """Send whole messages, read or not."""
        if self._transport is not None and not self._has_ended:
            self._transport.write(messages)

    @property
    def unread_bytes(self) -> int:
        """Bytes that the kernel did not take."""
        return self._transport.get_write_buffer_size() if self._transport else 0

    def watch(self, now: float) -> None:
        """Notice a client that no longer reads: the kernel's buffers are full, ours fills up."""
        if self._has_ended or not self.unread_bytes:
            self._unread_since = None
        elif self._unread_since is None:
            self._unread_since = now
        elif now - self._unread_since > UNREAD_S:
            self._harm(Harm.STOPPED_READING)

    def end(self, kind: EndKind) -> None:
        """End as the PBX does: with a close frame, or without a word."""
        assert self._transport is not None
        self._has_ended = True
        if kind is EndKind.HANG_UP:
            self._transport.write(_HANG_UP)
            self._transport.close()
        else:
            self._transport.abort()

    def _refuse_garbage(self) -> None:
        assert self._transport is not None
        self._handshake, self._has_ended = None, True
        self._transport.write(refuse().serialize())
        self._transport.close()

    def _is_live(self) -> bool:
        return self._channel is not None and not self._has_ended

    def _name(self) -> str:
        return self._channel.script.name if self._channel else "no channel"

    def _harm(self, harm: Harm) -> None:
        assert self._channel is not None
        self._has_ended = True
        self._simulator.report(harm, self._name())
        self._simulator.freeze(self._channel)

    def _answer(self, handshake: ServerProtocol, request: Request) -> None:
        assert self._transport is not None
        response = judge_request(handshake, request)
        name = next(
            (value for key, value in request.headers.raw_items() if key == CHANNEL_HEADER), None
        )
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            self._channel = self._simulator.attach(self, name) if name is not None else None
        if not self._simulator.answers:
            return
        self._transport.write(response.serialize())
        if self._channel is None:
            if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
                self._transport.write(_HANG_UP)
            self._has_ended = True
            self._transport.close()


def _encode(script: ChannelScript) -> list[bytes]:
    return [Frame(Opcode.BINARY, frame.data).serialize(mask=False) for frame in script.frames]


@asynccontextmanager
async def open_simulator(
    simulator: StreamChannelSimulator,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    is_paced: bool = True,
) -> AsyncIterator[StreamChannelSimulator]:
    """Listen, and play in real time unless `is_paced` is False; the port is in `simulator.port`.

    Raises:
        OSError: The port is taken.
    """
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Client(simulator), host, port, ssl=tls, backlog=1024)
    simulator.port = server.sockets[0].getsockname()[1]
    pacer = asyncio.ensure_future(_pace(simulator)) if is_paced else None
    try:
        yield simulator
    finally:
        if pacer is not None:
            pacer.cancel()
            await asyncio.wait([pacer])
        server.close()


async def _pace(simulator: StreamChannelSimulator) -> None:
    while True:
        simulator.advance(simulator.clock())
        await asyncio.sleep(_TICK_S)
