"""Are the pages of an Ogg file whole (RFC 3533)? FFmpeg leaves damaged ones out without a word."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

MAGIC = b"OggS"
_HEADER = struct.Struct("<4sBBqIIIB")
_CHECKSUM = slice(22, 26)
_SEEK = 65_536
_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def count_damaged_pages(file: BinaryIO) -> int:
    """Return how many stretches between whole pages are damaged or missing; blocks."""
    damaged, was_whole = 0, True
    following: dict[int, int] = {}
    while start := file.read(_HEADER.size):
        page = _read_page(file, start)
        if page is None:
            damaged += was_whole
            was_whole = False
            if not _find_next(file, len(start)):
                break
            continue
        _, _, flags, _, serial, sequence, *_ = _HEADER.unpack(page[: _HEADER.size])
        if was_whole and following.get(serial, sequence) != sequence and not flags & 2:
            damaged += 1
        was_whole = True
        following[serial] = sequence + 1
    return damaged


def _read_page(file: BinaryIO, start: bytes) -> bytes | None:
    """Read the rest of a page; None if it is not whole, and then the file is where it was."""
    here = file.tell()
    if len(start) == _HEADER.size and start.startswith(MAGIC):
        lacing = file.read(start[-1])
        page = start + lacing + file.read(sum(lacing))
        if len(page) == len(start) + start[-1] + sum(lacing) and _has_right_sum(page):
            return page
        file.seek(here)
    return None


def _find_next(file: BinaryIO, read: int) -> bool:
    """Go to the next page behind the first byte of the `read` ones; say whether there is one."""
    file.seek(1 - read, 1)
    here, kept = file.tell(), b""
    while piece := file.read(_SEEK):
        place = (kept + piece).find(MAGIC)
        if place >= 0:
            file.seek(here - len(kept) + place)
            return True
        here += len(piece)
        kept = (kept + piece)[-3:]
    return False


def _has_right_sum(page: bytes) -> bool:
    """Check Ogg's CRC: zlib's polynomial with the bits of each byte the other way round, from 0."""
    bare = page[: _CHECKSUM.start] + bytes(4) + page[_CHECKSUM.stop :]
    mirrored = zlib.crc32(bare.translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2) == int.from_bytes(page[_CHECKSUM], "little")
