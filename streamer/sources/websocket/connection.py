"""One connection to a WebSocket's port, from its acceptance to its end.

Theory of operation. The head of a request is read here, for at most `HEAD_S`. If it asks for no WebSocket, the connection is handed to whoever
answers HTTP. Else the request is judged (see `handshake`); then the WebSocket is
opened, its shape is found out (see `interpreter`), and the call is admitted as soon as it is named (see `membership`). A peer that is refused is
told why in a close. The tap's death closes the socket: no keeper holds it.

    HEAD --a request--> OPENING --call named, admitted; a leg described--> LIVE --its end--> LEAVING --> CLOSED
      |--HTTP--> (no longer ours)    `--refused, or OPENING_S--> LEAVING         `--stopped--^  its end, or GOODBYE_S
      `--no head, or refused by a status--> LEAVING

Reading rests for a peer that sends more messages than any PBX does, or sound faster than real time: the rest waits in the kernel, and
all others have their turns.
"""

from __future__ import annotations

import asyncio
import ssl
from enum import Enum, auto
from typing import Any, cast

from websockets.datastructures import Headers

from streamer.core.addresses import show_address
from streamer.core.events import Cause, EndReason
from streamer.errors import StreamerError
from streamer.sources.accepting import LEFT_AT_ONCE, explain_tls
from streamer.sources.admission import FRAMES_PER_SECOND
from streamer.sources.forwarded import HEADER as FORWARDED
from streamer.sources.inbound import ServerOptions
from streamer.sources.tcp import has_left
from streamer.sources.websocket.base import Server
from streamer.sources.websocket.caller import Caller
from streamer.sources.websocket.conversation import Conversation
from streamer.sources.websocket.ending import judge_end
from streamer.sources.websocket.handshake import (
    Asked,
    Granted,
    Head,
    NoRequest,
    OtherRequest,
    Refused,
    judge,
)
from streamer.sources.websocket.interpreter import Interpreted, Interpreter
from streamer.sources.websocket.link import Link
from streamer.sources.websocket.membership import POLICY, UNSUPPORTED, Membership
from streamer.sources.websocket.traffic import Traffic
from streamer.wire.websocket import base as wire
from streamer.wire.websocket.choice import Refusal, choose_subprotocol

HEAD_S = 5.0
OPENING_S = 5.0
"""Seconds for the request, and from its answer to the first leg."""

GOODBYE_S = 2.0
"""Seconds that a peer has to leave when it was told to, before the socket is closed; twice, if it is a WebSocket."""

WRONG_PAUSE_S = 1.0
"""Seconds that the answer to a wrong secret takes."""

READ_SIZE = 1 << 12
"""Bytes that one peer may bring at a time; see `sources.audiosocket`."""

NORMAL = 1000
"""The code of a close (RFC 6455, 7.4.1)."""


class _State(Enum):
    HEAD = auto()
    OPENING = auto()
    LIVE = auto()
    LEAVING = auto()
    CLOSED = auto()


_TALKING = (_State.OPENING, _State.LIVE)


