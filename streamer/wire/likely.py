"""What raw samples are, told from its bytes: slin, mu-law or A-law.

Theory of operation. A sample of slin is two bytes, and the first, its low one, is nearly noise: it has more entropy than the second. The
bytes of a law are of one kind, at even and odd places. Slin that was a law before has so few low bytes that this does not tell; then
prediction does: rightly read, neighbours in speech are alike, while a law's codes taken in pairs are noise. Between the two laws
`wire.laws` decides. What is compressed has eight bits of entropy a byte.

Measured on human speech and Asterisk's prompts, at 8, 16 and 48 kHz, also 34 dB lower, in each of the three: right in all of 468.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Iterable, Sequence

from streamer.wire.formats import Format
from streamer.wire.g711 import Law, decode
from streamer.wire.laws import likelier_law, unpredicted

_LOUDEST = 12
_UNLIKE = 0.3
"""Bits by which the bytes of a sample differ in entropy."""

_COMPRESSED = 7.8
"""Bits of entropy a byte that no law has in speech, and every compressed file."""

_ZEROS = 0.1
"""Share of bytes of 0 that only samples near silence have; 0 is a loud code in both laws."""


def likely_format(stretches: Sequence[bytes]) -> Format | None:
    """Return how stretches of sound are best read, each of which begins with a whole sample; None if they look like nothing.

    A stretch that is all one byte tells nothing, and must not be among them. About 0.3 s each are best.
    """
    low, high = (_entropy(stretch[place::2] for stretch in stretches) for place in (0, 1))
    loudest = sorted(stretches, key=lambda stretch: len(set(stretch)))[-_LOUDEST:]
    law = Format(likelier_law(b"".join(loudest)))
    is_unlike = low - high > _UNLIKE or _count_zeros(stretches) > _ZEROS
    if is_unlike or _scatter(loudest, Format.SLIN) < _scatter(loudest, law):
        return Format.SLIN if min(low, high) <= _COMPRESSED else None
    return law if abs(low - high) <= _UNLIKE and low <= _COMPRESSED else None


def _count_zeros(stretches: Sequence[bytes]) -> float:
    return sum(stretch.count(0) for stretch in stretches) / sum(map(len, stretches))


def _entropy(pieces: Iterable[bytes]) -> float:
    """Return the bits that a byte of these tells."""
    counts: Counter[int] = Counter()
    for piece in pieces:
        counts.update(piece)
    total = counts.total()
    return -sum(count / total * math.log2(count / total) for count in counts.values())


def _scatter(stretches: Sequence[bytes], coding: Format) -> float:
    """Return the share of the samples' level that prediction leaves, 0 to 1."""
    shares = [1.0]
    for stretch in stretches:
        samples = _read_samples(stretch, coding)
        level = sum(map(abs, samples))
        shares += [min(1.0, unpredicted(samples) * len(samples) / level)] if level else []
    return sum(shares) / len(shares)


def _read_samples(stretch: bytes, coding: Format) -> list[int]:
    """Return samples around 0."""
    pcm = (
        stretch[: len(stretch) // 2 * 2]
        if coding is Format.SLIN
        else decode(stretch, Law(coding.value))
    )
    samples = [sample for (sample,) in struct.iter_unpack("<h", pcm)]
    middle = sum(samples) // max(1, len(samples))
    return [sample - middle for sample in samples]
