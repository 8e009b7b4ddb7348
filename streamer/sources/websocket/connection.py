"""One connection to a WebSocket's port, from its acceptance to its end.

Theory of operation. The head of a request is read here, for at most `HEAD_S`. If it asks for no WebSocket, the connection is handed to whoever
answers HTTP. Else the request must show what its listener asks for, or name a call that is registered; then the WebSocket is
opened, its shape is found out, and the call is admitted as soon as it is named. A peer that is refused is told why in a close.
The tap's death closes the socket: no keeper holds it.

    HEAD --a request--> OPENING --call named, admitted; a leg described--> LIVE --its end--> LEAVING --> CLOSED
      |--HTTP--> (no longer ours)    `--refused, or OPENING_S--> LEAVING         `--stopped--^  its end, or GOODBYE_S
      `--no head, or refused by a status--> LEAVING

Reading rests for a peer that sends more messages than any PBX does, or sound faster than real time: the rest waits in the kernel, and
all others have their turns. What a peer does not read is never piled up: audio waits, and answers to its pings are dropped.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any, cast

from websockets.datastructures import Headers

from streamer.core.addresses import show_address
from streamer.core.audio import Leg
from streamer.core.events import Cause, EndReason
from streamer.core.reasons import find_cause
from streamer.errors import SourceError, StreamerError
from streamer.sources.accepting import explain_tls
from streamer.sources.admission import FRAMES_PER_SECOND, FrameBudget
from streamer.sources.arrival import Arrivals
from streamer.sources.base import Sent
from streamer.sources.inbound import Admitted, ServerOptions
from streamer.sources.playout import Echo
from streamer.sources.websocket.access import Verdict
from streamer.sources.websocket.base import Server
from streamer.sources.websocket.call import WebSocketCall
from streamer.sources.websocket.caller import MOST_EARLY, MOST_EARLY_BYTES, Caller
from streamer.sources.websocket.conversation import Conversation
from streamer.sources.websocket.origin import is_of_another_page
from streamer.sources.websocket.playout import WebPlayout
from streamer.sources.websocket.request import (
    END_OF_HEAD,
    MOST_HEAD,
    asks_for_websocket,
    explain_no_http,
)
from streamer.wire.websocket import Refusal, base as wire, choose_subprotocol

HEAD_S = 5.0
OPENING_S = 5.0
"""Seconds for the request, and from its answer to the first leg."""

GOODBYE_S = 2.0
"""Seconds that a peer has to leave when it was told to, before the socket is closed; twice, if it is a WebSocket."""

WRONG_PAUSE_S = 1.0
"""Seconds that the answer to a wrong secret takes."""

READ_SIZE = 1 << 12
"""Bytes that one peer may bring at a time; see `sources.audiosocket`."""

LONGEST_REST_S = 0.5
MOST_UNSENT = 1 << 16
"""Bytes that wait for a peer that does not read; what would be more is not sent."""

NORMAL, UNSUPPORTED, POLICY, TRY_LATER = 1000, 1003, 1008, 1013
"""Codes of a close (RFC 6455, 7.4.1)."""


class _State(Enum):
    HEAD = auto()
    OPENING = auto()
    LIVE = auto()
    LEAVING = auto()
    CLOSED = auto()


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
        self._refusal: str | None = None
        """Why it is sent away unless its call is registered."""
        self._head = bytearray()
        self._conversation = Conversation()
        self._upgrade = wire.Upgrade("/")
        self._shape: wire.Shape | None = None
        self._undecided: list[str | bytes] = []  # as many as MOST_EARLY, of MOST_EARLY_BYTES
        self._is_trusted = False
        self._admitted: Admitted | None = None
        self._named: tuple[str, Mapping[str, str]] = ("", {})
        self._was_call = False
        self._has_made_room = False
        self._budget: FrameBudget | None = None
        self._arrivals: Arrivals | None = None
        self._arrival = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._sent = Sent()
        self._playout: WebPlayout | None = None
        self._playback = options.new_playback()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit the peer, or refuse it."""
        self._transport = cast(asyncio.Transport, transport)
        self.host, self.peer = _name_peer(transport.get_extra_info("peername"))
        self._caller = Caller(
            self.peer,
            clock=self._options.clock,
            make_call=self._make_call,
            on_audio=self._hear,
        )
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._refusal = self._options.limiter.refuse(self.host)
        self._server.welcome(self)
        if self._has_spare:
            self._refusal = "this process may open no more files; raise LimitNOFILE, or ulimit -n"
        self._set_timer(HEAD_S, self._transport.abort)  # a probe, no caller

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes go: one place for all."""
        return self._server.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what has come."""
        self._arrival = self._options.clock()
        if self._arrivals is not None:
            has_emptied = nbytes < len(self._server.buffer)
            self._arrival = self._arrivals.read(self._arrival, has_emptied=has_emptied)
        data = bytes(self._server.buffer[:nbytes])
        if self._state is _State.HEAD:
            self._read_head(data)
        elif self._conversation.is_open:
            self._converse(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Judge how the connection ended."""
        if self._resting is not None:
            self._resting.cancel()
        if self._state is _State.HEAD and isinstance(exc, ssl.SSLError):
            self._say_refusal(explain_tls(exc))  # a peer that does not trust us says so only now
        elif self._state is _State.OPENING:
            self._say_refusal("it hung up before it said what its audio is")
        elif self._state is _State.LIVE:
            self._end(*self._judge_end(exc))
        self._set_timer(0, None)
        self._state = _State.CLOSED
        self._end_admission()
        self._server.depart(self)

    @property
    def is_caller(self) -> bool:
        """Whether it is a live call."""
        return self._admitted is not None and self._state in (_State.OPENING, _State.LIVE)

    @property
    def is_stranger(self) -> bool:
        """Whether it is no call, never was one, and may be sent away for another."""
        may_go = not (self._was_call or self._has_spare or self._has_made_room)
        return may_go and self._state is not _State.CLOSED

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
            self._transport.abort()

    @property
    def caller(self) -> Caller:
        """The call that it belongs to, alone or with others."""
        return self._caller

    def finish(self) -> None:
        """Close it, because its call is over."""
        if self._state is _State.LIVE:
            self._end(EndReason.HANG_UP)
            self._close(NORMAL)

    def leave(self) -> None:
        """Have the peer drop what it would still play, and hang up; idempotent."""
        if self._state is not _State.LIVE:
            return
        speaker = self._shape.speaker if self._shape else None
        if self._playout is not None:
            self._playout.flush()
        hang_up = speaker.hang_up() if speaker else None
        if hang_up is not None:
            self._send(hang_up)
            self._state = _State.LEAVING
            self._end_admission()
            self._set_timer(GOODBYE_S, lambda: self._close(NORMAL))
        else:
            self._close(NORMAL)

    def _read_head(self, data: bytes) -> None:
        self._head += data
        if why := explain_no_http(bytes(self._head[:1])):
            self._say_refusal(why)
            self._state = _State.LEAVING
            self._transport.close()
            return
        end = self._head.find(END_OF_HEAD)
        if end < 0:
            if len(self._head) > MOST_HEAD:
                self._answer(431, f"the request's head is longer than {MOST_HEAD} bytes")
            return
        head, rest = bytes(self._head[: end + 4]), bytes(self._head[end + 4 :])
        self._head.clear()
        if not asks_for_websocket(head):
            self._hand_over(head + rest)
            return
        upgrade = self._conversation.read_request(head)
        if upgrade is None:
            self._flush()
            self._leave_http("its request is not one of HTTP")
            return
        self._judge(upgrade, rest)

    def _hand_over(self, data: bytes) -> None:
        """Leave the connection to whoever answers HTTP."""
        requests = self._server.requests
        if requests is None or self._has_spare:
            self._answer(404, "only WebSockets come in here", is_websocket=False)
            return
        self._set_timer(0, None)
        self._state = _State.CLOSED
        self._server.depart(self)
        other = requests()
        self._transport.set_protocol(other)
        other.connection_made(self._transport)
        if not self._transport.is_closing():
            other.data_received(data)

    def _judge(self, upgrade: wire.Upgrade, rest: bytes) -> None:
        """Decide by the request alone whether a WebSocket is opened."""
        verdict, self._upgrade = self._server.access.judge(upgrade)
        self._is_trusted = verdict is Verdict.RIGHT
        is_expected = self._server.expects(self._find_name())
        if self._has_spare:
            self._answer(503, self._refusal or "")
        elif self._refusal is not None and not is_expected:
            self._answer(429, self._refusal)
        elif verdict is Verdict.WRONG:
            self._refuse_slowly("what it shows of what this listener asks for (`auth`) is wrong")
        elif is_of_another_page(upgrade, names=self._server.names, local=self._local()):
            self._answer(403, "a web page may not send calls here")
        elif verdict is Verdict.MISSING and not is_expected:
            self._answer(401, "it shows nothing of what this listener asks for (`auth`)")
        else:
            self._open(rest)

    def _refuse_slowly(self, why: str) -> None:
        """Answer a guess after a pause."""
        self._transport.pause_reading()
        self._set_timer(WRONG_PAUSE_S, lambda: self._answer(401, why))

    def _local(self) -> str:
        return str((self._transport.get_extra_info("sockname") or ("",))[0])

    def _find_name(self) -> str:
        """Return the call that the request alone names."""
        make = self._server.choose(self._upgrade)
        if make is None or isinstance(make, Refusal):
            return ""
        shape = make(self._upgrade)
        return next((one.call for one in shape.begin() if isinstance(one, wire.CallBegun)), "")

    def _open(self, rest: bytes) -> None:
        is_open = self._conversation.accept(choose_subprotocol(self._upgrade))
        self._flush()
        if not is_open:
            self._leave_http("it does not ask for a WebSocket as it should")
            return
        self._state = _State.OPENING
        late = f"it did not say within {OPENING_S:.0f} s what its audio is"
        self._set_timer(OPENING_S, lambda: self._refuse(late, POLICY))
        now = self._options.clock()
        self._budget = FrameBudget(now)
        self._server.watch.start()
        self._arrivals = Arrivals(self._server.watch, now)
        self._arrivals.read(now, has_emptied=True)
        self._try_to_begin(None)
        if rest:
            self._converse(rest)

    def _begin_shape(self, make: wire.Maker) -> None:
        self._shape = make(self._upgrade, rate=self._options.web.rate)
        for message in self._shape.begin():
            self._take(message)
        undecided, self._undecided = self._undecided, []
        for early in undecided:
            self._listen(early)

    def _converse(self, data: bytes) -> None:
        """Take messages, and rest if they are too many."""
        self._caller.pause_s, beyond = 0.0, 0
        for message in self._conversation.feed(data):
            if self._budget is not None and not self._budget.take(self._options.clock()):
                beyond += 1
            if self._state in (_State.OPENING, _State.LIVE):
                self._listen(message)
        self._flush()
        if not self._conversation.is_open and self._state in (_State.OPENING, _State.LIVE):
            self._take_close()
            return
        if beyond:
            self._caller.tell(
                f"sends more than {FRAMES_PER_SECOND:.0f} messages a second; it is read more slowly"
            )
        self._rest(max(self._caller.pause_s, min(beyond / FRAMES_PER_SECOND, LONGEST_REST_S)))

    def _listen(self, message: str | bytes) -> None:
        if self._shape is None:
            self._decide(message)
            return
        shape = self._shape
        taken = shape.take_text(message) if isinstance(message, str) else shape.take_bytes(message)
        for one in taken:
            if self._state in (_State.OPENING, _State.LIVE):
                self._take(one)

    def _decide(self, message: str | bytes) -> None:
        """Find the shape out by the first text; audio before it waits."""
        size = sum(map(len, self._undecided)) + len(message)
        if len(self._undecided) < MOST_EARLY and size <= MOST_EARLY_BYTES:
            self._undecided.append(message)
        if isinstance(message, bytes):
            return
        self._try_to_begin(message)

    def _try_to_begin(self, first: str | None) -> None:
        make = self._server.choose(self._upgrade, first)
        if isinstance(make, Refusal):
            self._refuse(make.line, UNSUPPORTED)
        elif make is not None:
            self._begin_shape(make)

    def _take(self, message: wire.Message) -> None:
        match message:
            case wire.CallBegun(name, facts):
                self._named = name, facts
                if not self._join():
                    self._admit()
            case wire.CallEnded(cause, text):
                if self._state is _State.LIVE:
                    self._end(EndReason.HANG_UP, None, text, cause)
                self._close(NORMAL)
            case wire.FlowChanged(may_send):
                if self._playout is not None:
                    self._playout.may_send = may_send
            case wire.MarkReached():
                if self._playout is not None:
                    self._playout.watch.reach_mark()
            case wire.HoldChanged():
                pass
            case wire.LegBegun():
                if self._admit():
                    self._begin_leg(message)
            case _:
                self._tell_caller(message)

    def _tell_caller(self, message: Any) -> None:
        self._caller.take(message, self._arrival, self)
        if self._caller.is_over:
            for member in (self, *self._caller.members):
                member.finish()

    def _admit(self) -> bool:
        """Have the call let in, once; say whether it is."""
        if self._admitted is not None:
            return True
        verdict = self._options.limiter.refuse_call(calls=self._options.count_calls())
        if verdict:
            self._refuse(verdict, TRY_LATER)
            return False
        admitted = self._server.admit(self._named[0], is_trusted=self._is_trusted)
        if isinstance(admitted, str):
            self._refuse(admitted, POLICY)
            return False
        self._admitted, self._was_call = admitted, True
        return True

    def _join(self) -> bool:
        """Become a member of a call that is live, where the protocol has calls of several connections."""
        shared = self._server.find_shared(self._share_key())
        if shared is None or self._admitted is not None:
            return False
        admitted = self._server.admit(self._named[0], is_trusted=self._is_trusted)
        if isinstance(admitted, str):
            return False  # which is said by who asks next
        self._caller, self._admitted, self._was_call = shared, admitted, True
        shared.members.append(self)
        self._set_timer(0, None)
        self._state = _State.LIVE
        return True

    def _share_key(self) -> tuple[str, str]:
        return (self._shape.source if self._shape else "", self._named[0])

    def _begin_leg(self, message: wire.LegBegun) -> None:
        if why := self._caller.take(message, self._arrival, self):
            self._refuse(why, UNSUPPORTED)

    def _make_call(self, leg: Leg, message: wire.LegBegun) -> WebSocketCall:
        assert self._shape
        assert self._admitted
        self._set_timer(0, None)
        self._state = _State.LIVE
        admitted, (name, facts) = self._admitted, self._named
        leg = Leg(
            admitted.label or leg.label,
            admitted.channel or leg.channel,
            leg.rate,
            admitted.number or leg.number,
            leg.name,
        )
        known = {"id": name, "peer": self.peer, **facts, **_drop_empty(admitted.facts)}
        self._begin_playout(message)
        call = WebSocketCall(
            leg,
            source=self._shape.source,
            facts=known,
            sent=(self._sent,) if self._shape.speaker else (),
            leave=self._caller.leave,
            watch=self._playout.watch if self._playout else None,
        )
        self._server.share(self._share_key(), self._caller)
        self._server.announce(call)
        return call

    def _begin_playout(self, message: wire.LegBegun) -> None:
        speaker = self._shape.speaker if self._shape else None
        if speaker is None or self._playback is None or message.format is None:
            return
        self._playout = WebPlayout(
            speaker,
            self._playback,
            message.format,
            frame_bytes=message.frame_bytes,
            sent=self._sent,
            send=self._send,
            unsent=self._transport.get_write_buffer_size,
        )
        self._options.frame_clock.start(self._playout.play)

    def _hear(self, pcm: bytes) -> None:
        if isinstance(self._playback, Echo) and self._caller.call is not None:
            self._playback.hear(pcm, self._caller.call.legs[0].rate)

    def _take_close(self) -> None:
        """Take note that the peer has closed the WebSocket, or broken its rules."""
        if self._state is _State.OPENING:
            self._say_refusal("it hung up before it said what its audio is")
            self._state = _State.LEAVING
        else:
            self._end(*self._judge_end(None))
        self._set_timer(GOODBYE_S, self._transport.abort)

    def _judge_end(
        self, exc: Exception | None
    ) -> tuple[EndReason, StreamerError | None, str, Cause | None]:
        """Say how a connection ended that the peer has closed."""
        if exc is not None and not isinstance(exc, ConnectionError):
            lost = f"the connection to {self.peer} is lost: {find_cause(exc)}; check the network"
            return EndReason.LOST, SourceError(lost), "", None
        if failure := self._conversation.failure:
            return EndReason.HANG_UP, None, f"{self.peer} broke the protocol: {failure}", None
        is_closed = self._conversation.is_closed_by_peer
        note = "" if is_closed else "the connection ended without a close"
        return EndReason.HANG_UP, None, note, None

    def _end(
        self,
        reason: EndReason,
        error: StreamerError | None = None,
        note: str = "",
        cause: Cause | None = None,
    ) -> None:
        self._state = _State.LEAVING
        self._caller.close(self, reason, error, note, cause)
        self._end_admission()

    def _refuse(self, why: str, code: int) -> None:
        """Refuse a WebSocket, and say why at both ends."""
        self._say_refusal(why)
        self._close(code, why)

    def _close(self, code: int, why: str = "") -> None:
        self._state = _State.LEAVING
        self._end_admission()
        self._conversation.close(code, why)
        self._flush()
        self._set_timer(GOODBYE_S, self._transport.abort)

    def _answer(self, status: int, why: str, *, is_websocket: bool = True) -> None:
        """Answer a request with a status and a line, and close."""
        headers = Headers({"WWW-Authenticate": 'Basic realm="streamer"'} if status == 401 else {})
        self._conversation.reject(status, why, headers)
        self._flush()
        self._leave_http(why if is_websocket else "")

    def _leave_http(self, why: str) -> None:
        if why:
            self._say_refusal(why)
        self._state = _State.LEAVING
        self._set_timer(GOODBYE_S, self._transport.abort)
        self._transport.resume_reading()

    def _say_refusal(self, why: str) -> None:
        """Say why a call was refused, but not a thousand times."""
        if count := self._options.limiter.count_refusal(self.host, why):
            more = f" (and {count - 1} more from {self.host})" if count > 1 else ""
            self._options.say(f"no call from {self.peer}: {why}{more}")

    def _send(self, message: str | bytes) -> None:
        self._conversation.send(message)
        self._flush()

    def _flush(self) -> None:
        """Send what is due, unless the peer leaves too much unread; frames are whole, so any may be left out."""
        output, is_over = self._conversation.take_output()
        if output and (is_over or self._transport.get_write_buffer_size() < MOST_UNSENT):
            self._transport.write(output)
        if is_over:
            self._transport.close()

    def _rest(self, seconds: float) -> None:
        """Read nothing for so long."""
        if not seconds or self._transport.is_closing() or self._resting is not None:
            return
        self._transport.pause_reading()
        if self._arrivals is not None:
            self._arrivals.pause()
        self._resting = asyncio.get_running_loop().call_later(seconds, self._read_on)

    def _read_on(self) -> None:
        self._resting = None
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _end_admission(self) -> None:
        if self._arrivals is not None:
            self._arrivals = None
            self._server.watch.stop()
        if self._playout is not None:
            self._options.frame_clock.stop(self._playout.play)

    def _set_timer(self, seconds: float, act: Callable[[], Any] | None) -> None:
        """Call `act` after so many seconds, instead of what was due before."""
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, act) if act else None


def _drop_empty(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in facts.items() if value}


def _name_peer(address: Any) -> tuple[str, str]:
    """Return a peer's host, and how it is shown."""
    host, port = (str(address[0]), address[1]) if address else ("?", 0)
    return host, show_address(host, port)
