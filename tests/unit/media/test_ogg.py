import io
import random
import struct

import pytest

from streamer.media.ogg import count_damaged_pages


def page(sequence, payload, flags=0):
    size = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, 0, 7, sequence, 0, 1) + bytes(
        [len(payload)]
    )
    bare = size + payload
    return bare[:22] + struct.pack("<I", checksum(bare)) + bare[26:]


def checksum(data):
    """The CRC of RFC 3533, bit by bit."""
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


PAGES = [page(n, random.Random(n).randbytes(100), flags=2 * (n == 0)) for n in range(5)]


def count(*pages):
    return count_damaged_pages(io.BytesIO(b"".join(pages)))


def test_whole_pages_are_whole():
    assert count(*PAGES) == count() == 0


def test_a_chain_of_streams_is_whole():
    assert count(*PAGES, *PAGES) == 0


@pytest.mark.parametrize("at", range(0, 128, 9))
def test_a_page_that_is_not_as_it_was_written_counts(at):
    changed = bytearray(PAGES[2])
    changed[at] ^= 0x10
    assert count(*PAGES[:2], bytes(changed), *PAGES[3:]) == 1


def test_a_page_that_is_missing_counts():
    assert count(*PAGES[:2], *PAGES[3:]) == 1


@pytest.mark.parametrize("length", [1, 20, 27, 28, 60])
def test_a_page_that_was_cut_off_counts(length):
    assert count(*PAGES[:4], PAGES[4][:length]) == 1


def test_what_lies_between_pages_counts_once():
    assert count(*PAGES[:2], bytes(200_000), *PAGES[2:]) == 1
