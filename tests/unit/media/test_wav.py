import io
import wave

import pytest
from hypothesis import given, strategies as st

from streamer.errors import RecordingError
from streamer.media.wav import HEADER_SIZE, MAX_DATA, WavHeader, encode_header, parse_header, repair

AUDIO = bytes(range(200))


def test_python_reads_what_is_written():
    with wave.open(io.BytesIO(encode_header(WavHeader(16_000, 1, len(AUDIO))) + AUDIO)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        assert file.readframes(1000) == AUDIO


@given(st.integers(1, 192_000), st.integers(1, 8), st.integers(0, MAX_DATA))
def test_a_header_survives_the_way_there_and_back(rate, channels, size):
    header = WavHeader(rate, channels, size)
    assert parse_header(encode_header(header)) == header


def test_a_size_beyond_32_bits_is_written_as_the_largest():
    assert parse_header(encode_header(WavHeader(16_000, 1, MAX_DATA + 5))).data_size == MAX_DATA


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda h: h[:43], "43 bytes"),
        (lambda h: b"RIFX" + h[4:], "RIFF"),
        (lambda h: h[:8] + b"AVI " + h[12:], "RIFF"),
        (lambda h: h[:20] + b"\x07\x00" + h[22:], "16-bit PCM"),
        (lambda h: h[:34] + b"\x08\x00" + h[36:], "16-bit PCM"),
        (lambda h: h[:24] + bytes(4) + h[28:], "rate"),
        (lambda h: h[:22] + bytes(2) + h[24:], "channel"),
        (lambda h: h[:32] + b"\x03\x00" + h[34:], "rate or channel"),
    ],
)
def test_a_damaged_header_is_refused_by_what_is_wrong(damage, named):
    with pytest.raises(RecordingError, match=named):
        parse_header(damage(encode_header(WavHeader(16_000))))


def test_a_good_header_needs_no_repair():
    header = encode_header(WavHeader(16_000, 1, 200))
    assert repair(header + AUDIO, file_size=HEADER_SIZE + 200, rate=16_000) is None


@pytest.mark.parametrize(
    ("file_size", "data_size"), [(44, 0), (20, 0), (45, 0), (244, 200), (245, 200)]
)
def test_a_wrong_size_is_set_to_the_whole_samples_that_are_there(file_size, data_size):
    repaired = repair(encode_header(WavHeader(8_000, 1, 99)), file_size=file_size, rate=16_000)
    assert repaired is not None
    assert parse_header(repaired) == WavHeader(8_000, 1, data_size)


def test_a_destroyed_header_is_rebuilt_from_what_the_call_says():
    repaired = repair(bytes(44), file_size=1044, rate=16_000)
    assert repaired is not None
    assert parse_header(repaired) == WavHeader(16_000, 1, 1000)
