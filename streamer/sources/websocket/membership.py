"""The call that a connection brings, or that it joins where a protocol has calls of several connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from streamer.core.audio import Leg
from streamer.core.events import Cause, EndReason
from streamer.errors import StreamerError
from streamer.sources.base import Sent
from streamer.sources.inbound import Admitted, ServerOptions
from streamer.sources.playout import Echo, watch_return
from streamer.sources.programme import Programme
from streamer.sources.websocket.base import Server
from streamer.sources.websocket.call import WebSocketCall
from streamer.sources.websocket.caller import (
    LONGEST_VALUE,
    MOST_PARTIES,
    Caller,
    LegMessage,
    Member,
)
from streamer.sources.websocket.interpreter import Interpreter
from streamer.sources.websocket.link import Link
from streamer.sources.websocket.playout import WebPlayout
from streamer.wire.websocket import base as wire

UNSUPPORTED, POLICY, TRY_LATER = 1003, 1008, 1013
"""Codes of a close (RFC 6455, 7.4.1)."""


class Host(Member, Protocol):
    """The connection of a membership."""

    def go_live(self) -> None:
        """Take note that it belongs to a call that is recorded."""

    def refuse(self, why: str, code: int) -> None:
        """Refuse it, and say why at both ends."""


class Membership:
    """One connection's part in a call: admitted once, recorded from its first leg on."""

    def __init__(
        self, host: Host, link: Link, options: ServerOptions, server: Server, *, peer: str
    ) -> None:
        self._host = host
        self._link = link
        self._options = options
        self._server = server
        self._peer = peer
        self._interpreter: Interpreter | None = None
        self._is_trusted = False
        self._admitted: Admitted | None = None
        self._named: tuple[str, Mapping[str, str]] = ("", {})
        self._sent = Sent()
        self._playback = options.new_playback()
        self._is_over = False
        """No more audio may be sent."""
        self._programme: Programme | None = None
        self._playout: WebPlayout | None = None
        self.caller = Caller(
            peer, clock=options.clock, make_call=self._make_call, on_audio=self._hear
        )

    def open(self, interpreter: Interpreter, *, is_trusted: bool) -> None:
        """Take note what decodes the connection, and whether it has shown what its listener asks for."""
        self._interpreter, self._is_trusted = interpreter, is_trusted

    @property
    def is_admitted(self) -> bool:
        """Whether it is, or was, a call's."""
        return self._admitted is not None

    def name(self, name: str, facts: Mapping[str, str]) -> None:
        """Take the call's name, and join that call or have it let in."""
        self._named = name, facts
        if not self._join():
            self._admit()

    def begin_leg(self, message: wire.LegBegun, arrival: float) -> None:
        """Take a leg, if the call is let in."""
        if self._admit() and (why := self.caller.take(message, arrival, self._host)):
            self._host.refuse(why, UNSUPPORTED)

    def take(self, message: LegMessage, arrival: float) -> None:
        """Take what concerns a leg; with the last one that ends, all connections of the call do."""
        self.caller.take(message, arrival, self._host)
        if self.caller.is_over:
            for member in (self._host, *self.caller.members):
                member.finish()

    def change_flow(self, *, may_send: bool) -> None:
        """Send nothing while the peer's queue is full."""
        if self._playout is not None:
            self._playout.may_send = may_send

    def reach_mark(self) -> None:
        """Take note that the peer has played what was sent up to a mark."""
        if self._playout is not None:
            self._playout.watch.reach_mark()

    def flush(self) -> None:
        """Have the peer drop what it would still play."""
        if self._playout is not None:
            self._playout.flush()

    def close(
        self,
        reason: EndReason,
        error: StreamerError | None = None,
        note: str = "",
        cause: Cause | None = None,
    ) -> None:
        """End its legs."""
        self.caller.close(self._host, reason, error, note, cause)

    def stop_playing(self) -> None:
        """Send no more audio; idempotent."""
        self._is_over = True
        if self._playout is not None:
            self._options.frame_clock.stop(self._playout.play)

    def _admit(self) -> bool:
        """Have the call let in, once; say whether it is."""
        if self._admitted is not None:
            return True
        verdict = self._options.limiter.refuse_call(calls=self._options.count_calls())
        if verdict:
            self._host.refuse(verdict, TRY_LATER)
            return False
        admitted = self._server.admit(self._named[0], is_trusted=self._is_trusted)
        if isinstance(admitted, str):
            self._host.refuse(admitted, POLICY)
            return False
        self._admitted = admitted
        return True

    def _join(self) -> bool:
        """Become a member of a call that is live, or be refused by it; say whether there is one."""
        shared = self._server.find_shared(self._share_key())
        if shared is None or self._admitted is not None:
            return False
        if len(shared.members) >= MOST_PARTIES:
            self._host.refuse(f"its call has {MOST_PARTIES} connections already", TRY_LATER)
            return True
        admitted = self._server.admit(self._named[0], is_trusted=self._is_trusted)
        if isinstance(admitted, str):
            return False  # which is said by who asks next
        self.caller, self._admitted = shared, admitted
        shared.members.append(self._host)
        self._host.go_live()
        return True

    def _share_key(self) -> tuple[str, str]:
        return (self._interpreter.source if self._interpreter else "", self._named[0])

    def _make_call(self, leg: Leg, message: wire.LegBegun) -> WebSocketCall:
        assert self._admitted
        self._host.go_live()
        speaker = self._begin_playout(message)
        call = WebSocketCall(
            _describe(leg, self._admitted),
            source=self._share_key()[0],
            facts=self._find_facts(self._admitted),
            sent=(self._sent,) if speaker else (),
            leave=self.caller.leave,
            watch=self._playout.watch if self._playout else None,
            programme=self._programme,
        )
        self._server.share(self._share_key(), self.caller)
        self._server.announce(call)
        return call

    def _find_facts(self, admitted: Admitted) -> dict[str, str]:
        name, facts = self._named
        own = {known: value for known, value in admitted.facts.items() if value}
        known = {"id": name, "peer": self._peer, **facts, **own}
        return {fact: value[:LONGEST_VALUE] for fact, value in known.items()}

    def _begin_playout(self, message: wire.LegBegun) -> wire.Speaker | None:
        """Get ready to send audio, which begins once there is some, and return what may be sent."""
        speaker = self._interpreter.speaker if self._interpreter else None
        if speaker is None or message.format is None:
            return speaker
        self._programme = Programme(self._playback, on_added=self._play, on_dropped=self._drop)
        self._playout = WebPlayout(
            speaker,
            self._programme,
            message.format,
            frame_bytes=message.frame_bytes,
            sent=self._sent,
            send=self._link.send,
            unsent=lambda: self._link.unsent,
            watch=watch_return(self._playback),
        )
        if self._playback is not None:
            self._play()
        return speaker

    def _play(self) -> None:
        if self._playout is not None and not self._is_over:
            self._options.frame_clock.start(self._playout.play)

    def _drop(self) -> None:
        if self._playout is not None and not self._is_over:
            self._playout.drop()

    def _hear(self, pcm: bytes) -> None:
        if isinstance(self._playback, Echo) and self.caller.call is not None:
            self._playback.hear(pcm, self.caller.call.legs[0].rate)


def _describe(leg: Leg, admitted: Admitted) -> Leg:
    """Return a leg with what is known of it by a registration."""
    return Leg(
        admitted.label or leg.label,
        admitted.channel or leg.channel,
        leg.rate,
        admitted.number or leg.number,
        leg.name,
    )
