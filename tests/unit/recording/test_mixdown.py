"""Legs woven into one WAV keep every sample in its place."""

from __future__ import annotations

import wave

import numpy as np
import pytest

from streamer.errors import RecordingError
from streamer.recording.mixdown import write_mixdown


def write_wav(path, samples, rate=16_000):
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, rate, 0, "NONE", ""))
        wav.writeframes(np.asarray(samples, np.int16).tobytes())
    return path


def read_channels(path):
    with wave.open(str(path)) as wav:
        assert (wav.getframerate(), wav.getsampwidth()) == (16_000, 2)
        frames = np.frombuffer(wav.readframes(wav.getnframes()), np.int16)
        return frames.reshape(-1, wav.getnchannels()).T


def test_each_leg_is_a_channel_and_a_shorter_one_ends_in_silence(tmp_path):
    long = np.random.default_rng(1).integers(-30_000, 30_000, 40_123)
    short = np.arange(1000)
    legs = [[write_wav(tmp_path / "a.wav", long)], [write_wav(tmp_path / "b.wav", short)]]
    write_mixdown(legs, tmp_path / "out.wav")
    one, two = read_channels(tmp_path / "out.wav")
    assert np.array_equal(one, long)
    assert np.array_equal(two[:1000], short)
    assert not two[1000:].any()
    assert (tmp_path / "out.wav").stat().st_mode & 0o777 == 0o600


def test_a_leg_in_several_files_is_one_channel(tmp_path):
    parts = [write_wav(tmp_path / f"{n}.wav", np.full(17_000, n)) for n in (1, 2)]
    write_mixdown([parts], tmp_path / "out.wav")
    (channel,) = read_channels(tmp_path / "out.wav")
    assert channel.tolist() == [1] * 17_000 + [2] * 17_000


@pytest.mark.parametrize("rate", [8000, 12_000, 44_100, 48_000, 192_000])
def test_a_leg_of_another_rate_is_on_the_same_clock_to_the_sample(tmp_path, rate):
    legs = [
        [write_wav(tmp_path / "a.wav", rising_tone(rate), rate=rate)],
        [write_wav(tmp_path / "b.wav", rising_tone(16_000))],
    ]
    write_mixdown(legs, tmp_path / "out.wav")
    one, two = read_channels(tmp_path / "out.wav")
    assert abs(len(one) - 48_000) <= 1
    inner = slice(100, 47_900)
    assert np.abs(one[inner].astype(int) - two[inner]).max() < 30


def rising_tone(rate):
    """Rise from 100 Hz to 3 kHz over 3 s."""
    seconds = np.arange(3 * rate) / rate
    return np.rint(10_000 * np.sin(2 * np.pi * (100 + 2900 / 6 * seconds) * seconds))


def test_an_empty_leg_is_silence(tmp_path):
    legs = [[write_wav(tmp_path / "a.wav", [])], [write_wav(tmp_path / "b.wav", [5, 6])]]
    write_mixdown(legs, tmp_path / "out.wav")
    assert read_channels(tmp_path / "out.wav").tolist() == [[0, 0], [5, 6]]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"x" * 1000)
    with pytest.raises(RecordingError, match=r"a\.wav"):
        write_mixdown([[tmp_path / "a.wav"]], tmp_path / "out.wav")
