"""How well each leg of a call was recorded: how loud, how much cut off, with which gaps, how unevenly it came, how long on hold.

Level and clipping are those of pieces spread over the whole leg, so that a call of hours costs no more than one of minutes.
"""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import log10, sqrt
from pathlib import Path

from streamer.core.audio import CLIPPED, FULL_SCALE, SAMPLE_WIDTH
from streamer.errors import RecordingError
from streamer.media.wav import HEADER_SIZE
from streamer.recording.private_files import open_regular
from streamer.recording.reader import RecordedLeg, list_leg_wavs, read_recorded

PIECES = 40
"""Pieces of a leg that are looked at."""

PIECE = 8000
"""Samples of a piece."""

QUIET_DB = -50.0
"""Pieces that are quieter than this are pauses, and do not count for the level, as long as there are others."""


@dataclass(frozen=True, slots=True)
class LegQuality:
    """One leg; None is what nobody knows: of a recording that is gone, or was made before it was noted."""

    leg: str
    level_db: float | None
    """Loudness of what is heard in dB below full scale; None if nothing but digital silence came."""
    clipped: float | None
    """Share of the samples that are cut off, 0 to 1."""
    gap_s: float
    """The longest time between two frames."""
    jitter_s: float | None
    """How much too early or too late a frame came on the average."""
    missing_s: float
    """Seconds that never came, and those that came and are not on disk."""
    hold_s: float
    has_sound: bool | None
    """Anything but digital silence came."""


def measure_quality(folder: Path) -> dict[str, LegQuality]:
    """Return the quality of each leg, by label; nothing of a call whose folder is gone or damaged. Blocks for a moment."""
    try:
        recorded = read_recorded(folder)
        wavs = list_leg_wavs(folder)
    except (RecordingError, OSError):
        return {}
    return {
        leg.leg.label: _measure_leg(leg, paths)
        for leg, paths in zip(recorded.legs, wavs, strict=False)
    }


def is_one_way(qualities: Sequence[LegQuality]) -> bool | None:
    """Say whether some legs brought sound and others none; None if that is not known of all."""
    sounds = {quality.has_sound for quality in qualities}
    return None if None in sounds or len(qualities) < 2 else len(sounds) > 1


def sum_holds(holds: Iterable[tuple[bool, float]], length_s: float) -> float:
    """Return for how long a leg was on hold, which begins and ends at these seconds; what still lasts does so to its end."""
    total_s = 0.0
    since_s: float | None = None
    for is_held, at_s in holds:
        if is_held and since_s is None:
            since_s = at_s
        elif not is_held and since_s is not None:
            total_s, since_s = total_s + max(0.0, at_s - since_s), None
    return total_s + (max(0.0, length_s - since_s) if since_s is not None else 0.0)


def _measure_leg(leg: RecordedLeg, paths: Sequence[Path]) -> LegQuality:
    pieces = list(_read_pieces(paths))
    levels = [_rms(piece) for piece in pieces]
    heard = [level for level in levels if level]
    loud = [level for level in heard if _decibels(level) > QUIET_DB] or heard
    count = sum(map(len, pieces))
    clipped = sum(abs(sample) >= CLIPPED for piece in pieces for sample in piece)
    return LegQuality(
        leg.leg.label,
        _decibels(sqrt(sum(level * level for level in loud) / len(loud))) if loud else None,
        clipped / count if count else None,
        leg.longest_gap_s,
        leg.jitter_s,
        leg.loss.missing_s + leg.loss.lost_s,
        sum_holds(((hold.held, hold.start_s) for hold in leg.holds if hold), leg.loss.length_s),
        bool(heard) if count else None,
    )


def _read_pieces(paths: Sequence[Path]) -> Iterator[array[int]]:
    sizes = [_count_samples(path) for path in paths]
    step = max(PIECE, sum(sizes) // PIECES)
    offset = 0
    for path, size in zip(paths, sizes, strict=True):
        while offset < size:
            yield _read_piece(path, offset)
            offset += step
        offset -= size


def _count_samples(path: Path) -> int:
    with suppress(OSError):
        return max(0, path.stat().st_size - HEADER_SIZE) // SAMPLE_WIDTH
    return 0


def _read_piece(path: Path, offset: int) -> array[int]:
    samples = array("h")
    with suppress(OSError):
        descriptor = open_regular(path)
        try:
            pcm = os.pread(descriptor, PIECE * SAMPLE_WIDTH, HEADER_SIZE + offset * SAMPLE_WIDTH)
        finally:
            os.close(descriptor)
        samples.frombytes(pcm[: len(pcm) - len(pcm) % SAMPLE_WIDTH])
        if sys.byteorder == "big":
            samples.byteswap()
    return samples


def _rms(samples: array[int]) -> float:
    return sqrt(sum(sample * sample for sample in samples) / max(1, len(samples))) / FULL_SCALE


def _decibels(share: float) -> float:
    return 20 * log10(max(share, 1 / FULL_SCALE / 10))
