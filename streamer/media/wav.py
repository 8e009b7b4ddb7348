"""RIFF/WAVE headers as bytes: build, parse, repair. No file is touched here.

Only the canonical 44-byte header is written: RIFF, a 16-byte `fmt ` chunk of PCM, and `data` up to the end of the file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from streamer.core.audio import SAMPLE_WIDTH
from streamer.errors import RecordingError

HEADER_SIZE = 44
MAX_DATA = 0xFFFF_FFFF - HEADER_SIZE
"""Bytes of audio that the 32-bit sizes of a header can speak of."""

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PCM = 1


@dataclass(frozen=True, slots=True)
class WavHeader:
    """A canonical header: samples a second, channels, and the bytes of audio that it claims."""

    rate: int
    channels: int = 1
    data_size: int = 0

    @property
    def frame_size(self) -> int:
        """Bytes of one sample of every channel."""
        return SAMPLE_WIDTH * self.channels


def encode_header(header: WavHeader) -> bytes:
    """Return the 44 bytes; a data size beyond `MAX_DATA` is written as `MAX_DATA`."""
    data_size = min(header.data_size, MAX_DATA)
    return _HEADER.pack(
        b"RIFF",
        data_size + HEADER_SIZE - 8,
        b"WAVE",
        b"fmt ",
        16,
        _PCM,
        header.channels,
        header.rate,
        header.rate * header.frame_size,
        header.frame_size,
        SAMPLE_WIDTH * 8,
        b"data",
        data_size,
    )


def parse_header(data: bytes) -> WavHeader:
    """Read a canonical header.

    Raises:
        RecordingError: It is too short, or `encode_header` does not write such a header; the message names the field.
    """
    if len(data) < HEADER_SIZE:
        raise RecordingError(f"the WAV header has {len(data)} bytes instead of {HEADER_SIZE}")
    riff, _, wave, fmt, fmt_size, codec, channels, rate, _, frame_size, bits, tag, size = (
        _HEADER.unpack(data[:HEADER_SIZE])
    )
    if (riff, wave, fmt, tag) != (b"RIFF", b"WAVE", b"fmt ", b"data"):
        raise RecordingError("the WAV header does not begin with RIFF, WAVE, fmt and data")
    if (fmt_size, codec, bits) != (16, _PCM, SAMPLE_WIDTH * 8):
        raise RecordingError("the WAV header does not announce 16-bit PCM")
    if not rate or not channels or frame_size != SAMPLE_WIDTH * channels:
        raise RecordingError("the WAV header has an impossible rate or channel count")
    return WavHeader(rate, channels, size)


def has_only_wrong_sizes(start: bytes, header: WavHeader) -> bool:
    """Say whether a file begins with the very bytes of a header, its two sizes apart."""
    wanted = encode_header(header)
    return len(start) >= HEADER_SIZE and all(
        start[part] == wanted[part] for part in (slice(0, 4), slice(8, HEADER_SIZE - 4))
    )


def repair(start: bytes, *, file_size: int, rate: int, channels: int = 1) -> bytes | None:
    """Return the header that a file ought to have, or None if it has it.

    `start` is the beginning of the file; `rate` and `channels` are believed when the header itself is damaged. A data size
    that differs from what the file holds is set to the whole samples that it holds.
    """
    try:
        header = parse_header(start)
    except RecordingError:
        header = WavHeader(rate, channels)
    held = max(0, file_size - HEADER_SIZE)
    held -= held % header.frame_size
    wanted = encode_header(WavHeader(header.rate, header.channels, held))
    return None if start[:HEADER_SIZE] == wanted else wanted
