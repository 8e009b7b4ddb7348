"""Which law, told from speech, tones, noise and silence at any loudness a telephone has."""

from __future__ import annotations

import numpy as np
import pytest

from streamer.wire.g711 import Law
from streamer.wire.laws import likelier_law
from tests.unit.wire.coding import demo_legs, encode, noise, tone

pytestmark = pytest.mark.parametrize("law", Law)

WINDOW = 2_400
TONES = [
    (200,), (350, 440), (400,), (425,), (480, 620), (697, 1_209), (941, 1_633), (1_000,), (1_004,),
    (1_100,), (1_400,), (2_100,), (2_600,), (3_400,),
]  # fmt: skip
AMPLITUDES = [2, 8, 30, 100, 400, 1_500, 6_000, 20_000]


@pytest.mark.parametrize("level_db", [12, 6, 0, -10, -20, -30, -40, -50, -60])
def test_every_window_of_the_bundled_call_is_told_at_every_level(law, level_db):
    wrong = [
        (leg, start)
        for leg, sound in enumerate(demo_legs())
        for start in range(0, len(sound) - WINDOW, WINDOW * 9)
        if likelier_law(encode(sound[start : start + WINDOW] * 10 ** (level_db / 20), law)) != law
    ]
    assert wrong == []


@pytest.mark.parametrize("frequencies", TONES)
def test_tones_are_told_at_every_level(law, frequencies):
    wrong = [a for a in AMPLITUDES if likelier_law(encode(tone(*frequencies) * a, law)) != law]
    assert wrong == []


@pytest.mark.parametrize("level", [1, 3, 10, 30, 100, 300, 1_000, 3_000, 8_000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_is_told_at_every_level(law, level, seed):
    assert likelier_law(encode(noise(seed) * level, law)) == law


@pytest.mark.parametrize("offset", [-100, -20, -3, 3, 20, 100])
@pytest.mark.parametrize("level", [0, 1, 10, 100])
def test_an_offset_does_not_mislead(law, offset, level):
    assert likelier_law(encode(noise(1) * level + offset, law)) == law


def test_digital_silence_is_told_by_its_code(law):
    quiet = {Law.MU: (0xFF, 0x7F), Law.A: (0xD5, 0x55)}[law]
    for codes in ([quiet[0]], [quiet[1]], quiet):
        assert likelier_law(bytes(codes) * 1_200) == law


@pytest.mark.parametrize("quiet_share", [0.5, 0.9, 0.99])
def test_silence_before_the_first_word_does_not_mislead(law, quiet_share):
    speech = demo_legs()[0][80_000 : 80_000 + WINDOW].copy()
    speech[: round(WINDOW * quiet_share)] = 0
    assert likelier_law(encode(speech, law)) == law


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_quiet_codes_are_enough(law, count):
    assert likelier_law(encode(np.zeros(count), law)) == law


def test_nothing_at_all_is_called_mu_law(law):
    assert likelier_law(b"") == Law.MU
