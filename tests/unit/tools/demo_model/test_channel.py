"""The channel changes how a window sounds, never how long it is nor when its words are said."""

import numpy as np
import pytest

from tests.unit.tools.demo_model.spoken import fill_folder
from tools.demo_model.channel import (
    decibels,
    mu_law,
    noise,
    reverberate,
    rms,
    telephone,
)
from tools.demo_model.samples import MELS, SampleMaker, disturb, pass_channel, warp
from tools.demo_model.speech import SAMPLE_RATE, to_sample_rate
from tools.demo_model.windows import Sentence, Window

LENGTHS = (401, 16_000, 48_001)


def tone(hertz: float, length: int = SAMPLE_RATE) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(length) / SAMPLE_RATE).astype(np.float32) * 0.5


@pytest.mark.parametrize("length", LENGTHS)
def test_a_telephone_line_keeps_the_length(length):
    for band_limited in (True, False):
        heard = telephone(tone(1000, length), band_limited=band_limited)
        assert len(heard) == length


@pytest.mark.parametrize("length", LENGTHS)
def test_a_room_keeps_the_length(length):
    assert len(reverberate(np.random.default_rng(1), tone(500, length))) == length


def test_a_telephone_line_passes_speech_and_nothing_above_its_band():
    assert rms(telephone(tone(1000))) == pytest.approx(rms(tone(1000)), rel=0.1)
    assert rms(telephone(tone(6000))) < 0.02
    assert rms(telephone(tone(60))) < 0.02


def test_mu_law_stays_in_bounds_and_is_finer_for_quiet_sounds():
    loud, quiet = np.linspace(-1, 1, 4001, dtype=np.float32), np.linspace(-0.01, 0.01, 4001)
    assert np.abs(mu_law(loud)).max() <= 1.0
    assert np.abs(mu_law(loud) - loud).max() < 0.03
    assert np.abs(mu_law(quiet.astype(np.float32)) - quiet).max() < 0.0005


@pytest.mark.parametrize("length", LENGTHS)
def test_a_window_through_any_channel_keeps_its_length_and_bounds(length):
    sentence = Sentence(["okay"], ["Okay"], [(0.0, 0.3)], ".")
    rng = np.random.default_rng(2)
    for sentences in ((), (sentence,)):
        for _ in range(30):
            heard = pass_channel(rng, Window(tone(800, length), sentences))
            assert len(heard) == length
            assert np.abs(heard).max() <= 1.0


def test_noise_has_unit_deviation_and_the_length_asked_for():
    rng = np.random.default_rng(3)
    for _ in range(20):
        sound = noise(rng, 16_000)
        assert len(sound) == 16_000
        assert sound.std() == pytest.approx(1.0, rel=0.4)


def test_decibels_are_an_amplitude():
    assert [decibels(0), decibels(-20), decibels(6.0206)] == pytest.approx([1, 0.1, 2], rel=1e-4)


def test_a_disturbance_keeps_the_shape_and_the_original():
    rng = np.random.default_rng(4)
    mel = rng.normal(size=(MELS, 200)).astype(np.float32)
    before = mel.copy()
    disturbed = [disturb(rng, mel) for _ in range(20)]
    assert {heard.shape for heard in disturbed} == {(MELS, 200)}
    assert not all(np.array_equal(heard, mel) for heard in disturbed)
    assert np.array_equal(mel, before)


def test_a_warp_by_one_changes_nothing():
    mel = np.random.default_rng(5).normal(size=(MELS, 20)).astype(np.float32)
    assert np.allclose(warp(mel, 1.0), mel, atol=1e-5)


@pytest.mark.parametrize(("rate", "factor"), [(8000, 2.0), (22_050, 0.7256), (16_000, 1.0)])
def test_a_voice_of_another_rate_keeps_its_duration(rate, factor):
    samples = (tone(300, 8000) * 20_000).astype(np.int16)
    assert len(to_sample_rate(samples, rate)) == pytest.approx(8000 * factor, abs=2)


def test_a_sample_has_an_even_number_of_frames_and_a_phone_for_every_two(tmp_path):
    fill_folder(tmp_path, ("espeak:en-us+m1", "flite:slt", "festival:ked_diphone"))
    maker, rng = SampleMaker(tmp_path), np.random.default_rng(6)
    for _ in range(10):
        sample = maker.draw(rng)
        frames = sample.mel.shape[1]
        assert sample.mel.shape[0] == MELS
        assert frames % 2 == 0
        assert len(sample.frame_phones) == frames // 2