class Connection(asyncio.BufferedProtocol):
    """The protocol of one connection."""

    host: str
    peer: str
    """Its address, for people."""

    def __init__(self, options: ServerOptions, server: Server, *, has_spare: bool = False) -> None:
        self._options = options
        self._server = server
        self._has_spare = has_spare
        self._state = _State.HEAD
        self._limit: str | None = None
        """Why it is sent away unless its call is registered."""
        self._conversation = Conversation()
        self._head = Head(self._conversation)
        self._interpreter: Interpreter | None = None
        self._has_made_room = False
        self._traffic = Traffic(options, server)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit the peer, or refuse it."""
        self._transport = cast(asyncio.Transport, transport)
        self._link = Link(self._transport, self._conversation)
        self._meet(*_name_peer(transport.get_extra_info("peername")))
        self._server.welcome(self)
        self._link.schedule(HEAD_S, self.dismiss)  # a probe, no caller

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes go: one place for all."""
        return self._server.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what has come."""
        data = self._traffic.receive(nbytes)
        if self._state is _State.HEAD:
            self._read_head(data)
        elif self._conversation.is_open:
            self._converse(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Judge how the connection ended."""
        if self._state is _State.HEAD:
            self._judge_tls(exc)
        elif self._state is _State.OPENING:
            self._say_refusal("it hung up before it said what its audio is")
        elif self._state is _State.LIVE:
            self._end(*judge_end(self._conversation, self.peer, exc))
        self._link.end()
        self._state = _State.CLOSED
        self._end_admission()
        self._server.depart(self)

    @property
    def is_caller(self) -> bool:
        """Whether it is a live call."""
        return self._membership.is_admitted and self._state in _TALKING

    @property
    def is_stranger(self) -> bool:
        """Whether it never was a call, so that it may be sent away to make room."""
        was_call = self._membership.is_admitted
        may_go = not (was_call or self._has_spare or self._has_made_room)
        return may_go and self._state is not _State.CLOSED

    @property
    def caller(self) -> Caller:
        """The call that it belongs to, alone or with others."""
        return self._membership.caller

    def make_room(self, why: str) -> None:
        """Send a stranger away at once."""
        self._has_made_room = True
        if self._state is not _State.LEAVING:
            self._say_refusal(why)
            self._state = _State.LEAVING
        self._transport.abort()

    def dismiss(self) -> None:
        """Close a connection that has asked for nothing yet."""
        if self._state is _State.HEAD:
            self._state = _State.LEAVING
            self._transport.abort()

    def go_live(self) -> None:
        """Take note that it belongs to a call that is recorded."""
        self._link.cancel()
        self._state = _State.LIVE

    def finish(self) -> None:
        """Close it, because its call is over."""
        if self._state is _State.LIVE:
            self._end(EndReason.HANG_UP)
            self._close(NORMAL)

    def leave(self) -> None:
        """Have the peer drop what it would still play, and hang up; idempotent."""
        if self._state is not _State.LIVE:
            return
        self._membership.flush()
        speaker = self._interpreter.speaker if self._interpreter else None
        hang_up = speaker.hang_up() if speaker else None
        if hang_up is None:
            self._close(NORMAL)
            return
        self._link.send(hang_up)
        self._state = _State.LEAVING
        self._end_admission()
        self._link.schedule(GOODBYE_S, lambda: self._close(NORMAL))

    def refuse(self, why: str, code: int) -> None:
        """Refuse a WebSocket, and say why at both ends."""
        self._say_refusal(why)
        self._close(code, why)

    def _judge_tls(self, exc: Exception | None) -> None:
        """Say of a peer that has left without a request that it may not trust us: it says so only now, or, as Asterisk, not at all."""
        if isinstance(exc, ssl.SSLError):
            self._say_refusal(explain_tls(exc))
        elif self._head.is_empty and self._transport.get_extra_info("ssl_object") is not None:
            self._say_refusal(LEFT_AT_ONCE)

    def _read_head(self, data: bytes) -> None:
        match self._head.feed(data):
            case None:
                pass
            case NoRequest(why, is_answered):
                self._leave_http(why, is_answered=is_answered)
            case OtherRequest(whole):
                self._hand_over(whole)
            case Refused() as refused:
                self._answer(refused)
            case Asked(upgrade, rest):
                self._judge(upgrade, rest)

    def _hand_over(self, data: bytes) -> None:
        """Leave the connection to whoever answers HTTP."""
        requests = self._server.requests
        if requests is None or self._has_spare:
            self._answer(Refused(404, "only WebSockets come in here"), is_said=False)
            return
        self._link.cancel()
        self._state = _State.CLOSED
        self._server.depart(self)
        other = requests()
        self._transport.set_protocol(other)
        other.connection_made(self._transport)
        if not self._transport.is_closing():
            other.data_received(data)

    def _meet(self, host: str, peer: str) -> None:
        """Note whose connection it is; a proxy itself has no limit, but each client behind it has."""
        self.host, self.peer = host, peer
        self._membership = Membership(self, self._link, self._options, self._server, peer=peer)
        is_proxy = self._options.web.proxies.trust(host)
        self._limit = None if is_proxy else self._options.limiter.refuse(host)
        if self._has_spare:
            self._limit = "this process may open no more files; raise LimitNOFILE, or ulimit -n"

    def _judge(self, upgrade: wire.Upgrade, rest: bytes) -> None:
        forwarded = upgrade.headers.get(FORWARDED, "")
        client = self._options.web.proxies.find_client(self.host, forwarded)
        if client != self.host:
            self._meet(client, client)
        verdict = judge(
            upgrade,
            self._server,
            local=self._link.local_host,
            limit=self._limit,
            has_spare=self._has_spare,
        )
        if isinstance(verdict, Granted):
            self._open(verdict, rest)
        elif verdict.is_guess:
            self._transport.pause_reading()
            self._link.schedule(WRONG_PAUSE_S, lambda: self._answer(verdict))
        else:
            self._answer(verdict)

    def _open(self, granted: Granted, rest: bytes) -> None:
        is_open = self._conversation.accept(choose_subprotocol(granted.upgrade))
        if not is_open:
            self._leave_http("it does not ask for a WebSocket as it should", is_answered=True)
            return
        self._link.flush()
        self._state = _State.OPENING
        late = f"it did not say within {OPENING_S:.0f} s what its audio is"
        self._link.schedule(OPENING_S, lambda: self.refuse(late, POLICY))
        self._traffic.begin()
        choose, rate = self._server.choose, self._options.web.rate
        self._interpreter = Interpreter(granted.upgrade, choose, rate=rate)
        self._membership.open(self._interpreter, is_trusted=granted.is_trusted)
        for one in self._interpreter.begin():
            self._take(one)
        if rest:
            self._converse(rest)

    def _converse(self, data: bytes) -> None:
        """Take messages, and rest if they are too many."""
        self.caller.pause_s = 0.0
        for message in self._conversation.feed(data):
            self._listen(message)
        self._link.flush()
        if not self._conversation.is_open and self._state in _TALKING:
            self._take_close()
            return
        frames, self._conversation.weight = self._conversation.weight, 0
        excess_s = self._traffic.take(frames, legs=self.caller.count_legs(self))
        if excess_s:
            self.caller.tell(
                f"sends more than {FRAMES_PER_SECOND:.0f} messages a second; it is read more slowly"
            )
            if not self.caller.pause_s and has_left(self._transport.get_extra_info("socket")):
                # What it has left behind would be read for minutes, and nobody is there to say more.
                self._transport.abort()
                return
        if self._link.rest(max(self.caller.pause_s, excess_s)):
            self._traffic.pause()

    def _listen(self, message: str | bytes) -> None:
        if self._interpreter is None or self._state not in _TALKING:
            return
        for one in self._interpreter.take(message):
            self._take(one)

    def _take(self, message: Interpreted) -> None:
        if self._state not in _TALKING:
            return
        match message:
            case Refusal(line):
                self.refuse(line, UNSUPPORTED)
            case wire.CallBegun(name, facts):
                self._membership.name(name, facts)
            case wire.CallEnded(cause, text):
                if self._state is _State.LIVE:
                    self._end(EndReason.HANG_UP, None, text, cause)
                self._close(NORMAL)
            case wire.FlowChanged(may_send):
                self._membership.change_flow(may_send=may_send)
            case wire.MarkReached():
                self._membership.reach_mark()
            case wire.LegBegun():
                self._membership.begin_leg(message, self._traffic.arrival)
            case _:
                self._membership.take(message, self._traffic.arrival)

    def _take_close(self) -> None:
        """Take note that the peer has closed the WebSocket, or broken its rules."""
        if self._state is _State.OPENING:
            failure = self._conversation.failure
            hung_up = "it hung up before it said what its audio is"
            self._say_refusal(f"it broke the protocol: {failure}" if failure else hung_up)
            self._state = _State.LEAVING
            self._end_admission()
        else:
            self._end(*judge_end(self._conversation, self.peer))
        self._link.schedule(GOODBYE_S, self._transport.abort)

    def _end(
        self,
        reason: EndReason,
        error: StreamerError | None = None,
        note: str = "",
        cause: Cause | None = None,
    ) -> None:
        self._state = _State.LEAVING
        self._membership.close(reason, error, note, cause)
        self._end_admission()

    def _close(self, code: int, why: str = "") -> None:
        self._state = _State.LEAVING
        self._end_admission()
        self._conversation.close(code, why)
        self._link.flush()
        self._link.schedule(GOODBYE_S, self._transport.abort)

    def _answer(self, refused: Refused, *, is_said: bool = True) -> None:
        """Answer a request with a status and a line, and close."""
        asks = {"WWW-Authenticate": 'Basic realm="streamer"'} if refused.status == 401 else {}
        self._conversation.reject(refused.status, refused.why, Headers(asks))
        self._leave_http(refused.why if is_said else "", is_answered=True)

    def _leave_http(self, why: str, *, is_answered: bool) -> None:
        self._link.flush()
        if why:
            self._say_refusal(why)
        self._state = _State.LEAVING
        if not is_answered:
            self._transport.close()
            return
        self._link.schedule(GOODBYE_S, self._transport.abort)
        self._transport.resume_reading()

    def _say_refusal(self, why: str) -> None:
        """Say why a call was refused, but not a thousand times."""
        if count := self._options.limiter.count_refusal(self.host, why):
            more = f" (and {count - 1} more from {self.host})" if count > 1 else ""
            self._options.say(f"no call from {self.peer}: {why}{more}")

    def _end_admission(self) -> None:
        self._traffic.end()
        self._membership.stop_playing()


def _name_peer(address: Any) -> tuple[str, str]:
    """Return a peer's host, and how it is shown."""
    host, port = (str(address[0]), address[1]) if address else ("?", 0)
    return host, show_address(host, port)
