"""Is a stretch of a leg an echo of what the recordings of other legs hold at that time?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.events import SPEECH_RATE
from streamer.errors import RecordingError
from streamer.media.wav import HEADER_SIZE
from streamer.recording.private_files import open_regular
from streamer.recording.rates import read_rate
from streamer.speech.audio.echo import EARLIEST, LONGEST_LAG, Samples, is_echo
from streamer.speech.audio.resampled_reader import Resampler


def is_echo_of_recorded(pcm: bytes, start: int, paths: Sequence[Path]) -> bool:
    """Say whether a leg's audio from the sample `start` on is only the echo of one of these recordings; reads files."""
    own = np.frombuffer(pcm, np.int16)
    first, end = start - LONGEST_LAG, start + len(own) + EARLIEST
    return any(is_echo(own, _read(path, first, end)) for path in paths)


def _read(path: Path, start: int, end: int) -> Samples:
    """Return a leg's samples at `SPEECH_RATE`; silence where it has none."""
    stretch = np.zeros(end - start, np.int16)
    try:
        held = _read_samples(path, max(0, start), end)
    except (OSError, RecordingError):
        return stretch
    offset = max(0, -start)
    held = held[: len(stretch) - offset]
    stretch[offset : offset + len(held)] = held
    return stretch


def _read_samples(path: Path, start: int, end: int) -> Samples:
    rate = read_rate(path)
    if rate is None:
        return np.zeros(0, np.int16)
    first, behind = (at * rate // SPEECH_RATE for at in (start, end))
    descriptor = open_regular(path)
    try:
        pcm = os.pread(
            descriptor, (behind - first) * SAMPLE_WIDTH, HEADER_SIZE + first * SAMPLE_WIDTH
        )
    finally:
        os.close(descriptor)
    pcm = pcm[: len(pcm) // SAMPLE_WIDTH * SAMPLE_WIDTH]
    if rate != SPEECH_RATE and pcm:
        resampler = Resampler(rate)
        pcm = resampler.feed(pcm) + resampler.finish()
    return np.frombuffer(pcm, np.int16)
