"""The rate of a recording, from the WAV itself.

`call.json` may name another rate until a leg's first audio has come, because some protocols say the rate only then. A WAV begins with
that audio, its header first, so what the header says holds for all of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from streamer.core.audio import Leg
from streamer.core.reasons import explain
from streamer.errors import RecordingError
from streamer.media.wav import HEADER_SIZE, WavHeader, parse_header
from streamer.recording.description import LEAST_RATE, MOST_RATE
from streamer.recording.private_files import open_regular


def read_rate(path: Path) -> int | None:
    """Return the samples a second of a WAV, None if it does not exist or its header has not been written yet.

    Raises:
        RecordingError: It cannot be read, or is none of our recordings.
    """
    try:
        with os.fdopen(open_regular(path), "rb") as file:
            start = file.read(HEADER_SIZE)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {explain(error)}") from error
    if len(start) < HEADER_SIZE:
        return None
    try:
        return _check(parse_header(start)).rate
    except RecordingError as error:
        raise RecordingError(f"{path} is not a recording of ours: {error}") from error


def _check(header: WavHeader) -> WavHeader:
    if header.channels != 1 or not LEAST_RATE <= header.rate <= MOST_RATE:
        raise RecordingError(
            f"the WAV header announces {header.channels} channels and {header.rate} samples a second"
        )
    return header


def correct_rates(legs: Sequence[Leg], paths: Sequence[Path]) -> tuple[Leg, ...]:
    """Return the legs with the rates of their WAVs; one whose WAV is missing or damaged keeps the rate it has."""
    return tuple(
        replace(leg, rate=_try_rate(path) or leg.rate)
        for leg, path in zip(legs, paths, strict=True)
    )


def _try_rate(path: Path) -> int | None:
    try:
        return read_rate(path)
    except RecordingError:
        return None  # whoever needs its samples says so
