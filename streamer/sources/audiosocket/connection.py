"""One AudioSocket connection, from its acceptance to its end.

Theory of operation. The socket is in the path of the call, so nothing here may end a call by accident. The keeper holds a second
descriptor, with a farewell. Reading never stops, except for a peer that sends faster than real time, or more frames than any PBX does: a few
of its frames are taken a turn, and the rest waits in the kernel, so that all others have their turns. A peer that is
refused gets `terminate` and is read to its end: closing a socket with unread bytes resets the connection, which hangs the caller up.

    WAITING --first byte--> IDENTIFYING --UUID, admitted--> LIVE --its end--> CLOSED
       |                         |                           |
       |                         `--refused-- LEAVING <--stopped
       `--nothing came--> CLOSED               `--its end, or GOODBYE_S--> CLOSED

A call is announced once its rate is known, at the latest `RATE_WAIT_S` after its UUID.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Any, cast
from uuid import UUID

from streamer.core.addresses import show_address
from streamer.core.events import EndReason
from streamer.core.reasons import explain
from streamer.errors import KeeperError, SourceError, StreamerError
from streamer.keeper.client import Hold
from streamer.sources.audiosocket.base import Server
from streamer.sources.audiosocket.caller import AdmittedCaller, Identity
from streamer.sources.audiosocket.decoder import describe_beginning
from streamer.sources.audiosocket.share import Share
from streamer.sources.base import Odd
from streamer.sources.inbound import ServerOptions
from streamer.sources.tcp import has_left
from streamer.wire import audiosocket as wire
from streamer.wire.protocols import AUDIOSOCKET, explain_stop

FIRST_BYTE_S = 10.0
IDENTIFYING_S = 5.0
"""Seconds for the first byte, and from it to the whole UUID."""

RATE_WAIT_S = 2.0
"""Seconds that a call without audio waits to be announced; a caller may be silent for long."""

GOODBYE_S = 2.0
"""Seconds that a peer has to hang up after `terminate`."""

READ_SIZE = 1 << 12
"""Bytes that one caller may bring at a time. A telephone's 20 ms are less than twice that at any rate; without a bound a flood of the
smallest frames takes a second for each turn of the loop, and all other calls stand still meanwhile."""


class _State(Enum):
    WAITING = auto()
    IDENTIFYING = auto()
    LIVE = auto()
    LEAVING = auto()
    CLOSED = auto()


class Connection(asyncio.BufferedProtocol):
    """The protocol of one connection."""

    host: str
    peer: str
    """Its address, for people."""

    def __init__(self, options: ServerOptions, server: Server, *, has_spare: bool = False) -> None:
        self.caller: AdmittedCaller | None = None
        """Who it is, from its UUID on."""
        self._options = options
        self._server = server
        self._has_spare = has_spare
        """There was only a spare descriptor for it."""
        self._refusal: str | None = None
        """Why it is sent away unless it is registered."""
        self._state = _State.WAITING
        self._parser = wire.Parser()
        self._timer: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None
        self._hold: Hold | None = None
        self._has_made_room = False
        self._resting: asyncio.TimerHandle | None = None
        self._arrival = 0.0
        self._has_emptied = True
        self._share = Share(clock=options.clock, take=self._take, tell=self._note)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit the peer, or refuse it."""
        self._transport = cast(asyncio.Transport, transport)
        self.host, self.peer = _name_peer(transport.get_extra_info("peername"))
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._refusal = self._options.limiter.refuse(self.host)
        self._server.welcome(self)
        if self._has_spare:
            self._refuse("this process may open no more files; raise LimitNOFILE, or ulimit -n")
        elif self._refusal and self._options.is_expected is None:
            self._refuse(self._refusal)
        else:
            self._set_timer(FIRST_BYTE_S, self._transport.abort)  # a probe, no caller

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes go: one place for all, since making room for each would cost more than reading."""
        return self._server.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what has come."""
        self._take_note(has_emptied=nbytes < len(self._server.buffer))
        self._receive(bytes(self._server.buffer[:nbytes]))

    def _take_note(self, *, has_emptied: bool) -> None:
        """Note when the bytes came that have just been read."""
        self._arrival, self._has_emptied = self._options.clock(), has_emptied
        if self.caller is not None:
            self._arrival = self.caller.arrivals.read(self._arrival, has_emptied=has_emptied)

    def _receive(self, data: bytes) -> None:
        if self._state is _State.WAITING:
            self._state = _State.IDENTIFYING
            late = f"it did not send a UUID within {IDENTIFYING_S:.0f} s"
            self._set_timer(IDENTIFYING_S, lambda: self._refuse(late))
        if not self._may_read():
            return
        self._parser.feed(data)
        header = self._parser.header
        if self._state is _State.IDENTIFYING and header not in (None, wire.IDENTIFIER_HEADER):
            # Told by its header: whatever else it is may never complete a frame.
            beginning = describe_beginning(*header)
            self._refuse(f"it did not begin with a UUID but with {beginning}")
            return
        self._go_on()

    def _go_on(self) -> None:
        """Take the frames that have been read, a turn's share of them, and read on if that was all."""
        self._resting = None
        if not self._may_read():
            return
        rest_s = self._share.take_turn(self._parser.feed(b""))
        if self._state in (_State.IDENTIFYING, _State.LIVE):
            self._rest(rest_s)

    def _rest(self, rest_s: float | None) -> None:
        """Pause for so long and then go on; None reads on at once."""
        if self._transport.is_closing():
            return
        if rest_s is None:
            self._transport.resume_reading()
            return
        if self._share.is_flooded and has_left(self._transport.get_extra_info("socket")):
            # What it has left behind would be read for minutes, and nobody is there to say more.
            self._end(EndReason.HANG_UP)
            self._transport.abort()
            return
        if self._transport.is_reading():
            self._transport.pause_reading()
        if self.caller is not None:
            self.caller.arrivals.pause()
        self._resting = asyncio.get_running_loop().call_later(rest_s, self._go_on)

    def connection_lost(self, exc: Exception | None) -> None:
        """Judge how the connection ended."""
        for pending in (self._opening, self._resting):
            if pending is not None:
                pending.cancel()
        if self._state is _State.IDENTIFYING:
            self._say_refusal("it hung up before its UUID was complete")
        elif self._is_taken_over():
            self.give_up()
        elif self._state is _State.LIVE:
            self._read_the_rest()
        if self._state is _State.LIVE:
            self._end(*self._judge_end(exc))
        self._set_timer(0, None)
        self._state = _State.CLOSED
        self._end_admission()
        if self._hold is not None:
            self._hold.release()
            self._hold = None
        self._server.depart(self)

    @property
    def is_caller(self) -> bool:
        """Whether it is a live call."""
        return self._state is _State.LIVE

    @property
    def is_stranger(self) -> bool:
        """Whether it never was a call, so that it may be sent away to make room."""
        may_go = not (self.caller or self._has_spare or self._has_made_room)
        return may_go and self._state is not _State.CLOSED

    def make_room(self, why: str) -> None:
        """Send a stranger away at once."""
        self._has_made_room = True
        if self._state is not _State.LEAVING:
            self._say_refusal(why)
            self._say_goodbye()
        self._transport.abort()

    def dismiss(self) -> None:
        """Close a connection on which nothing has come yet."""
        if self._state is _State.WAITING:
            self._transport.abort()

    def leave(self) -> None:
        """Send `terminate`, and leave the socket to the keeper, which reads to its end; idempotent."""
        if self._state is _State.LIVE:
            self._say_goodbye()
            self._part_once_said()

    def resume_writing(self) -> None:
        """Leave once all is sent."""
        if self._state is _State.LEAVING:
            # Not at once: the transport, which calls this, would end twice.
            asyncio.get_running_loop().call_soon(self._part)

    def give_up(self) -> None:
        """End a call whose socket the keeper reads now; other calls go on."""
        if self._state is _State.LIVE and self.caller and self._hold is not None:
            self._hold = None
            keeper = self._options.keeper()
            why = keeper.why_lost if keeper else "the keeper has taken the call over"
            goes_on = explain_stop(AUDIOSOCKET.name, via=self.caller.via)
            lost = SourceError(f"{why}; recording of this call ended; {goes_on}")
            self._end(EndReason.LOST, lost)
            self._transport.abort()

    def _is_taken_over(self) -> bool:
        """Say whether the keeper has said our farewell: the peer has left because of that, and has not hung up."""
        keeper = self._options.keeper()
        return self._hold is not None and keeper is not None and keeper.has_taken_over()

    def _may_read(self) -> bool:
        keeper = self._options.keeper()
        if self._hold is not None and keeper is not None and keeper.is_late:
            self.give_up()
        return self._state in (_State.IDENTIFYING, _State.LIVE)

    def _read_the_rest(self) -> None:
        """Take what came before a reset, which was noticed first because our silence could not be sent any more.

        Of a caller beyond its budget the rest is dropped, for it would keep all others waiting.
        """
        with suppress(OSError), self._transport.get_extra_info("socket").dup() as sock:
            data = b""
            while self._share.take_within(self._parser.feed(data)) and (
                data := sock.recv(READ_SIZE)
            ):
                self._take_note(has_emptied=False)

    def _take(self, message: wire.Message, now: float) -> bool:
        """Take a frame, and say whether the connection goes on."""
        if self._state is _State.LIVE:
            self._listen(message, now)
        elif self._state is _State.IDENTIFYING and isinstance(message, wire.Identified):
            self._identify(message)
        return self._state in (_State.IDENTIFYING, _State.LIVE)

    def _note(self, odd: Odd) -> None:
        if self.caller is not None:
            self.caller.note(odd)

    def _identify(self, message: wire.Identified) -> None:
        calls = self._options.count_calls()
        verdict = (
            self._options.limiter.refuse_call(calls=calls)
            or self._refuse_stranger(message.uuid)
            or self._server.admit(message.uuid)
        )
        if isinstance(verdict, str):
            self._refuse(verdict)
            return
        self._state = _State.LIVE
        now = self._options.clock()
        self._share.begin(self.peer, now)
        caller = self.caller = AdmittedCaller(
            Identity(message.uuid, self.peer, verdict),
            self._options,
            self._server,
            transport=self._transport,
            now=now,
            leave=self.leave,
            on_rate=lambda: self._set_timer(0, None),
        )
        caller.arrivals.read(now, has_emptied=self._has_emptied)
        self._set_timer(RATE_WAIT_S, caller.announce)
        self._opening = asyncio.ensure_future(self._be_held())

    def _refuse_stranger(self, uuid: UUID) -> str | None:
        """Return why it must be sent away unless it is registered, None if it is or need not be."""
        is_expected = self._options.is_expected
        return None if is_expected is not None and is_expected(uuid) else self._refusal

    async def _be_held(self) -> None:
        """Give the call to the keeper as soon as there is one; an unprotected call is better than none."""
        keeper = await self._options.wait_for_keeper()
        try:
            sock = self._transport.get_extra_info("socket")
            hold = await keeper.hold(sock, farewell=wire.TERMINATE)
        except KeeperError as error:
            self._options.say(
                f"{self.peer} is recorded, but the keeper cannot protect the call: {error}"
            )
            return
        if self._state is _State.LIVE:
            self._hold = hold
        else:
            hold.release()

    def _listen(self, message: wire.Message, now: float) -> None:
        if isinstance(message, wire.Terminated):
            self._end(EndReason.HANG_UP)
            self._transport.close()
            # Not all may have been sent, and a peer that has left does not read.
            self._set_timer(GOODBYE_S, self._transport.abort)
            return
        assert self.caller
        self.caller.hear(
            message, self._arrival, keep_pace=lambda audio_s: self._share.keep_pace(audio_s, now)
        )

    def _judge_end(self, exc: Exception | None) -> tuple[EndReason, StreamerError | None, str]:
        """Say how a connection ended that the peer has closed.

        A reset is an ordinary hang-up: Asterisk closes its socket while our silence is unread in it.
        """
        if exc is not None and not isinstance(exc, ConnectionError):
            lost = f"the connection to {self.peer} is lost: {explain(exc)}"
            return EndReason.LOST, SourceError(lost), ""
        note = "the connection ended in the middle of a frame" if self._parser.unread else ""
        return EndReason.HANG_UP, None, note

    def _end(self, reason: EndReason, error: StreamerError | None = None, note: str = "") -> None:
        self._state = _State.LEAVING
        if self.caller is not None:
            self.caller.end(reason, error, note)
        self._end_admission()

    def _refuse(self, why: str) -> None:
        self._say_refusal(why)
        self._say_goodbye()

    def _say_refusal(self, why: str) -> None:
        """Say why a call was refused, but not a thousand times."""
        if count := self._options.limiter.count_refusal(self.host, why):
            more = f" (and {count - 1} more from {self.host})" if count > 1 else ""
            self._options.say(f"no call from {self.peer}: {why}{more}")

    def _part_once_said(self) -> None:
        """Leave a peer to the keeper once all is sent: after half a frame, a slow peer would take `terminate` for its other half."""
        if self._hold is None:
            return
        self._set_timer(GOODBYE_S, self._part)
        self._transport.set_write_buffer_limits(0)
        if not self._transport.get_write_buffer_size():
            self._part()

    def _part(self) -> None:
        if self._hold is not None:
            self._hold.drain()
            self._hold = None
            self._transport.abort()

    def _say_goodbye(self) -> None:
        self._state = _State.LEAVING
        self._end_admission()
        self._transport.write(wire.TERMINATE)
        self._transport.resume_reading()
        self._set_timer(GOODBYE_S, self._transport.abort)

    def _end_admission(self) -> None:
        if self.caller is not None:
            self.caller.release()

    def _set_timer(self, seconds: float, act: Callable[[], Any] | None) -> None:
        """Call `act` after so many seconds, instead of what was due before."""
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, act) if act else None


def _name_peer(address: Any) -> tuple[str, str]:
    """Return a peer's host, and how it is shown."""
    host, port = (str(address[0]), address[1]) if address else ("?", 0)
    return host, show_address(host, port)
