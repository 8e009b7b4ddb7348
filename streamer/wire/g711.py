"""G.711: 8-bit mu-law and A-law as 16-bit samples (ITU-T G.711, tables 1a to 2b)."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect
from enum import StrEnum

from streamer.core.audio import SAMPLE_WIDTH


class Law(StrEnum):
    """Which of the two."""

    MU = "ulaw"
    A = "alaw"


def decode(payload: bytes, law: Law) -> bytes:
    """Return 16-bit little-endian samples, one for each byte."""
    low, high = _TABLES[law]
    pcm = bytearray(len(payload) * SAMPLE_WIDTH)
    pcm[0::SAMPLE_WIDTH] = payload.translate(low)
    pcm[1::SAMPLE_WIDTH] = payload.translate(high)
    return bytes(pcm)


def encode(pcm: bytes, law: Law) -> bytes:
    """Return one byte for each 16-bit little-endian sample: the code whose value is nearest."""
    bounds, codes = _NEAREST[law]
    samples = array("h", pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    return bytes(codes[bisect(bounds, sample)] for sample in samples)


def _expand_mu(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return -magnitude if code & 0x80 else magnitude


def _expand_a(code: int) -> int:
    code ^= 0x55
    segment, step = (code & 0x70) >> 4, (code & 0x0F) << 4
    magnitude = step + 8 if segment == 0 else step + 0x108 << segment - 1
    return magnitude if code & 0x80 else -magnitude


def _split(samples: list[int]) -> tuple[bytes, bytes]:
    words = [sample & 0xFFFF for sample in samples]
    return bytes(word & 0xFF for word in words), bytes(word >> 8 for word in words)


def _order(samples: list[int]) -> tuple[list[float], bytes]:
    """Return all codes by value, and the middle between each and the next; mu-law has two codes for 0."""
    codes = sorted(range(256), key=lambda code: (samples[code], code))
    values = [samples[code] for code in codes]
    bounds = [(low + high) / 2 for low, high in zip(values, values[1:], strict=False)]
    return bounds, bytes(codes)


_VALUES = {
    Law.MU: [_expand_mu(code) for code in range(256)],
    Law.A: [_expand_a(code) for code in range(256)],
}
_TABLES = {law: _split(samples) for law, samples in _VALUES.items()}
_NEAREST = {law: _order(samples) for law, samples in _VALUES.items()}
