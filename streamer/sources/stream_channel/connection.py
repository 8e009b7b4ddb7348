"""One leg's socket, from its connection to its end; see `streamer.sources.stream_channel` for the rules."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

from streamer.core.audio import AudioChunk, Leg
from streamer.core.events import EndReason
from streamer.errors import SourceError, StreamerError
from streamer.keeper.client import Hold, Keeper
from streamer.media.pace import PaceWatch
from streamer.sources.admission import MOST_AHEAD_S, Pace
from streamer.sources.base import Inbox, LegClosed, LegOpened, Odd
from streamer.sources.handshake import FAILURES, explain_failure, find_answer
from streamer.sources.stream_channel.address import Address
from streamer.sources.tcp import connect_tcp
from streamer.wire import stream_channel as wire

_log = logging.getLogger(__name__)


class _QuietConnection(ClientConnection):
    """A websocket connection that hands each frame on at once, and does nothing that could harm the call."""

    def __init__(self, *arguments: Any, leg: LegReader, **options: Any) -> None:
        self._leg = leg
        super().__init__(*arguments, **options)

    def send_data(self) -> None:
        """Send the request and answers to the PBX; never a close of our own, never a half-close."""
        is_ours_to_say = self.protocol.close_sent is None or self.protocol.close_rcvd is not None
        for data in self.protocol.data_to_send():
            if data and is_ours_to_say:
                self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        """Parse what has come, unless the keeper may be reading the same socket by now."""
        if self._leg.may_read():
            super().data_received(data)
            if self.protocol.handshake_exc is not None and not self.response_rcvd.done():
                self.response_rcvd.set_result(
                    None
                )  # websockets would wait for the close that we never send
            if self.protocol.parser_exc is not None and self.protocol.close_rcvd is None:
                self._leg.on_garbage(self.protocol.parser_exc)

    def process_event(self, event: Event) -> None:
        """Pass frames on without a queue in between."""
        if self.response is None:
            super().process_event(event)
            if self.protocol.handshake_exc is None:
                # At once, because frames and even the close may come in the same packet.
                self._leg.on_open(self)
        elif isinstance(event, Frame):
            self._leg.on_frame(event)

            if event.opcode is Opcode.CLOSE:
                self._report_end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end of a connection that ended without a close frame."""
        super().connection_lost(exc)
        self._report_end()

    def _report_end(self) -> None:
        close = self.protocol.close_rcvd
        self._leg.on_end(close.code if close else None, close.reason if close else "")


