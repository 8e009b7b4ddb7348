"""What goes back to a party: a frame every 20 ms by the wall clock, from one writer a connection.

Theory of operation. One `FrameClock` ticks for all connections and says how many frames are due; its beats are counted from its
start, so that lateness of one tick never adds up. Each connection's `Playout` asks its playback for the next frame and sends silence
while the playback has none. After a late tick a playback sends the frames that are missing, up to `MOST_AT_ONCE`; silence does not, since one
frame is enough to keep the call alive. A peer that does not read gets nothing more until it does; its playback waits meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import math
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from streamer.core.audio import FULL_SCALE, SAMPLE_WIDTH
from streamer.sources.base import Sent
from streamer.sources.one_way import ReturnWatch
from streamer.wire.audiosocket import FRAME_MS, encode_audio

PERIOD_S = FRAME_MS / 1000

MOST_AT_ONCE = 10
"""Frames that are made up for after a tick that came late; a phone's jitter buffer takes no more."""

PRIMED_FRAMES = 2
MOST_ECHOED_FRAMES = 10
"""Frames that an echo waits for before it begins, so that it does not stutter, and keeps at most."""

_TONE_LEVEL = 0.25
_log = logging.getLogger(__name__)


class FrameClock:
    """Tells every player how many frames are due, as long as there is a player."""

    def __init__(self) -> None:
        self._players: dict[Callable[[int], None], None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._began = 0.0
        self._ticks = 0

    def start(self, play: Callable[[int], None]) -> None:
        """Call `play` with the number of frames due, from the next tick on."""
        self._players[play] = None
        if self._timer is None:
            self._began, self._ticks = asyncio.get_running_loop().time(), 0
            self._schedule()

    def stop(self, play: Callable[[int], None]) -> None:
        """Call it no more; idempotent."""
        self._players.pop(play, None)

    def _schedule(self) -> None:
        due_at = self._began + (self._ticks + 1) * PERIOD_S
        self._timer = asyncio.get_running_loop().call_at(due_at, self._tick)

    def _tick(self) -> None:
        passed = asyncio.get_running_loop().time() - self._began
        due = int(passed / PERIOD_S + 1e-3) - self._ticks  # a timer may fire a hair early
        self._ticks += due
        for play in list(self._players):
            self._let_play(play, min(due, MOST_AT_ONCE))
        if self._players:
            self._schedule()
        else:
            self._timer = None

    def _let_play(self, play: Callable[[int], None], frames: int) -> None:
        """Let one player play; one that fails is stopped, and the others go on."""
        try:
            play(frames)
        except Exception:  # noqa: BLE001 - one caller's failure must not reach the others
            _log.exception("nothing more can be sent to a caller")
            self.stop(play)


class Playback(Protocol):
    """The audio that one party hears."""

    def next_frame(self, rate: int) -> bytes | None:
        """Return the next 20 ms of 16-bit audio, or None if there is nothing to play now."""


class Tone:
    """A test tone without end, 12 dB below full scale."""

    def __init__(self, hz: int) -> None:
        self._hz = hz
        self._frames = 0

    def next_frame(self, rate: int) -> bytes | None:
        """Return the tone's next frame."""
        second, size = _second_of_tone(self._hz, rate), frame_size(rate)
        start = self._frames % (1000 // FRAME_MS) * size
        self._frames += 1
        return second[start : start + size]


class Announcement:
    """Audio that is played once; `load` returns it at a rate."""

    def __init__(self, load: Callable[[int], bytes]) -> None:
        self._load = load
        self._frames = 0

    def next_frame(self, rate: int) -> bytes | None:
        """Return the announcement's next frame, its last one filled up with silence."""
        size = frame_size(rate)
        frame = self._load(rate)[self._frames * size : (self._frames + 1) * size]
        if not frame:
            return None
        self._frames += 1
        return frame.ljust(size, b"\0")


class Echo:
    """The party's own voice, a moment later."""

    def __init__(self) -> None:
        self._heard = bytearray()
        self._is_primed = False

    def hear(self, pcm: bytes, rate: int) -> None:
        """Take what the party has said, and drop what is too old."""
        self._heard += pcm
        excess = len(self._heard) - MOST_ECHOED_FRAMES * frame_size(rate)
        if excess > 0:
            del self._heard[: excess + excess % SAMPLE_WIDTH]

    def next_frame(self, rate: int) -> bytes | None:
        """Return the oldest frame that has not been played."""
        size = frame_size(rate)
        self._is_primed = len(self._heard) >= (size if self._is_primed else PRIMED_FRAMES * size)
        if not self._is_primed:
            return None
        frame = bytes(self._heard[:size])
        del self._heard[:size]
        return frame


def watch_return(playback: Playback | None) -> ReturnWatch:
    """Return what watches a playback on its way."""
    return ReturnWatch(
        is_echo=isinstance(playback, Echo), is_test=isinstance(playback, (Echo, Tone))
    )


class Playout:
    """The one writer of a connection; `rate` is that of the kind of audio that the peer sends."""

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        playback: Playback | None,
        *,
        rate: int,
        fills_silence: bool,
        watch: ReturnWatch | None = None,
    ) -> None:
        self.sent = Sent(rate=rate)
        self.watch = watch or watch_return(playback)
        self._transport = transport
        self._playback = playback
        self._fills_silence = fills_silence

    @property
    def rate(self) -> int:
        """Samples a second of what the peer is sent."""
        return self.sent.rate

    @rate.setter
    def rate(self, rate: int) -> None:
        self.sent.rate = rate

    def play(self, frames: int) -> None:
        """Send what is due."""
        for _ in range(frames):
            if self._transport.get_write_buffer_size():
                self.sent.dropped += 1
                self.watch.block(frames)
                return
            pcm = self._playback.next_frame(self.rate) if self._playback else None
            if pcm is not None:
                self._send(encode_audio(pcm, self.rate))
                self.watch.play(pcm)
                continue
            self.watch.rest(frames)
            if self._fills_silence:
                self._send(_silent_frame(self.rate))
            return

    def _send(self, frame: bytes) -> None:
        self.sent.frames += 1
        self.sent.bytes += len(frame)
        self._transport.write(frame)


def frame_size(rate: int) -> int:
    """Return the bytes of 20 ms."""
    return rate * FRAME_MS // 1000 * SAMPLE_WIDTH


@lru_cache
def _silent_frame(rate: int) -> bytes:
    return encode_audio(bytes(frame_size(rate)), rate)


@lru_cache
def _second_of_tone(hz: int, rate: int) -> bytes:
    turn = 2 * math.pi * hz / rate
    peak = _TONE_LEVEL * FULL_SCALE
    return struct.pack(f"<{rate}h", *(round(peak * math.sin(turn * n)) for n in range(rate)))
