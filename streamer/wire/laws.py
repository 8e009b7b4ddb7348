"""Which law G.711 bytes were made with, told from the bytes alone.

Theory of operation. Each law is asked how probable it makes the bytes: decoded samples are taken to scatter around a prediction
with a Laplacian's density, and the probability of a code is that density times the width of the code's step. In logarithms, and
without what both laws share:

    fit = mean(log step) - log(mean |sample - prediction| + half a step)

The density's scale is the mean itself, so loudness alone decides nothing: under the wrong law quiet sound becomes louder, but loud
sound quieter, because the laws differ in alternate bits. What gives the wrong law away is that neighbours on the scale are torn
apart. The prediction is nothing at all (noise), or the best one from the two samples before (speech, and exact for any tone).
Sound that hardly moves fits both laws; there the quieter reading wins, which a small part of the level in the fit sees to.

Measured on the bundled call at 8 kHz: no window of 300 ms is wrong from -60 dB to +12 dB; 2 ms of CPU a window.
"""

from __future__ import annotations

import math
import struct
from itertools import pairwise
from operator import mul

from streamer.wire.g711 import Law, decode

_QUIETER = 0.06
"""Share of the level's logarithm that counts against a law; more would cost loud noise its right answer."""

_SMALLEST_STEP = 8
"""The finest step of either law in the middle of its scale (mu-law), as 16-bit samples."""


def likelier_law(codes: bytes) -> Law:
    """Return the law that explains the bytes better; mu-law if nothing speaks for either, as for no bytes at all."""
    return max(Law, key=lambda law: _fit(codes, law)) if codes else Law.MU


def _fit(codes: bytes, law: Law) -> float:
    values, steps = _VALUES[law], _STEPS[law]
    samples = [values[code] for code in codes]
    level = sum(map(abs, samples)) / len(samples)
    widths = [steps[code] for code in codes]
    scatter = min(level, unpredicted(samples)) + sum(widths) / len(widths) / 2
    gain = sum(map(math.log, widths)) / len(widths)
    return gain - math.log(scatter) - _QUIETER * math.log(level + _SMALLEST_STEP)


def unpredicted(samples: list[int]) -> float:
    """Return the mean distance from the best linear prediction from two samples; infinite if there is none."""
    now, before, earlier = samples[2:], samples[1:-1], samples[:-2]
    bb, ee, be = _dot(before, before), _dot(earlier, earlier), _dot(before, earlier)
    nb, ne = _dot(now, before), _dot(now, earlier)
    determinant = bb * ee - be * be
    if determinant == 0:
        return math.inf
    p, q = (nb * ee - ne * be) / determinant, (ne * bb - nb * be) / determinant
    distances = (abs(n - p * b - q * e) for n, b, e in zip(now, before, earlier, strict=True))
    return sum(distances) / len(now)


def _dot(a: list[int], b: list[int]) -> int:
    return sum(map(mul, a, b))


def _widths(values: list[int]) -> list[int]:
    """Return for each code how far its value is from the nearest other one."""
    scale = sorted(set(values))
    gaps = [b - a for a, b in pairwise(scale)]
    nearest = [min(pair) for pair in zip([gaps[0], *gaps], [*gaps, gaps[-1]], strict=True)]
    width_of = dict(zip(scale, nearest, strict=True))
    return [width_of[value] for value in values]


def _read(pcm: bytes) -> list[int]:
    return [sample for (sample,) in struct.iter_unpack("<h", pcm)]


_VALUES = {law: _read(decode(bytes(range(256)), law)) for law in Law}
_STEPS = {law: _widths(values) for law, values in _VALUES.items()}
