"""Legs of every rate that a PBX sends come out at 16 kHz, each sample in its place."""

import math
import subprocess
import sys
import wave

import numpy as np
import pytest

from streamer.core.events import SPEECH_RATE
from streamer.errors import RecordingError
from streamer.recording.disk import LegFile
from streamer.speech.audio.leg_reader import STALL_S, Pause
from streamer.speech.audio.resampled_reader import Resampler, SpeechFollower

RATES = [8000, 11_025, 12_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000]
HELD = SPEECH_RATE // 500


def chirp(rate, samples, *, at=None):
    """Rise from 100 Hz to what the narrower of a rate and 16 kHz carries, over 2 s."""
    seconds = np.arange(samples) / (at or rate)
    top = 0.4 * min(rate, SPEECH_RATE)
    return np.rint(10_000 * np.sin(2 * np.pi * (100 + (top - 100) / 4 * seconds) * seconds))


def pcm_of(samples):
    return np.asarray(samples, "<i2").tobytes()


def write_wav(path, pcm, rate):
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, rate, 0, "NONE", ""))
        wav.writeframes(pcm)
    return path


def resample(pcm, rate, sizes):
    resampler, out, at = Resampler(rate), [], 0
    while at < len(pcm):
        for size in sizes:
            piece = pcm[at : at + 2 * size]
            at += len(piece)
            out.append(resampler.feed(piece) if piece else b"")
    return b"".join([*out, resampler.finish()])


async def read_all(follower):
    pieces = []
    while (piece := await follower.read()) is not Pause.ENDED:
        assert isinstance(piece, bytes)
        pieces.append(piece)
    follower.close()
    return b"".join(pieces)


@pytest.mark.parametrize("rate", RATES)
async def test_a_chirp_keeps_its_place_its_loudness_and_its_length(tmp_path, rate):
    samples = 2 * rate + 17
    path = write_wav(tmp_path / "a.wav", pcm_of(chirp(rate, samples)), rate)
    follower = SpeechFollower(path, is_live=lambda: False, count_recorded=lambda: samples)
    heard = np.frombuffer(await read_all(follower), "<i2").astype(float)
    assert abs(len(heard) - math.ceil(samples * SPEECH_RATE / rate)) <= 1
    assert follower.position == len(heard)
    meant = chirp(rate, len(heard), at=SPEECH_RATE)
    inner = slice(100, -100)
    noise = np.mean((heard - meant)[inner] ** 2) / np.mean(meant[inner] ** 2)
    assert 10 * np.log10(noise) < -75


