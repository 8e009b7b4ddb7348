"""Each format as 16-bit samples."""

from __future__ import annotations

import pytest

from streamer.wire import g711
from streamer.wire.formats import Format, decode


def test_each_format_has_the_rate_that_telephony_gives_it():
    assert {coding.value: coding.rate for coding in Format} == {
        "slin": 8_000,
        "slin16": 16_000,
        "ulaw": 8_000,
        "alaw": 8_000,
    }


@pytest.mark.parametrize("coding", [Format.SLIN, Format.SLIN16])
def test_slin_is_kept_and_half_a_sample_is_dropped(coding):
    assert decode(b"abcd", coding) == b"abcd"
    assert decode(b"abcde", coding) == b"abcd"
    assert decode(b"", coding) == b""


@pytest.mark.parametrize("law", g711.Law)
def test_g711_is_decoded_by_its_law(law):
    codes = bytes(range(256))
    assert decode(codes, Format(law.value)) == g711.decode(codes, law)
