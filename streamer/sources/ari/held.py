"""A party that we have called and hold: one medium both ways, in a bridge with it, so that it hears us and we hear it.

Its channel has an id of ours, so it is deleted as everything else is that we have made: the end of the recording ends the call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from streamer.ari.client import Answer, MediaSocket
from streamer.sources.ari.leg_tap import ENTERING_S, LegTap, Workshop
from streamer.sources.base import Sent
from streamer.sources.playout import Echo, FrameClock, Playback, Playout
from streamer.sources.programme import Programme
from streamer.wire.ari.answers import Channel
from streamer.wire.ari.requests import (
    MediaFormat,
    Request,
    SocketOption,
    Spy,
    find_new_id,
    make_bridge,
)
from streamer.wire.audiosocket import HEADER_SIZE

_MOST_WAITING = 50
"""Frames that wait for a WebSocket that is slow; further ones are dropped."""


class HeldParty(LegTap):
    """One party; `place` asks for the call, and `hold` speaks and listens once it has entered our application."""

    _options: Sequence[SocketOption] = (SocketOption.NONE,)

    def __init__(
        self,
        shop: Workshop,
        party: Channel,
        playback: Playback | None,
        on_audio: Callable[[bytes], None],
    ) -> None:
        super().__init__(shop, party, Spy.SAID, MediaFormat.SLIN16, self._hear)
        self.playout: Playout | None = None
        self.programme: Programme | None = None
        self._playback = playback
        self._take = on_audio
        self._clock = FrameClock()
        self._rate = 0

    @property
    def sent(self) -> tuple[Sent, ...]:
        """What the party was sent."""
        return (self.playout.sent,) if self.playout else ()

    async def place(self, request: Request) -> Answer:
        """Ask for the call, whose channel is noted before.

        Raises:
            UnreachableError: ARI cannot be asked.
        """
        await self._note(request)
        return await self._ask(request)

    async def hold(self, format: MediaFormat, rate: int) -> None:
        """Make a medium and a bridge, and begin to play; `lost` is set when the party or the medium has gone.

        Raises:
            UnreachableError: The PBX does not do it, or cannot be asked.
        """
        self._format, self._rate = format, rate
        bridging = make_bridge()
        await self._note(bridging)
        medium = await self._bring_audio()
        if not await self._shop.own.wait_for_start((medium,), timeout_s=ENTERING_S):
            raise self._refuse("its medium did not enter our application")
        await self._make(bridging, "a bridge")
        await self._join(find_new_id(bridging), (self._channel.id, medium))
        self._watch(self._shop.own.wait_for_end(self._channel.id))
        self._play()

    async def tear_down(self) -> bool:
        """Play nothing more, and delete what is ours, the call among it."""
        if self.playout is not None:
            self._clock.stop(self.playout.play)
        return await super().tear_down()

    def _play(self) -> None:
        self.programme = Programme(self._playback)
        transport = self._medium.transport if self._medium is not None else None
        writer = transport or _MessageWriter(self._socket)
        self.playout = Playout(writer, self.programme, rate=self._rate, fills_silence=True)
        if isinstance(writer, _MessageWriter):
            self._watch(writer.send_all())
        self._clock.start(self.playout.play)

    def _hear(self, payload: bytes) -> None:
        if isinstance(self._playback, Echo):
            self._playback.hear(payload, self._rate)
        self._take(payload)


class _MessageWriter(asyncio.WriteTransport):
    """Takes frames as AudioSocket has them, and sends what is in each as a message."""

    def __init__(self, socket: MediaSocket | None) -> None:
        super().__init__()
        self._socket = socket
        self._waiting: deque[bytes] = deque(maxlen=_MOST_WAITING)
        self._has_more = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Queue a frame."""
        self._waiting.append(bytes(data)[HEADER_SIZE:])
        self._has_more.set()

    def get_write_buffer_size(self) -> int:
        """Count the bytes that wait, those of one tick apart."""
        return 0 if len(self._waiting) < _MOST_WAITING else sum(map(len, self._waiting))

    async def send_all(self) -> None:
        """Send what is queued, for ever."""
        while self._socket is not None:
            self._has_more.clear()
            while self._waiting:
                await self._socket.send(self._waiting.popleft())
            await self._has_more.wait()