@dataclass(slots=True)
class LegReader:
    """One leg's socket, from its connection to its end."""

    number: int
    leg: Leg
    inbox: Inbox
    keeper: Keeper
    clock: Callable[[], float]
    hold: Hold | None = None
    connection: ClientConnection | None = None
    is_closed: bool = False
    _frames: int = 0
    _pace: Pace | None = None
    _watch: PaceWatch = field(default_factory=PaceWatch)
    _opened_at: float | None = None
    _half_sample: bytes = b""
    _is_in_text: bool = False
    _said: set[str] = field(default_factory=set)

    async def open(self, address: Address) -> None:
        """Connect; failing is an item of the stream, not an exception."""
        try:
            await self._open(address)
        except StreamerError as error:
            self._close(EndReason.REFUSED, error)
        except Exception:  # noqa: BLE001 - a leg that nobody ends would never end
            _log.exception("cannot open %s", self.leg.channel)
            self._close(
                EndReason.REFUSED,
                SourceError(
                    f"cannot open {self.leg.channel}, by a fault of streamer's; see the log"
                ),
            )

    def may_read(self) -> bool:
        """Say whether this process may still read: once the keeper may have begun to read, the stream is torn."""
        if self.keeper.is_late and not self.is_closed:
            self.give_up()
        return not self.is_closed

    def on_open(self, connection: ClientConnection) -> None:
        """The PBX has accepted the connection."""
        self.connection = connection
        self._opened_at = self.clock()
        self._pace = Pace(self._opened_at)
        self.inbox.put(LegOpened(self.number))

    def on_frame(self, frame: Frame) -> None:
        """Turn a frame into audio; a message in fragments is audio as it comes."""
        if frame.opcode is Opcode.TEXT or (self._is_in_text and frame.opcode is Opcode.CONT):
            self._is_in_text = not frame.fin
            self._report_odd("sent a text message, which stream-channel never does; it is ignored")
        elif frame.opcode in (Opcode.BINARY, Opcode.CONT):
            self._on_audio(
                self._half_sample + frame.data if self._half_sample else bytes(frame.data),
                frame.fin,
            )

    def on_garbage(self, error: Exception) -> None:
        """End a leg whose bytes are not websocket frames; the keeper reads on."""
        self._close(
            EndReason.LOST,
            SourceError(
                f"{self.leg.channel} sent bytes that are not a websocket frame; check what stands between streamer and the PBX"
            ),
        )

    def on_end(self, close_code: int | None, close_reason: str) -> None:
        """Judge the end of an open connection; one that never opened is judged by `open`."""
        if self._opened_at is None:
            return
        ending = wire.judge_end(
            self.leg.channel,
            close_code=close_code,
            close_reason=close_reason,
            frames=self._frames,
            open_s=self.clock() - self._opened_at,
        )
        self._close(ending.reason, ending.error, ending.note)

    def give_up(self) -> None:
        """End a leg that the keeper has taken over."""
        self._close(
            EndReason.LOST,
            SourceError(
                f"{self.keeper.why_lost}; recording of this call ended; the call itself goes on"
            ),
        )

    def leave(self) -> None:
        """Stop reading; the keeper drains the socket to the call's end."""
        self.is_closed = True
        self._let_go(was_attached=True)

    def _on_audio(self, message: bytes, is_complete: bool) -> None:
        audio = cast(wire.Audio, wire.parse_message(message))
        self._half_sample = message[len(audio.pcm) :] if not is_complete else b""
        if is_complete and audio.odd_bytes:
            self._report_odd(
                "sent an odd number of bytes; half a sample is dropped each time", audio.odd_bytes
            )
        self._frames += 1
        if audio.pcm:
            chunk = AudioChunk(self.number, audio.pcm, self.clock())
            if self._is_too_early(chunk):
                self._discard(chunk)
            else:
                self.inbox.put(chunk)

    def _is_too_early(self, chunk: AudioChunk) -> bool:
        """Say whether a chunk cannot have been said yet by far; what comes at once after a stall has been said meanwhile.

        Of a leg that has once run rightly, the timeline leaves out what comes too fast.
        """
        assert self._pace is not None, "frames come after the opening"
        self._watch.take(chunk.samples / self.leg.rate, chunk.arrival)
        if self._pace.ahead_s(chunk.arrival) > MOST_AHEAD_S and not self._watch.is_proven:
            return True
        self._pace.take(chunk.samples / self.leg.rate, chunk.arrival)
        return False

    def _discard(self, chunk: AudioChunk) -> None:
        """Drop what would only fill the disk; the socket is read on, since a peer that is not read may be frozen."""
        self.inbox.lost[self.number] += chunk.samples
        self._report_odd(
            f"sends audio faster than real time; what is more than {MOST_AHEAD_S:.0f} s ahead is discarded",
            frames=0,
        )

    def _report_odd(self, what: str, odd_bytes: int = 0, *, frames: int = 1) -> None:
        message = "" if what in self._said else f"{self.leg.channel} {what}"
        self._said.add(what)
        self.inbox.put(Odd(self.number, message, odd_bytes, frames))

    async def _open(self, address: Address) -> None:
        sock = await connect_tcp(address.url, timeout_s=address.open_timeout_s)
        try:
            self.hold = await self.keeper.hold(sock)
        except BaseException:
            sock.close()
            raise
        try:
            await self._upgrade(sock, address)
        except asyncio.CancelledError:
            self.leave()  # the PBX may have attached by now
            raise

    async def _upgrade(self, sock: socket.socket, address: Address) -> None:
        parts = urlsplit(address.url)
        options: dict[str, Any] = {}
        if parts.scheme == "wss":
            options = {
                "ssl": address.tls or ssl.create_default_context(),
                "server_hostname": parts.hostname,
            }
        try:
            await connect(
                address.url,
                sock=sock,
                subprotocols=cast(Any, [wire.SUBPROTOCOL]),
                additional_headers=wire.request_headers(self.leg.channel, extra=address.headers),
                open_timeout=address.open_timeout_s,
                ping_interval=None,
                compression=None,
                max_size=None,
                max_queue=None,
                proxy=None,
                create_connection=cast(Any, partial(_QuietConnection, leg=self)),
                **options,
            )
        except FAILURES as error:
            self._let_go(was_attached=_may_be_attached(error))
            is_refused = isinstance(error, WebSocketException)
            raise explain_failure(
                error,
                address.url,
                timeout_s=address.open_timeout_s,
                explain_status=wire.explain_status,
                otherwise="is not Asterisk's websocket"
                if is_refused
                else "did not answer as a websocket",
            ) from error

    def _close(self, reason: EndReason, error: StreamerError | None = None, note: str = "") -> None:
        if not self.is_closed:
            self.leave()
            self.inbox.put(LegClosed(self.number, reason, error, note))

    def _let_go(self, *, was_attached: bool) -> None:
        """Drop our descriptor, which the peer cannot see; the keeper reads its own to the peer's end, if there was a call."""
        if self.hold is not None:  # first, because a new keeper needs the open descriptor
            if was_attached:
                self.hold.drain()
            else:
                self.hold.release()
            self.hold = None
        if self.connection is not None:
            self.connection.transport.abort()


def _may_be_attached(error: Exception) -> bool:
    """Say whether the PBX may have accepted a connection that was not opened."""
    return find_answer(error) is None and not isinstance(error, ssl.SSLError | ValueError)