@pytest.mark.parametrize("rate", RATES)
def test_a_click_stays_where_it_is(rate):
    click = np.zeros(rate)
    click[rate // 2] = 30_000
    heard = np.frombuffer(resample(pcm_of(click), rate, [rate]), "<i2")
    assert abs(int(np.argmax(heard)) - (rate // 2) * SPEECH_RATE / rate) <= 1


@pytest.mark.parametrize("rate", RATES)
def test_pieces_of_any_size_give_the_same_samples(rate):
    pcm = pcm_of(chirp(rate, rate // 2))
    whole = resample(pcm, rate, [rate])
    assert resample(pcm, rate, [1, 2, 3, 331, rate // 50]) == whole


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("position", [1, 159, 320, 321, 8001, 16_383, 31_999])
async def test_reading_from_the_middle_gives_the_samples_of_reading_from_zero(
    tmp_path, rate, position
):
    path = write_wav(tmp_path / "a.wav", pcm_of(chirp(rate, 2 * rate)), rate)
    whole = await read_all(SpeechFollower(path, is_live=lambda: False))
    follower = SpeechFollower(path, is_live=lambda: False, position=position)
    assert await read_all(follower) == whole[2 * position :]
    assert follower.position == len(whole) // 2


@pytest.mark.parametrize("position", [32_000, 32_001, 40_000])
async def test_behind_the_end_there_is_nothing(tmp_path, position):
    path = write_wav(tmp_path / "a.wav", bytes(32_000), 8000)
    follower = SpeechFollower(path, is_live=lambda: False, position=position)
    assert await follower.read() is Pause.ENDED
    assert await follower.read() is Pause.ENDED
    follower.close()


@pytest.mark.parametrize("position", [0, 1, 12_345])
async def test_a_leg_at_16_khz_is_passed_on_untouched(tmp_path, position):
    pcm = pcm_of(np.random.default_rng(1).integers(-32_768, 32_767, 40_000))
    path = write_wav(tmp_path / "a.wav", pcm, SPEECH_RATE)
    follower = SpeechFollower(path, is_live=lambda: False, position=position)
    assert await read_all(follower) == pcm[2 * position :]


def test_a_leg_at_16_khz_imports_no_resampler(tmp_path):
    path = write_wav(tmp_path / "a.wav", bytes(200), SPEECH_RATE)
    program = f"""
import asyncio, sys
from pathlib import Path
from streamer.speech.audio.resampled_reader import SpeechFollower
assert len(asyncio.run(SpeechFollower(Path({str(path)!r}), is_live=lambda: False).read())) == 200
assert "av" not in sys.modules and "numpy" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("rate", [8000, 44_100])
async def test_of_audio_that_comes_live_2_ms_are_held_back_until_the_end(tmp_path, rate):
    leg, now, is_live = LegFile(tmp_path / "a.wav", rate), [0.0], [True]
    follower = SpeechFollower(leg.path, is_live=lambda: is_live[0], clock=lambda: now[0])
    frame = pcm_of(chirp(rate, rate // 50))
    for number in range(1, 6):
        leg.append(frame)
        leg.write_queue()
        await follower.read()
        assert 0 <= number * SPEECH_RATE // 50 - follower.position <= HELD
    now[0] += STALL_S
    assert await follower.read() is Pause.STALLED
    leg.close()
    is_live[0] = False
    await read_all(follower)
    assert abs(follower.position - SPEECH_RATE // 10) <= 1


async def test_a_wav_that_comes_late_says_its_rate_then(tmp_path):
    now, leg = [0.0], LegFile(tmp_path / "a.wav", 8000)
    follower = SpeechFollower(leg.path, is_live=lambda: True, clock=lambda: now[0])
    now[0] = STALL_S
    assert await follower.read() is Pause.STALLED
    assert follower.unread == 0
    leg.rate = 48_000
    leg.append(bytes(2 * 48_000))
    leg.write_queue()
    heard = b""
    while len(heard) < 2 * (SPEECH_RATE - HELD):
        piece = await follower.read()
        assert isinstance(piece, bytes)
        heard += piece
    leg.close()
    follower.close()


async def test_what_is_unread_is_counted_at_16_khz(tmp_path):
    path = write_wav(tmp_path / "a.wav", bytes(2 * 80_000), 8000)
    follower = SpeechFollower(path, is_live=lambda: False)
    await follower.read()
    assert follower.unread == 2 * (80_000 - 32_000)
    assert abs(follower.position + follower.unread - 2 * 80_000) <= HELD
    follower.close()


@pytest.mark.parametrize("position", [0, 5000])
async def test_a_leg_in_several_files_is_one_stream(tmp_path, position):
    pcm = pcm_of(chirp(44_100, 30_000))
    leg = LegFile(tmp_path / "a.wav", 44_100, max_data=20_002)
    leg.append(pcm)
    leg.close()
    follower = SpeechFollower(leg.path, is_live=lambda: False, position=position)
    assert await read_all(follower) == resample(pcm, 44_100, [30_000])[2 * position :]


async def test_a_leg_shorter_than_was_recorded_is_said_in_its_own_samples(tmp_path):
    path = write_wav(tmp_path / "a.wav", bytes(2 * 8000), 8000)
    follower = SpeechFollower(path, is_live=lambda: False, count_recorded=lambda: 8001)
    with pytest.raises(RecordingError, match="8000 of 8001"):
        await read_all(follower)
    follower.close()


async def test_a_file_that_is_no_recording_is_named(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"x" * 100)
    follower = SpeechFollower(tmp_path / "a.wav", is_live=lambda: False)
    with pytest.raises(RecordingError, match=r"a\.wav is not a recording of ours"):
        await follower.read()
    follower.close()
