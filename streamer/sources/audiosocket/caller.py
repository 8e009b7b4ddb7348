"""A caller that is admitted: its frames become its call, and what is played goes back to it."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from streamer.core.audio import AudioChunk, Leg
from streamer.core.events import EndReason
from streamer.errors import StreamerError
from streamer.sources.arrival import Arrivals
from streamer.sources.audiosocket.base import Server
from streamer.sources.audiosocket.call import AudioSocketCall
from streamer.sources.audiosocket.decoder import USUAL_RATE, Decoder
from streamer.sources.audiosocket.pending_call import PendingCall
from streamer.sources.base import LegClosed, Odd
from streamer.sources.inbound import Admitted, ServerOptions
from streamer.sources.playout import Echo, Playout, watch_return
from streamer.sources.programme import Programme
from streamer.wire import audiosocket as wire
from streamer.wire.formats import Format


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a caller is."""

    uuid: UUID
    peer: str
    """Its address, for people."""
    admitted: Admitted


class AdmittedCaller:
    """One caller, from its UUID on; `leave` is what ends its call, and `on_rate` is told once the rate is known or guessed."""

    def __init__(
        self,
        who: Identity,
        options: ServerOptions,
        server: Server,
        *,
        transport: asyncio.Transport,
        now: float,
        leave: Callable[[], None],
        on_rate: Callable[[], None],
    ) -> None:
        self._who = who
        self._options = options
        self._server = server
        self._leave = leave
        self._on_rate = on_rate
        self._is_in_use = True
        self._decoder = Decoder(who.peer, options.format)
        server.watch.start()
        self.arrivals = Arrivals(server.watch, now)
        self._playback = options.new_playback()
        self._programme = Programme(self._playback)
        self.playout = Playout(
            transport,
            self._programme,
            rate=USUAL_RATE,
            fills_silence=options.fills_silence,
            watch=watch_return(self._playback),
        )
        options.frame_clock.start(self.playout.play)
        self._pending = PendingCall(self._make_call, server.announce)

    @property
    def via(self) -> str:
        """How its call came here, empty for the usual way."""
        return self._who.admitted.facts.get("via", "")

    def hear(
        self, message: wire.Message, arrival: float, *, keep_pace: Callable[[float], None]
    ) -> None:
        """Take a frame; `keep_pace` is told of the seconds of sound in it."""
        items = self._decoder.take(message, arrival)
        if self._decoder.kind_rate:
            self.playout.rate = self._decoder.kind_rate
        for item in items:
            self._pending.put(item)
            if isinstance(item, AudioChunk):
                keep_pace(item.samples / self._decoder.rate)
                if isinstance(self._playback, Echo):
                    self._playback.hear(self._fit(item.pcm), self.playout.rate)

    def note(self, odd: Odd) -> None:
        """Have something noted with its call."""
        self._pending.put(odd)

    def announce(self) -> None:
        """Announce the call although its rate may not be known; idempotent."""
        for item in self._decoder.finish():
            self._pending.put(item)
        self._pending.begin()

    def end(self, reason: EndReason, error: StreamerError | None, note: str) -> None:
        """End its call."""
        self.announce()
        self._pending.put(LegClosed(0, reason, error, note))

    def release(self) -> None:
        """Play nothing any more, and free the UUID; idempotent."""
        if self._is_in_use:
            self._is_in_use = False
            self._options.frame_clock.stop(self.playout.play)
            self._server.watch.stop()
            self._server.forget(self._who.uuid)

    def _make_call(self, rate: int | None) -> AudioSocketCall:
        self._on_rate()
        admitted = self._who.admitted
        leg = Leg(admitted.label, admitted.channel, rate or USUAL_RATE, admitted.number)
        facts = {"uuid": str(self._who.uuid), "peer": self._who.peer, **admitted.facts}
        return AudioSocketCall(
            leg,
            facts,
            sent=(self.playout.sent,),
            leave=self._leave,
            watch=self.playout.watch,
            programme=self._programme,
        )

    def _fit(self, pcm: bytes) -> bytes:
        """Return audio at the rate that the peer expects."""
        if self._decoder.format is Format.SLIN16:
            # Labelled and decoded as slin: good enough for a test.
            return array("h", pcm)[::2].tobytes()
        return pcm
