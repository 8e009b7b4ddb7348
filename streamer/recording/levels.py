"""How loud a leg is this moment, and how long it has become, read from the end of its growing WAV; the tap does not notice."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from streamer.core.audio import SAMPLE_WIDTH, SLIN16_RATE, peak
from streamer.errors import RecordingError
from streamer.media.wav import HEADER_SIZE
from streamer.recording.disk import continued_path
from streamer.recording.private_files import open_regular
from streamer.recording.rates import read_rate

_LOOK_S = 0.2
"""Length of the last audio that is looked at; the tap writes about as often."""


@dataclass(frozen=True, slots=True)
class Level:
    """The loudest sample of late as a share of full scale, 0 once nothing more comes, and the length of the leg in seconds."""

    peak: float = 0.0
    duration_s: float = 0.0


class LevelMeter:
    """Reads one leg's level; never blocks for longer than a read of 0.2 s of audio from the page cache.

    `rate` is believed until the WAV is there and says its own.
    """

    def __init__(self, path: Path, *, rate: int = SLIN16_RATE) -> None:
        self._path = path
        self._rate = rate
        self._has_rate = False
        self._number = 1
        self._samples_before = 0
        self._samples = 0

    def read(self) -> Level:
        """Return the level now."""
        if not self._has_rate:
            self._learn_rate()
        samples, pcm = self._look()
        return Level(peak(pcm), samples / self._rate)

    def _learn_rate(self) -> None:
        with suppress(RecordingError):
            rate = read_rate(self._path)
            self._has_rate = rate is not None
            self._rate = rate or self._rate

    def _look(self) -> tuple[int, bytes]:
        while True:
            size = self._data_size(self._number)
            if not self._data_size(self._number + 1):
                break
            self._samples_before += size // SAMPLE_WIDTH
            self._number += 1
        samples = self._samples_before + size // SAMPLE_WIDTH
        has_grown, self._samples = samples != self._samples, samples
        return samples, self._read_end(size) if has_grown else b""

    def _data_size(self, number: int) -> int:
        with suppress(OSError):
            status = continued_path(self._path, number).lstat()
            size = status.st_size - HEADER_SIZE if stat.S_ISREG(status.st_mode) else 0
            return max(0, size - size % SAMPLE_WIDTH)
        return 0

    def _read_end(self, size: int) -> bytes:
        wanted = min(size, round(_LOOK_S * self._rate) * SAMPLE_WIDTH)
        with suppress(OSError):
            descriptor = open_regular(continued_path(self._path, self._number))
            try:
                pcm = os.pread(descriptor, wanted, HEADER_SIZE + size - wanted)
                return pcm[: len(pcm) - len(pcm) % SAMPLE_WIDTH]
            finally:
                os.close(descriptor)
        return b""
