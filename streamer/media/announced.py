"""How long a file says that it is, to tell one that was cut off."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import InputContainer

_START = 65_536
"""Bytes in which a header lies."""

_EXACT = {"mp3", "matroska", "webm", "mov", "flac", "au", "aiff", "wv", "tta", "flv", "wav"}
"""FFmpeg's names of the formats whose length comes from a header, not from the size of the file."""

_OPEN_END = 0x7FFF_0000
"""A size from which on a WAV header means that nobody knew."""


def find_announced(path: Path, container: InputContainer) -> float:
    """Return the seconds that a file announces, from time 0; 0 if it announces none."""
    names = container.format.name.split(",")
    with path.open("rb") as file:
        start = file.read(_START)
    if _EXACT.isdisjoint(names) or (
        names == ["mp3"] and b"Xing" not in start and b"Info" not in start
    ):
        return 0.0
    if names == ["wav"] and (seconds := _read_wav(start)):
        return seconds
    stream = container.streams.audio[0]
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if len(container.streams) > 1:
        return 0.0  # it is that of the longest stream
    return (container.duration or 0) / 1_000_000


def _read_wav(start: bytes) -> float:
    """Return what the data chunk of a WAV claims to last, 0 if it does not know or lies elsewhere."""
    at, bytes_a_second = 12, 0
    while at + 8 <= len(start):
        tag, size = struct.unpack_from("<4sI", start, at)
        if tag == b"fmt " and at + 20 <= len(start):
            (bytes_a_second,) = struct.unpack_from("<I", start, at + 16)
        if tag == b"data":
            return size / bytes_a_second if bytes_a_second and size < _OPEN_END else 0.0
        at += 8 + size + size % 2
    return 0.0
