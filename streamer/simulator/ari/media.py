"""The connections of external media, and the pace at which their audio comes: a frame every 20 ms, and none while nothing is in the bridge.

AudioSocket: we connect, say the UUID, and send. WebSocket: somebody connects to `/media/ID` within 30 s, once.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from aiohttp import WSMsgType, web

from streamer.errors import UnreachableError
from streamer.simulator.ari.externals import Asked
from streamer.simulator.ari.faults import Faults, RefusalError, refuse_allocation
from streamer.simulator.ari.pbx import Fields, SimulatedPbx
from streamer.simulator.ari.sound import FRAME_S, convert, convert_back, hear
from streamer.simulator.dialling import connect_first, resolve
from streamer.wire.audiosocket import TERMINATE, encode_identifier
from streamer.wire.websocket.chan_websocket import encode_json, encode_plain

OFFERED_S = 30.0
_MOST_BEHIND = 50
"""Frames that may wait for who does not read; further ones are lost."""
_MOST_BACK = 1 << 20
"""Bytes that may have come back and wait; further ones are lost."""
_KINDS = {"slin16": 0x12}
_OTHER_KIND = 0x10


class Line(Protocol):
    """A connection that takes frames; `came` is what has come back and was not heard yet."""

    came: bytearray

    def send(self, frame: bytes) -> None:
        """Send a frame in the format of the medium."""

    def close(self) -> None:
        """End the connection; the channel has ended."""

    def break_off(self) -> None:
        """Break the connection off, without a word."""


@dataclass
class _Medium:
    asked: Asked
    line: Line

    def take_back(self) -> bytes | None:
        """Return the next frame that has come back, if there is a whole one."""
        size = self.asked.frame_size
        if len(self.line.came) < size:
            return None
        piece = bytes(self.line.came[:size])
        del self.line.came[:size]
        return convert_back(piece, self.asked.format)


@dataclass
class Offer:
    """A channel that waits at `/media/ID`."""

    channel: Fields
    asked: Asked
    timer: asyncio.TimerHandle | None = None
    is_taken: bool = False


class Media:
    """All connections of a PBX; `on_lost` is called with the channel whose other side has gone."""

    def __init__(
        self, pbx: SimulatedPbx, faults: Faults, on_lost: Callable[[Fields], None], speed: float
    ) -> None:
        self.offers: dict[str, Offer] = {}
        self._pbx = pbx
        self._faults = faults
        self._on_lost = on_lost
        self._frame_s = FRAME_S / speed
        self._speed = speed
        self._media: dict[str, _Medium] = {}
        pbx.on_ended.append(self._close)

    async def pace(self) -> None:
        """Send what is due, for ever."""
        due = time.monotonic()
        while True:
            due += self._frame_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.advance()

    def advance(self) -> None:
        """Send a frame of everything that sounds."""
        self._pbx.at += FRAME_S
        for id, medium in self._media.items():
            if id in self._pbx.inside:
                self._pbx.inside[id].sent_back = medium.take_back()
        for id, medium in list(self._media.items()):
            frame = hear(self._pbx, id) if id in self._pbx.channels else None
            if frame is not None:
                medium.line.send(convert(frame, medium.asked.format))

    async def connect(self, asked: Asked) -> AudioSocketLine:
        """Connect to who shall get the audio.

        Raises:
            RefusalError: Nobody answers.
        """
        try:
            if self._faults.cannot_connect:
                raise UnreachableError("no route")
            sock = await connect_first(await resolve(asked.host, asked.port))
            line = AudioSocketLine(asked)
            await asyncio.get_running_loop().create_connection(lambda: line, sock=sock)
        except (UnreachableError, OSError) as error:
            raise refuse_allocation() from error
        return line

    def take(self, channel: Fields, asked: Asked, line: Line) -> None:
        """Let a channel's audio go over a connection."""
        self._media[channel["id"]] = _Medium(asked, line)

    def lose(self, channel: Fields) -> None:
        """The other side has gone."""
        if channel["id"] in self._media:
            self._on_lost(channel)

    def offer(self, channel: Fields, asked: Asked) -> None:
        """Let a channel wait for somebody."""
        offer = Offer(channel, asked)
        wait_s = OFFERED_S / self._speed
        loop = asyncio.get_running_loop()
        offer.timer = loop.call_later(wait_s, self._on_lost, channel)
        self.offers[asked.data] = offer

    def break_off(self) -> None:
        """Break every connection off, as a network does; the channels end, their calls go on."""
        for medium in list(self._media.values()):
            medium.line.break_off()

    async def close(self) -> None:
        """Drop every connection."""
        for id in list(self._media):
            self._close(id)
        for offer in self.offers.values():
            if offer.timer:
                offer.timer.cancel()

    def _close(self, id: str) -> None:
        for key, offer in list(self.offers.items()):
            if offer.channel["id"] == id:
                if offer.timer:
                    offer.timer.cancel()
                del self.offers[key]
        if medium := self._media.pop(id, None):
            medium.line.close()


