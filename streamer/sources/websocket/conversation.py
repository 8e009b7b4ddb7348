"""The frames of one WebSocket, without the socket: bytes in, messages out, and back.

Every frame is judged by its header, before its payload comes: what is longer than `MOST_MESSAGE` ends the connection with 1009.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import SEND_EOF, State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from streamer.sources.websocket.request import read_upgrade
from streamer.wire.websocket.base import Upgrade

MOST_MESSAGE = 1 << 18
"""Bytes of a message; the longest that a PBX sends, a second of base64 at 48 kHz, has half of them."""

BYTES_AS_FRAME = 1 << 13
"""Bytes that count as one more frame; audio of 192 kHz in base64 comes in pieces of this size."""

_LONGEST_REASON = 120
"""Bytes of a close's reason; a control frame has 125."""

_BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 28\r\nConnection: close\r\n\r\n"
    b"this is not an HTTP request\n"
)

_mute = logging.getLogger(__name__)
"""For websockets, which would log requests, and so the secrets in them."""
_mute.setLevel(logging.CRITICAL + 1)


class Conversation:
    """One connection's frames; what is to be sent waits in `take_output`."""

    def __init__(self) -> None:
        self._protocol = ServerProtocol(
            max_size=MOST_MESSAGE,
            select_subprotocol=lambda _, offered: self._choose(offered),
            logger=_mute,
        )
        self.weight = 0
        """Frames that have come, of any kind, long ones counted as several; whoever looks sets it to 0."""
        self._request: Request | None = None
        self._unasked = b""
        """An answer to what is no request."""
        self._subprotocol = ""
        self._parts = bytearray()
        """Of a message that comes in fragments; bounded by `MOST_MESSAGE`."""
        self._is_text = False

    def read_request(self, head: bytes) -> Upgrade | None:
        """Take a whole request, and return it; None for what is none, which is answered by then."""
        self._protocol.receive_data(head)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._request = event
                return read_upgrade(event.path, list(event.headers.raw_items()))
        self._unasked = _BAD_REQUEST
        return None

    def accept(self, subprotocol: str) -> bool:
        """Answer the request with a WebSocket, of a sub-protocol that was offered or of none; say whether it asked for one rightly."""
        assert self._request is not None
        self._subprotocol = subprotocol
        self._protocol.send_response(self._protocol.accept(self._request))
        return self._protocol.state is State.OPEN

    def reject(self, status: int, text: str, headers: Headers | None = None) -> None:
        """Answer the request with a status and a line."""
        response = self._protocol.reject(status, text + "\n")
        response.headers.update(headers or Headers())
        self._protocol.send_response(response)

    def feed(self, data: bytes) -> Iterator[str | bytes]:
        """Take bytes, and return whole messages."""
        self._protocol.receive_data(data)
        for frame in self._protocol.events_received():
            if not isinstance(frame, Frame):
                continue
            self.weight += 1 + len(frame.data) // BYTES_AS_FRAME
            if frame.opcode not in _WITH_MESSAGE:
                continue
            if frame.opcode is not Opcode.CONT:
                self._is_text = frame.opcode is Opcode.TEXT
                self._parts.clear()
            if frame.fin and frame.opcode is not Opcode.CONT:
                yield self._read(bytes(frame.data))
                continue
            self._parts += frame.data
            if frame.fin:
                yield self._read(bytes(self._parts))
                self._parts.clear()

    def send(self, message: str | bytes) -> None:
        """Send a message, unless the connection is being closed."""
        if self._protocol.state is not State.OPEN:
            return
        if isinstance(message, str):
            self._protocol.send_text(message.encode("utf-8", "replace"))
        else:
            self._protocol.send_binary(message)

    def close(self, code: int, reason: str = "") -> None:
        """Begin to close, unless that has happened."""
        if self._protocol.state is State.OPEN:
            short = reason.encode("utf-8", "replace")[:_LONGEST_REASON].decode("utf-8", "ignore")
            self._protocol.send_close(code, short)

    def take_output(self) -> tuple[bytes, bool]:
        """Return what is to be sent now, and whether the connection is over with it."""
        unasked, self._unasked = self._unasked, b""
        writes = self._protocol.data_to_send()
        return b"".join([unasked, *writes]), SEND_EOF in writes

    @property
    def is_open(self) -> bool:
        """Whether messages may go both ways."""
        return self._protocol.state is State.OPEN

    @property
    def is_closed_by_peer(self) -> bool:
        """Whether the peer has said that it is over."""
        return self._protocol.close_rcvd is not None

    @property
    def failure(self) -> str:
        """What the peer did against the protocol, an untrusted line; empty if nothing."""
        error = self._protocol.parser_exc
        return str(error) if error is not None and not isinstance(error, EOFError) else ""

    def _choose(self, offered: object) -> Subprotocol | None:
        return Subprotocol(self._subprotocol) if self._subprotocol else None

    def _read(self, data: bytes) -> str | bytes:
        # What is no UTF-8 is for the shape to judge: it ends no call.
        return data.decode("utf-8", "replace") if self._is_text else data


_WITH_MESSAGE = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})
