"""Audio files as live legs: chunks of 20 ms at the pace of a call, or a multiple of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence

from streamer.core.audio import SAMPLE_WIDTH, SLIN16_RATE, AudioChunk, Leg
from streamer.core.events import EndReason
from streamer.sources.base import LegClosed, LegOpened, Sent, StreamItem

CHUNK = SLIN16_RATE // 50
"""Samples of a chunk, 20 ms."""


def scaled_clock(speed: float, clock: Callable[[], float] = time.monotonic) -> Callable[[], float]:
    """Return a clock on which `speed` times as much time passes, so that audio played faster is on time."""
    start = clock()
    return lambda: start + (clock() - start) * speed


class FileCall:
    """One call whose legs are tracks of slin16; `clock` is a `scaled_clock` and paces them."""

    def __init__(
        self,
        legs: tuple[Leg, ...],
        tracks: Sequence[bytes],
        *,
        speed: float,
        clock: Callable[[], float],
    ) -> None:
        self.legs = legs
        self.lost = [0] * len(legs)
        self.sent: tuple[Sent, ...] = ()
        self._tracks = tracks
        self._speed = speed
        self._clock = clock

    async def __aiter__(self) -> AsyncIterator[StreamItem]:
        """Yield every leg's chunks as they are due."""
        for leg in range(len(self.legs)):
            yield LegOpened(leg)
        start = self._clock()
        size = CHUNK * SAMPLE_WIDTH
        for number in range(max(len(track) for track in self._tracks) // size + 1):
            due = start + number * CHUNK / SLIN16_RATE
            await asyncio.sleep(max(0.0, due - self._clock()) / self._speed)
            for leg, track in enumerate(self._tracks):
                if pcm := track[number * size : (number + 1) * size]:
                    yield AudioChunk(leg, pcm[: len(pcm) - len(pcm) % SAMPLE_WIDTH], due)
        for leg in range(len(self.legs)):
            yield LegClosed(leg, EndReason.HANG_UP)

    def explain_silence(self, leg: int, *, waited_s: float) -> str:
        """Say why there is no audio yet."""
        return (
            f"{self.legs[leg].channel} has sent no audio for {waited_s:.0f} s; this machine is busy"
        )

    async def aclose(self) -> None:
        """Nothing to leave behind; idempotent."""
