"""One leg that we fetch from Asterisk's chan_websocket, from its connection to its end.

Theory of operation. Asterisk's channel waits at an address; connecting to it is what makes it a party of the call. MEDIA_START says what its
audio is, and what comes before that is kept. No keeper holds the socket: when this process ends, Asterisk hangs the channel up, as it
does when we send HANGUP. No pings are sent, for older versions hang up because of them.

    CONNECTING --101--> OPENING --MEDIA_START--> LIVE --its close--> CLOSED
        `--refused-----------`--nothing in OPENING_S--^  `--leave--> HANGUP, then its close, or GOODBYE_S
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
)
from websockets.typing import Subprotocol

from streamer.core.audio import Leg
from streamer.core.events import Cause, EndReason
from streamer.core.reasons import find_cause
from streamer.errors import SourceError, StreamerError, UnreachableError
from streamer.sources.base import Inbox, LegClosed, LegOpened, RateKnown, Sent, StreamItem
from streamer.sources.handshake import FAILURES, explain_failure
from streamer.sources.one_way import ReturnWatch
from streamer.sources.playout import Echo, FrameClock, Playback, watch_return
from streamer.sources.programme import Programme
from streamer.sources.stream_channel.address import Address
from streamer.sources.tcp import connect_tcp
from streamer.sources.websocket.caller import Caller
from streamer.sources.websocket.connection import GOODBYE_S, OPENING_S
from streamer.sources.websocket.conversation import MOST_MESSAGE
from streamer.sources.websocket.playout import WebPlayout
from streamer.sources.websocket.traffic import LONGEST_REST_S
from streamer.wire.stream_channel import public_url
from streamer.wire.websocket import base as wire
from streamer.wire.websocket.chan_websocket import SUBPROTOCOL, ChanWebSocket
from streamer.wire.websocket.incoming import explain_refusal

_log = logging.getLogger(__name__)


class WaitingLeg:
    """One leg's connection; a member of its own `Caller`, whose items it hands on under the leg's number."""

    def __init__(
        self,
        number: int,
        leg: Leg,
        inbox: Inbox,
        clock: Callable[[], float],
        *,
        frame_clock: FrameClock,
        playback: Playback | None,
    ) -> None:
        self.legs = (leg,)
        self.is_closed = False
        self._is_leaving = False
        self._number = number
        self._inbox = inbox
        self._clock = clock
        self._shape = ChanWebSocket(wire.Upgrade("/"))
        self._connection: ClientConnection | None = None
        self._caller = Caller(leg.channel, clock=clock, make_call=self._begin, on_audio=self._echo)
        self._rate = 0
        self.sent = Sent()
        self.programme = Programme(playback, on_added=self._play, on_dropped=self._drop)
        self._playback = playback
        self._playout: WebPlayout | None = None
        self._frame_clock = frame_clock
        self._outbox: asyncio.Queue[str | bytes] = asyncio.Queue()  # empty before the next frame

    async def run(self, address: Address) -> None:
        """Connect and pass everything on; failing is an item of the stream, not an exception."""
        try:
            self._connection = connection = await _connect(address)
            sending = asyncio.ensure_future(self._send_all(connection))
            try:
                await self._converse(connection)
            finally:
                self._stop_playing()
                sending.cancel()
        except StreamerError as error:
            self._close(EndReason.REFUSED, error)
        except Exception:  # noqa: BLE001 - a leg that nobody ends would never end
            _log.exception("cannot fetch %s", self.legs[0].channel)
            fault = f"{self.legs[0].channel} broke off, by a fault of streamer's; see the log"
            self._close(EndReason.LOST, SourceError(fault))

    async def hang_up(self) -> None:
        """Have Asterisk hang the channel up; idempotent."""
        self.is_closed = self._is_leaving = True
        self._stop_playing()
        connection = self._connection
        if connection is None:
            return
        with suppress(ConnectionClosed, OSError, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                if self.sent.frames:
                    await connection.send(self._shape.speaker.flush())
                await connection.send(self._shape.speaker.hang_up())
                await connection.wait_closed()
        with suppress(ConnectionClosed, OSError, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await connection.close()
        connection.transport.abort()

    def leave(self) -> None:
        """Do nothing: `hang_up` ends the leg."""

    def finish(self) -> None:
        """Do nothing: the leg is the whole call of its caller."""

    def put(self, item: StreamItem) -> None:
        """Hand an item of our caller's on."""
        if isinstance(item, LegOpened):
            self._inbox.put(LegOpened(self._number, has_rate=False))
            self._inbox.put(RateKnown(self._number, self._rate))
        elif isinstance(item, LegClosed) or not self.is_closed:
            self._inbox.put(replace(item, leg=self._number))

    def add_leg(self, leg: Leg) -> int:
        """Cannot happen: one channel is one leg."""
        raise NotImplementedError

    def _begin(self, leg: Leg, message: wire.LegBegun) -> WaitingLeg:
        self._rate = leg.rate
        if message.format is not None:
            self._playout = WebPlayout(
                self._shape.speaker,
                self.programme,
                message.format,
                frame_bytes=message.frame_bytes,
                sent=self.sent,
                send=self._outbox.put_nowait,
                unsent=self._count_unsent,
                watch=watch_return(self._playback),
            )
        if self._playback is not None:
            self._play()
        return self

    @property
    def watch(self) -> ReturnWatch | None:
        """What watches the way back; None before there is one."""
        return self._playout.watch if self._playout is not None else None

    def _play(self) -> None:
        if self._playout is not None and not self.is_closed:
            self._frame_clock.start(self._playout.play)

    def _drop(self) -> None:
        if self._playout is not None and not self.is_closed:
            self._playout.drop()

    def _stop_playing(self) -> None:
        if self._playout is not None:
            self._frame_clock.stop(self._playout.play)

    def _echo(self, pcm: bytes) -> None:
        if isinstance(self._playback, Echo):
            self._playback.hear(pcm, self._rate)

    def _count_unsent(self) -> int:
        connection = self._connection
        waiting = connection.transport.get_write_buffer_size() if connection else 0
        return self._outbox.qsize() + waiting

    async def _send_all(self, connection: ClientConnection) -> None:
        with suppress(ConnectionClosed, OSError):
            while True:
                await connection.send(await self._outbox.get())

    async def _converse(self, connection: ClientConnection) -> None:
        failure: BaseException | None = None
        try:
            async with asyncio.timeout(OPENING_S) as opening:
                async for message in connection:
                    self._listen(message)
                    if self._caller.call is not None:
                        opening.reschedule(None)
                    if self.is_closed and not self._is_leaving:
                        await connection.close()
                    if pause_s := self._caller.pause_s:
                        self._caller.pause_s = 0.0
                        await asyncio.sleep(min(pause_s, LONGEST_REST_S))
        except TimeoutError:
            await connection.close()
            raise self._explain_muteness() from None
        except ConnectionClosed as closed:
            failure = closed.__cause__
        self._judge_end(connection, failure)

    def _explain_muteness(self) -> UnreachableError:
        return UnreachableError(
            f"{public_url(self.legs[0].channel)} did not say within {OPENING_S:.0f} s what its audio is, as chan_websocket does;"
            " check host, port and path"
        )

    def _listen(self, message: str | bytes) -> None:
        shape, now = self._shape, self._clock()
        taken = shape.take_text(message) if isinstance(message, str) else shape.take_bytes(message)
        for one in taken:
            match one:
                case wire.CallEnded(cause):
                    self._close(EndReason.HANG_UP, cause=cause)
                case wire.CallBegun():
                    pass
                case wire.FlowChanged(may_send):
                    if self._playout is not None:
                        self._playout.may_send = may_send
                case wire.MarkReached():
                    if self._playout is not None:
                        self._playout.watch.reach_mark()
                case wire.LegBegun():
                    if why := self._caller.take(one, now, self):
                        self._close(EndReason.REFUSED, UnreachableError(self._say(why)))
                case _:
                    self._caller.take(one, now, self)

    def _judge_end(self, connection: ClientConnection, failure: BaseException | None) -> None:
        """Say how a connection ended that Asterisk has closed, or nobody."""
        garbage = connection.protocol.parser_exc
        if self._caller.call is None:
            early = self._say("hung up before it said what its audio is")
            self._close(EndReason.REFUSED, UnreachableError(early))
        elif isinstance(failure, OSError) and not isinstance(failure, ConnectionError):
            lost = self._say(f"is lost: {find_cause(failure)}; check the network")
            self._close(EndReason.LOST, SourceError(f"the connection to {lost}"))
        elif garbage is not None and not isinstance(garbage, EOFError):
            self._close(EndReason.HANG_UP, note=self._say(f"broke the protocol: {garbage}"))
        else:
            is_closed = connection.protocol.close_rcvd is not None
            note = "" if is_closed else "the connection ended without a close"
            self._close(EndReason.HANG_UP, note=note)

    def _say(self, what: str) -> str:
        return f"{self.legs[0].channel} {what}"

    def _close(
        self,
        reason: EndReason,
        error: StreamerError | None = None,
        note: str = "",
        cause: Cause | None = None,
    ) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        if self._caller.call is not None:
            self._caller.close(self, reason, error, note, cause)
        else:
            self._inbox.put(LegClosed(self._number, reason, error, note, cause))


async def _connect(address: Address) -> ClientConnection:
    """Return an open connection.

    Raises:
        StreamerError: There is none; the message says why, and what to do.
    """
    sock = await connect_tcp(address.url, timeout_s=address.open_timeout_s)
    try:
        return await connect(
            address.url,
            sock=sock,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            additional_headers=list(address.headers),
            open_timeout=address.open_timeout_s,
            close_timeout=GOODBYE_S,
            ping_interval=None,
            compression=None,
            max_size=MOST_MESSAGE,
            user_agent_header=None,
            proxy=None,
            **_encrypt(address),
        )
    except FAILURES as error:
        raise explain_failure(
            error,
            address.url,
            timeout_s=address.open_timeout_s,
            explain_status=explain_refusal,
            otherwise="did not answer as a WebSocket of Asterisk",
        ) from error


def _encrypt(address: Address) -> dict[str, Any]:
    parts = urlsplit(address.url)
    if parts.scheme != "wss":
        return {}
    return {"ssl": address.tls or ssl.create_default_context(), "server_hostname": parts.hostname}
