"""The sound of a call as one stream of samples: a leg or all of them mixed, from any moment on, live or past.

Legs begin together, as their recordings do; where one has no audio it is silent. All is counted at the rate of the fastest leg, and any
sample can be read at any time, so that a browser may ask for any range. A slower leg is interpolated, which ears take for what it is.
While a call is live, its legs do not grow in step: what one lags behind the others by more than `_PATIENCE_S` is silence.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.reasons import explain
from streamer.errors import NotFoundError, RecordingError
from streamer.media.wav import HEADER_SIZE, MAX_DATA, WavHeader, encode_header
from streamer.recording.disk import continued_path
from streamer.recording.folder import CallFolder
from streamer.recording.private_files import open_regular
from streamer.recording.rates import read_rate
from streamer.recording.reader import RecordedLeg, read_recorded

LOOK_S = 0.2
"""Seconds from one look for more of a live call to the next."""

_PATIENCE_S = 0.5


class _LegSound:
    """One leg's samples by their place, from its WAVs in order."""

    def __init__(self, path: Path, rate: int) -> None:
        self._path = path
        self._has_rate = False
        self.rate = rate
        self._sizes: list[int] = []
        self.look()

    def look(self) -> int:
        """Return how many samples there are now."""
        if not self._has_rate and (rate := read_rate(self._path)) is not None:
            self.rate, self._has_rate = rate, True
        number = max(1, len(self._sizes))
        while (size := _count(continued_path(self._path, number))) is not None:
            self._sizes[number - 1 :] = [size]
            number += 1
        return sum(self._sizes)

    def read(self, start: int, count: int) -> np.ndarray:
        """Return samples; what is not there is silence."""
        read = np.zeros(count, np.int16)
        first = 0
        for number, size in enumerate(self._sizes, 1):
            begin, end = max(start, first), min(start + count, first + size)
            if begin < end:
                path = continued_path(self._path, number)
                pcm = np.frombuffer(_read(path, begin - first, end - begin), "<i2")
                read[begin - start : begin - start + len(pcm)] = pcm
            first += size
        return read

    def read_at(self, rate: int, start: int, count: int) -> np.ndarray:
        """Return samples counted at another rate."""
        if rate == self.rate:
            return self.read(start, count)
        places = np.arange(start, start + count) * (self.rate / rate)
        first = int(places[0])
        samples = self.read(first, int(places[-1]) - first + 2)
        at: np.ndarray = np.interp(places - first, np.arange(len(samples)), samples)
        return at


class Sound:
    """What is to be heard of a call."""

    def __init__(self, folder: CallFolder, legs: Sequence[_LegSound]) -> None:
        self._folder = folder
        self._legs = legs
        self.rate = max(leg.rate for leg in legs)

    def is_live(self) -> bool:
        """Say whether more may come."""
        return self._folder.is_live()

    def look(self) -> int:
        """Return how many samples can be heard now; they become more while the call is live."""
        is_live = self.is_live()  # asked first: what is written until then is counted below
        counts = [leg.look() * self.rate // leg.rate for leg in self._legs]
        if not is_live:
            return max(counts)
        return max(min(counts), max(counts) - round(_PATIENCE_S * self.rate))

    def read(self, start: int, count: int) -> bytes:
        """Return samples as 16-bit PCM.

        Raises:
            RecordingError: They cannot be read.
        """
        if count <= 0:
            return b""
        mixed = np.zeros(count)
        for leg in self._legs:
            mixed += leg.read_at(self.rate, start, count)
        return np.clip(np.rint(mixed), -0x8000, 0x7FFF).astype("<i2").tobytes()

    def header(self, count: int | None) -> bytes:
        """Return the header of a WAV of so many samples; None for one whose end nobody knows."""
        size = MAX_DATA if count is None else count * SAMPLE_WIDTH
        return encode_header(WavHeader(self.rate, data_size=size))


def open_sound(folder: CallFolder, label: str = "", *, only_inside: bool = False) -> Sound:
    """Return the sound of a leg, or of all of them without a label.

    Raises:
        NotFoundError: There is no such call or leg, or nothing of it is recorded.
        RecordingError: It cannot be read, or with `only_inside` lies elsewhere.
    """
    legs = read_recorded(folder.path).legs
    chosen = [leg for leg in legs if label in ("", leg.leg.label)]
    if not chosen:
        labels = ", ".join(leg.leg.label for leg in legs) or "none"
        raise NotFoundError(f"{folder.call_id} has no such leg; its legs are {labels}")
    if only_inside and not all(folder.holds(leg.path) for leg in chosen):
        raise RecordingError(f"the audio of {folder.call_id} lies outside of its folder")
    sounds = [_open_leg(leg) for leg in chosen]
    if not folder.is_live() and not any(sound.look() for sound in sounds):
        raise NotFoundError(f"{folder.call_id} has no audio")
    return Sound(folder, sounds)


def _open_leg(leg: RecordedLeg) -> _LegSound:
    if leg.path.suffix.lower() != ".wav":
        raise RecordingError(f"{leg.path} is not a WAV; nothing else can be played")
    return _LegSound(leg.path, leg.leg.rate)


def _count(path: Path) -> int | None:
    """Return the samples in a WAV; None if there is none, or none yet."""
    try:
        size = path.lstat().st_size - HEADER_SIZE
    except OSError:
        return None
    return size // SAMPLE_WIDTH if size >= 0 else None


def _read(path: Path, start: int, count: int) -> bytes:
    try:
        descriptor = open_regular(path)
        try:
            pcm = os.pread(descriptor, count * SAMPLE_WIDTH, HEADER_SIZE + start * SAMPLE_WIDTH)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {explain(error)}") from error
    return pcm[: len(pcm) // SAMPLE_WIDTH * SAMPLE_WIDTH]
