"""Chunks of 16-bit signed linear PCM, little-endian, mono, counted in samples."""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SAMPLE_WIDTH = 2
"""Bytes in a sample."""

SLIN16_RATE = 16_000
"""Samples a second of Asterisk's `slin16`, the only format that stream-channel sends."""

FULL_SCALE = 32_768

CLIPPED = 32_124
"""Samples from which on the scale is at its end: that of G.711 in mu-law ends here, in A-law at 32,256."""

TONES = range(50, 4000)
"""Frequencies of a tone that a party can be played, in Hz."""

LONGEST_LABEL = 64
"""Characters of a leg's label; it names a file."""

MUCH_MISSING = 0.01
"""Share of a leg that may be missing on any network without a word."""

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
    name: str = ""
    """What the PBX calls the party, as above."""

    @property
    def shown(self) -> str:
        """Return what the party is called where nobody has named it: by the PBX, by its number, else by the label."""
        return self.name or self.number or self.label


def show_leg(label: str, legs: Sequence[Leg], names: Mapping[str, str]) -> str:
    """Return what the party of a leg is called: by the user, by the PBX if that tells the legs apart, else by the label."""
    if label in names:
        return names[label]
    shown = next((leg.shown for leg in legs if leg.label == label), label)
    return shown if sum(leg.shown == shown for leg in legs) == 1 else label


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


@dataclass(frozen=True, slots=True)
class AudioLoss:
    """Seconds of one leg that its recording does not hold: those that came and are not on disk, and those that never came."""

    lost_s: float = 0.0
    missing_s: float = 0.0
    length_s: float = 0.0
    """Of the whole leg."""

    @property
    def incomplete_s(self) -> float:
        """Return what is worth saying: every second lost, and what is missing if it is more than `MUCH_MISSING`."""
        is_much = self.missing_s > MUCH_MISSING * self.length_s
        return self.lost_s + (self.missing_s if is_much else 0.0)


def encode_party(leg: Leg) -> dict[str, str]:
    """Return the fields of JSON that say whose leg it is, as far as the PBX tells it."""
    known = {"number": leg.number, "name": leg.name}
    return {field: value for field, value in known.items() if value}


def encode_loss(loss: AudioLoss | None) -> dict[str, float | None]:
    """Return the fields of JSON that say what a leg lacks, null where nobody knows."""
    return {
        "lost_seconds": None if loss is None else round(loss.lost_s, 3),
        "missing_seconds": None if loss is None else round(loss.missing_s, 3),
    }


def say_incomplete(losses: Iterable[AudioLoss]) -> str:
    """Return what stands beside the state of a call whose audio is not whole, by its worst leg; else nothing."""
    seconds = max((loss.incomplete_s for loss in losses), default=0.0)
    return f"audio incomplete ({max(1, round(seconds))} s)" if seconds else ""


def peak(pcm: bytes) -> float:
    """Return the loudest sample as a share of full scale, 0 to 1."""
    samples = array("h", pcm)
    if not samples:
        return 0.0
    if sys.byteorder == "big":
        samples.byteswap()
    return max(max(samples), -min(samples)) / FULL_SCALE
