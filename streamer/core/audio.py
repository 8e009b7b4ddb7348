"""Chunks of 16-bit signed linear PCM, little-endian, mono, counted in samples."""

from __future__ import annotations

import re
import sys
from array import array
from dataclasses import dataclass

SAMPLE_WIDTH = 2
"""Bytes in a sample."""

SLIN16_RATE = 16_000
"""Samples a second of Asterisk's `slin16`, the only format that stream-channel sends."""

FULL_SCALE = 32_768

LONGEST_LABEL = 64
"""Characters of a leg's label; it names a file."""

_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def looks_like_label(text: str) -> bool:
    """Whether `text`, however long, is written as a leg's label is."""
    return _LABEL.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Leg:
    """One party of a call: a label that is safe in file names, and the PBX's untrusted name for the channel."""

    label: str
    channel: str
    rate: int = SLIN16_RATE
    number: str = ""
    """The party's telephone number, an untrusted string; empty where the PBX does not tell it."""


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """Whole samples of one leg, as they arrived.

    `leg` is the leg's index in its call; `pcm` holds 2 bytes a sample; `arrival` is in seconds of the clock of the source.
    """

    leg: int
    pcm: bytes
    arrival: float

    @property
    def samples(self) -> int:
        """Count the samples."""
        return len(self.pcm) // SAMPLE_WIDTH


def peak(pcm: bytes) -> float:
    """Return the loudest sample as a share of full scale, 0 to 1."""
    samples = array("h", pcm)
    if not samples:
        return 0.0
    if sys.byteorder == "big":
        samples.byteswap()
    return max(max(samples), -min(samples)) / FULL_SCALE
