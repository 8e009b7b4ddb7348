"""Each law against the values of the standard, and against its own shape."""

from __future__ import annotations

from array import array

import pytest

from streamer.wire.g711 import Law, decode, encode


def samples(payload, law):
    return array("h", decode(payload, law)).tolist()


@pytest.mark.parametrize(
    ("law", "code", "value"),
    [
        (Law.MU, 0xFF, 0),
        (Law.MU, 0x7F, 0),
        (Law.MU, 0x80, 32_124),
        (Law.MU, 0x00, -32_124),
        (Law.MU, 0xEF, 132),
        (Law.MU, 0xFE, 8),
        (Law.A, 0xD5, 8),
        (Law.A, 0x55, -8),
        (Law.A, 0xAA, 32_256),
        (Law.A, 0x2A, -32_256),
        (Law.A, 0xC5, 264),
    ],
)
def test_a_code_is_the_value_of_the_standard(law, code, value):
    assert samples(bytes([code]), law) == [value]


@pytest.mark.parametrize("law", Law)
def test_the_values_are_symmetric_and_grow_with_their_steps(law):
    values = samples(bytes(range(256)), law)
    assert sorted(values) == sorted(-value for value in values)
    steps = sorted({value for value in values if value > 0})
    gaps = [b - a for a, b in zip(steps, steps[1:], strict=False)]
    assert gaps == sorted(gaps), "louder samples are told apart more coarsely"
    assert len(set(values)) >= 255


@pytest.mark.parametrize("law", Law)
def test_order_and_length_are_kept(law):
    payload = bytes(range(256)) * 3
    pcm = decode(payload, law)
    assert len(pcm) == 2 * len(payload)
    assert pcm[:512] == pcm[512:1024] == pcm[1024:]
    assert decode(b"", law) == b""


@pytest.mark.parametrize("law", Law)
def test_every_value_of_a_law_is_encoded_as_itself(law):
    pcm = decode(bytes(range(256)), law)
    assert decode(encode(pcm, law), law) == pcm


@pytest.mark.parametrize("law", Law)
def test_every_sample_is_encoded_as_the_value_nearest_to_it(law):
    values = sorted(set(samples(bytes(range(256)), law)))
    pcm = array("h", range(-32_768, 32_768, 37))
    for sample, value in zip(pcm, samples(encode(pcm.tobytes(), law), law), strict=True):
        assert abs(sample - value) == min(abs(sample - other) for other in values)


def test_silence_is_encoded_as_telephones_do():
    assert encode(bytes(4), Law.MU) == b"\xff\xff"
    assert encode(bytes(4), Law.A) == b"\xd5\xd5"
