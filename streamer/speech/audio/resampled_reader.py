"""One leg's audio at `SPEECH_RATE`, whatever the rate of its WAV.

Speech models take 16,000 samples a second, which holds up to 8 kHz, so a leg with a higher rate loses nothing that they could use. A leg
of 8,000 ends at 4 kHz, and nothing is made up above. Measured of libswresample as it is set here, with tones and chirps at 8 to 192
kHz: flat up to 7 kHz, or 3.6 of a leg of 8,000, to 0.4 dB; 4 dB less at 7.6 kHz; 60 dB less from 9 kHz on, which is what could fold
back on speech; and 80 dB between chirp and noise. It holds back 2 ms of audio at most, and puts each sample where it is in the leg, so
that positions need no correction.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.events import SPEECH_RATE
from streamer.recording.rates import read_rate
from streamer.speech.audio.leg_reader import Follower, Pause

if TYPE_CHECKING:
    import av

_WARM_UP = SPEECH_RATE // 50
"""Samples before the beginning that are read too: ten times what the filter looks back, so that it is as if it had always run."""


class Resampler:
    """Turns 16-bit mono PCM of any rate into PCM at `SPEECH_RATE`, in pieces of any size, a millisecond of work a second of audio.

    The first sample stays the first. The pieces make no difference; in the end n samples have become n * `SPEECH_RATE` / rate, to
    one sample. Making the first one imports FFmpeg, which blocks.
    """

    def __init__(self, rate: int) -> None:
        import av  # heavy, and only needed for legs of other rates

        self._rate = rate
        self._new_frame = av.AudioFrame
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SPEECH_RATE)

    def feed(self, pcm: bytes) -> bytes:
        """Return what is certain by now; whole samples only."""
        frame = self._new_frame(format="s16", layout="mono", samples=len(pcm) // SAMPLE_WIDTH)
        frame.rate = self._rate
        frame.planes[0].update(pcm)
        return _join(self._resampler.resample(frame))

    def finish(self) -> bytes:
        """Return what was held back; nothing can be fed any more."""
        return _join(self._resampler.resample(None))


def _join(frames: list[av.AudioFrame]) -> bytes:
    return b"".join(bytes(frame.planes[0])[: frame.samples * SAMPLE_WIDTH] for frame in frames)


class SpeechFollower:
    """One leg's audio in order at `SPEECH_RATE`; see `Follower`, whose samples `count_recorded` counts at the leg's own rate.

    `position` is the sample at `SPEECH_RATE` behind what was read. The WAV says the rate once it is there. From wherever reading
    begins, the samples are those that reading from zero gives.
    """

    def __init__(
        self,
        path: Path,
        *,
        is_live: Callable[[], bool],
        count_recorded: Callable[[], int] = lambda: 0,
        position: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.position = position
        self._path = path
        self._follower = Follower(path, is_live=is_live, count_recorded=count_recorded, clock=clock)
        self.rate: int | None = None
        """Samples a second of the leg's own, once its WAV has said them."""
        self._resampler: Resampler | None = None
        self._surplus = 0
        """Samples still to come that lie before `position`."""

    @property
    def unread(self) -> int:
        """Samples at `SPEECH_RATE` on disk that have not been read; 0 as long as the rate is unknown."""
        return self._follower.unread * SPEECH_RATE // self.rate if self.rate else 0

    @property
    def waiting(self) -> int:
        """What is unread, from its first sound on; see `Follower.waiting`."""
        return self._follower.waiting * SPEECH_RATE // self.rate if self.rate else 0

    async def read(self) -> bytes | Pause:
        """Return the next audio, or why there is none; waits for more while the tap lives.

        Raises:
            RecordingError: It cannot be read, or ends before what was recorded does.
        """
        if self.rate is None and (pause := await self._begin()):
            return pause
        while True:
            piece = await self._follower.read()
            if audio := self._convert(piece):
                self.position += len(audio) // SAMPLE_WIDTH
                return audio
            if isinstance(piece, Pause):
                return piece

    def close(self) -> None:
        """Close the file; idempotent."""
        self._follower.close()

    async def _begin(self) -> Pause | None:
        """Wait for the WAV, which says its rate, and go to where reading begins."""
        first = await self._follower.read(1)
        if isinstance(first, Pause):
            return first
        rate = read_rate(self._path)
        assert rate is not None, "a header stands before the first sample"
        start = self.position
        if rate != SPEECH_RATE:
            self._resampler = await asyncio.to_thread(Resampler, rate)
            start = _find_start(self.position, rate)
            self._surplus = self.position - start
        self._follower.position = start * rate // SPEECH_RATE
        self.rate = rate
        return None

    def _convert(self, piece: bytes | Pause) -> bytes:
        if self._resampler is None:
            return b"" if isinstance(piece, Pause) else piece
        if isinstance(piece, bytes):
            audio = self._resampler.feed(piece)
        elif piece is Pause.ENDED:
            audio, self._resampler = self._resampler.finish(), None
        else:
            return b""
        dropped = min(self._surplus, len(audio) // SAMPLE_WIDTH)
        self._surplus -= dropped
        return audio[dropped * SAMPLE_WIDTH :]


def _find_start(position: int, rate: int) -> int:
    """Return the last sample at `SPEECH_RATE` that falls on one of the leg's and leaves `_WARM_UP` samples before `position`."""
    step = SPEECH_RATE // math.gcd(SPEECH_RATE, rate)
    return max(0, position - _WARM_UP) // step * step
