"""All legs of a call in one WAV, a channel each, on the call's clock."""

from __future__ import annotations

import itertools
import struct
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

from streamer.core.audio import SAMPLE_WIDTH, SLIN16_RATE
from streamer.errors import RecordingError, UsageError
from streamer.media.decode import read_tracks
from streamer.media.wav import HEADER_SIZE
from streamer.recording.private_files import open_private
from streamer.recording.rates import read_rate

_PIECE = SLIN16_RATE
"""Samples of each leg that are woven at once."""


def write_mixdown(legs: Sequence[Sequence[Path]], path: Path) -> None:
    """Write a slin16 WAV with one channel a leg, from each leg's WAVs in order; blocks.

    Legs begin together, as their recordings do; a shorter one ends in silence. One of another rate is resampled; what it holds above
    8 kHz stays in its own WAV.

    Raises:
        RecordingError: A leg cannot be read, or the file cannot be written.
    """
    try:
        with open_private(path) as file, wave.open(file, "wb") as out:
            out.setparams((len(legs), SAMPLE_WIDTH, SLIN16_RATE, 0, "NONE", ""))
            for pieces in itertools.zip_longest(*map(_read_leg, legs), fillvalue=b""):
                out.writeframesraw(_weave(pieces))
    except UsageError as error:
        raise RecordingError(str(error)) from error
    except (wave.Error, struct.error) as error:
        raise RecordingError(
            f"{path} cannot be written: the call is too long for one WAV; export its legs in parts, or as text"
        ) from error


def _read_leg(files: Sequence[Path]) -> Iterator[bytes]:
    """Yield a leg in pieces of `_PIECE` samples, the last one shorter; an empty recording has none."""
    size = _PIECE * SAMPLE_WIDTH
    unread = b""
    for file in files:
        if file.stat().st_size <= HEADER_SIZE:
            continue
        read_rate(
            file
        )  # refuses what is none of ours, in which FFmpeg might find the names of other files
        for track, *_ in read_tracks(file):
            unread += track
            while len(unread) >= size:
                yield unread[:size]
                unread = unread[size:]
    if unread:
        yield unread


def _weave(pieces: Sequence[bytes]) -> bytes:
    longest = max(len(piece) for piece in pieces)
    woven = bytearray(longest * len(pieces))
    for number, piece in enumerate(pieces):
        padded = memoryview(piece.ljust(longest, b"\0")).cast("h")
        memoryview(woven).cast("h")[number :: len(pieces)] = padded
    return bytes(woven)