class AudioSocketLine(asyncio.Protocol):
    """A connection to an AudioSocket server; `on_lost` is called when that closes or asks for the end."""

    def __init__(self, asked: Asked) -> None:
        self.on_lost: Callable[[], None] | None = None
        self._asked = asked
        self._kind = _KINDS.get(asked.format, _OTHER_KIND)
        self.came = bytearray()
        self._rest = b""
        self._is_lost = False

    def begin(self, on_lost: Callable[[], None]) -> None:
        """Say who calls; nothing that came before is forgotten."""
        self.on_lost = on_lost
        self._transport.write(encode_identifier(UUID(self._asked.data)))
        if self._is_lost:
            on_lost()

    def send(self, frame: bytes) -> None:
        """Send a frame, unless the other side does not read."""
        if self._transport.get_write_buffer_size() < _MOST_BEHIND * len(frame):
            self._transport.write(bytes([self._kind]) + len(frame).to_bytes(2, "big") + frame)

    def close(self) -> None:
        """End the connection."""
        self._transport.close()

    def break_off(self) -> None:
        """Break the connection off, without a word."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take audio, and look for the end."""
        self._rest += data
        while len(self._rest) >= len(TERMINATE):
            end = len(TERMINATE) + int.from_bytes(self._rest[1:3], "big")
            if self._rest[0] == TERMINATE[0]:
                self._lose()
            if len(self._rest) < end:
                return
            if self._rest[0] >= _OTHER_KIND:
                _keep(self.came, self._rest[len(TERMINATE) : end])
            self._rest = self._rest[end:]

    def connection_lost(self, exc: Exception | None) -> None:
        """End the channel."""
        self._lose()

    def _lose(self) -> None:
        if not self._is_lost:
            self._is_lost = True
            if self.on_lost:
                self.on_lost()


@dataclass
class WebSocketLine:
    """Somebody who has connected to `/media/ID`."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport | None = None
    came: bytearray = field(default_factory=bytearray)
    waiting: asyncio.Queue[bytes | None] = field(
        default_factory=lambda: asyncio.Queue(_MOST_BEHIND)
    )

    def send(self, frame: bytes) -> None:
        """Send a frame, unless the other side does not read."""
        with suppress(asyncio.QueueFull):
            self.waiting.put_nowait(frame)

    def close(self) -> None:
        """End the connection after what waits."""
        while self.waiting.full():
            self.waiting.get_nowait()
        self.waiting.put_nowait(None)

    def break_off(self) -> None:
        """Break the connection off, without a word."""
        if self.transport is not None:
            self.transport.abort()

    async def send_all(self) -> None:
        """Send what waits, to the end."""
        with suppress(ConnectionError):
            while (frame := await self.waiting.get()) is not None:
                await self.socket.send_bytes(frame)
            await self.socket.close()

    async def read_to_end(self) -> None:
        """Read until the other side closes, or hangs up."""
        async for message in self.socket:
            if message.type is WSMsgType.TEXT and _is_hangup(message.data):
                return
            if message.type is WSMsgType.BINARY:
                _keep(self.came, message.data)


def check_offer(media: Media, request: web.Request) -> Offer:
    """Return what somebody connects to.

    Raises:
        RefusalError: There is nothing, it is taken, or the sub-protocol is another one.
    """
    offer = media.offers.get(request.match_info["id"])
    if offer is None:
        raise RefusalError(404, "Not Found")
    if offer.is_taken:
        raise RefusalError(409, "Conflict")
    if "media" not in request.headers.get("Sec-WebSocket-Protocol", ""):
        raise RefusalError(400, "Bad Request")
    return offer


def tell_start(channel: Fields, asked: Asked) -> str:
    """Return the first message of a medium."""
    fields = {
        "connection_id": asked.data,
        "channel": channel["name"],
        "channel_id": channel["id"],
        "format": asked.format,
        "optimal_frame_size": asked.frame_size,
        "ptime": 20,
    }
    if asked.options != "f(json)":
        return encode_plain({"event": "MEDIA_START"} | {k: str(v) for k, v in fields.items()})
    variables = {
        "MEDIA_WEBSOCKET_CONNECTION_ID": asked.data,
        "MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE": str(asked.frame_size),
    }
    return encode_json({"event": "MEDIA_START", **fields, "channel_variables": variables})


def _keep(came: bytearray, audio: bytes) -> None:
    if len(came) < _MOST_BACK:
        came += audio


def _is_hangup(text: str) -> bool:
    if text.strip() == "HANGUP":
        return True
    try:
        document = json.loads(text)
    except ValueError:
        return False
    return isinstance(document, dict) and document.get("command") == "HANGUP"
