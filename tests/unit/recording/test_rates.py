"""A recording says its rate itself, once it is there."""

import pytest

from streamer.core.audio import Leg
from streamer.errors import RecordingError
from streamer.media.wav import WavHeader, encode_header
from streamer.recording.rates import correct_rates, read_rate

HEADER = encode_header(WavHeader(44_100))


@pytest.mark.parametrize("start", [b"", HEADER[:-1]])
def test_a_header_that_is_not_whole_yet_says_nothing(tmp_path, start):
    assert read_rate(tmp_path / "a.wav") is None
    (tmp_path / "a.wav").write_bytes(start)
    assert read_rate(tmp_path / "a.wav") is None


def test_a_header_alone_says_the_rate(tmp_path):
    (tmp_path / "a.wav").write_bytes(HEADER)
    assert read_rate(tmp_path / "a.wav") == 44_100


def test_what_cannot_be_read_or_understood_is_named(tmp_path):
    (tmp_path / "a.wav").write_bytes(bytes(100))
    with pytest.raises(RecordingError, match=r"a\.wav is not a recording of ours: .* RIFF"):
        read_rate(tmp_path / "a.wav")
    with pytest.raises(RecordingError, match="cannot be read: it is a folder"):
        read_rate(tmp_path)


def test_legs_without_a_readable_wav_keep_the_rate_they_have(tmp_path):
    legs = [Leg("caller", "a", 8000), Leg("agent", "b", 8000), Leg("third", "c", 12_000)]
    paths = [tmp_path / f"{leg.label}.wav" for leg in legs]
    paths[0].write_bytes(HEADER)
    paths[2].write_bytes(b"x" * 100)
    assert [leg.rate for leg in correct_rates(legs, paths)] == [44_100, 8000, 12_000]
