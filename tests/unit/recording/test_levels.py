import pytest

from streamer.media.wav import HEADER_SIZE, WavHeader, encode_header
from streamer.recording.levels import Level, LevelMeter

LOUD = b"\x00\x40\x00\xc0" * 1600
QUIET = bytes(6400)


def test_a_leg_without_a_file_is_silent_and_empty(tmp_path):
    assert LevelMeter(tmp_path / "leg.wav").read() == Level()


def test_the_level_is_that_of_the_end_and_falls_when_nothing_more_comes(tmp_path):
    path = tmp_path / "leg.wav"
    meter = LevelMeter(path)
    path.write_bytes(bytes(HEADER_SIZE) + QUIET + LOUD)
    assert meter.read() == Level(0.5, 0.4)
    assert meter.read() == Level(0.0, 0.4)
    path.write_bytes(bytes(HEADER_SIZE) + QUIET + LOUD + QUIET)
    assert meter.read() == Level(0.0, 0.6)


def test_half_a_sample_is_not_counted(tmp_path):
    path = tmp_path / "leg.wav"
    path.write_bytes(bytes(HEADER_SIZE) + LOUD[:2] + b"\x01")
    assert LevelMeter(path).read() == Level(0.5, 1 / 16000)


def test_a_leg_that_goes_on_in_another_file_goes_on_being_counted(tmp_path):
    path = tmp_path / "leg.wav"
    path.write_bytes(bytes(HEADER_SIZE) + QUIET)
    meter = LevelMeter(path)
    assert meter.read().duration_s == 0.2
    (tmp_path / "leg.2.wav").write_bytes(bytes(HEADER_SIZE) + LOUD)
    assert meter.read() == Level(0.5, 0.4)


@pytest.mark.parametrize("rate", [8000, 44_100])
def test_the_wav_says_the_rate_whatever_was_said_before(tmp_path, rate):
    path = tmp_path / "leg.wav"
    meter = LevelMeter(path, rate=12_000)
    assert meter.read() == Level()
    loud, quiet = LOUD[: 2 * rate // 50], bytes(2 * rate)
    path.write_bytes(encode_header(WavHeader(rate)) + quiet + loud)
    assert meter.read() == Level(0.5, 1.02)
    path.write_bytes(encode_header(WavHeader(rate)) + quiet + loud + bytes(2 * rate // 5))
    assert meter.read() == Level(0.0, 1.22)
