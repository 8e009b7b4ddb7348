"""Where the sound in a recording begins again behind digital silence."""

from __future__ import annotations

import os

from streamer.core.audio import FULL_SCALE, SAMPLE_WIDTH, peak

SILENCE_PEAK = 8 / FULL_SCALE
"""Digital silence is not louder: A-law has no zero, and its quietest sample is 8."""

LOOK_AHEAD = 1 << 22
"""Samples that are read in one go at most, 4 minutes at 16 kHz: 25 ms of work. Holes of the file cost nothing."""

GRAIN = 1 << 10
"""Samples that are silent together or not."""

_BLOCK = 1 << 16


def find_sound(file: int, *, offset: int, begin: int, end: int) -> int:
    """Return where from `begin` on samples are no digital silence any more, to one `GRAIN`, or how far was looked.

    `file` is a descriptor of 16-bit mono PCM in which sample 0 stands at the byte `offset`.

    Raises:
        OSError: It cannot be read.
    """
    budget, size = LOOK_AHEAD, GRAIN  # mostly there is sound at once
    while begin < end and budget > 0:
        wanted = min(size, end - begin) * SAMPLE_WIDTH
        pcm = os.pread(file, wanted, offset + begin * SAMPLE_WIDTH)
        if len(pcm) < wanted:
            return end  # it has been cut
        silent = _count_silent(pcm)
        if silent < wanted // SAMPLE_WIDTH:
            return begin + silent
        budget, size = budget - silent, _BLOCK
        begin = _skip_hole(file, offset=offset, begin=begin + silent, end=end)
    return begin


def _count_silent(pcm: bytes) -> int:
    """Return how many samples are silent before the first grain with sound."""
    if not pcm.strip(b"\0"):
        return len(pcm) // SAMPLE_WIDTH
    step = GRAIN * SAMPLE_WIDTH
    for at in range(0, len(pcm), step):
        if peak(pcm[at : at + step]) > SILENCE_PEAK:
            return at // SAMPLE_WIDTH
    return len(pcm) // SAMPLE_WIDTH


def _skip_hole(file: int, *, offset: int, begin: int, end: int) -> int:
    """Return where data follows; `begin` where the file system knows no holes."""
    try:
        data = os.lseek(file, offset + begin * SAMPLE_WIDTH, os.SEEK_DATA)
    except OSError:
        return begin
    return min(end, max(begin, (data - offset) // SAMPLE_WIDTH))
