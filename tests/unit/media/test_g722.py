"""G.722 there and back, in pieces of any size, and what is none."""

from __future__ import annotations

import math
import subprocess
import sys
from array import array

import pytest
from hypothesis import given, settings, strategies as st

from streamer.media.g722 import RATE, Decoder, Encoder

TONE = array("h", (int(8_000 * math.sin(2 * math.pi * 440 * n / RATE)) for n in range(RATE)))
DELAY = 22
"""Samples by which the two filters are late (ITU-T G.722)."""


def test_a_tone_comes_back_as_loud_and_as_high_as_it_was():
    encoder, decoder = Encoder(), Decoder()
    pcm = TONE.tobytes()
    coded = b"".join(encoder.encode(pcm[n : n + 640]) for n in range(0, len(pcm), 640))
    heard = array("h", decoder.decode(coded))
    assert (len(coded), len(heard)) == (RATE // 2, RATE)
    errors = [a - b for a, b in zip(heard[2_000 + DELAY :], TONE[2_000:], strict=False)]
    assert max(map(abs, errors)) < 800


@given(st.lists(st.binary(max_size=50), max_size=8))
@settings(max_examples=30)
def test_any_bytes_are_decoded_the_same_in_pieces_and_give_two_samples_each(pieces):
    whole, sliced = Decoder(), Decoder()
    data = b"".join(pieces)
    heard = b"".join(sliced.decode(piece) for piece in pieces)
    assert len(heard) == 4 * len(data)
    assert heard == whole.decode(data)


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_what_is_no_pair_of_samples_is_not_encoded(size):
    with pytest.raises(ValueError, match="pairs"):
        Encoder().encode(bytes(size))


def test_the_codec_is_not_loaded_before_it_is_needed():
    code = (
        "import sys, streamer.media.g722; sys.exit('av' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
