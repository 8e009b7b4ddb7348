"""Windows: growing ones, full ones, and those in which nobody speaks."""

import numpy as np
import pytest

from tests.unit.tools.demo_model.spoken import make_pool
from tools.demo_model.lexicon import Lexicon
from tools.demo_model.speech import SAMPLE_RATE
from tools.demo_model.tones import clicks, draw_tones, dtmf, music, progress_tone
from tools.demo_model.windows import LONGEST_S, WindowMaker, draw_no_speech

FULL = round(LONGEST_S * SAMPLE_RATE)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Many windows of every kind."""
    maker = WindowMaker(make_pool(tmp_path_factory.mktemp("shards")), Lexicon())
    rng = np.random.default_rng(1)
    return [maker.draw(rng) for _ in range(250)]


def test_a_full_window_is_exactly_twenty_seconds_long(drawn):
    full = [window for window in drawn if window.is_full]
    assert {len(window.sound) for window in full} == {FULL}
    assert {window.cut_s for window in full} == {LONGEST_S}


def test_a_growing_window_is_at_most_that_long(drawn):
    growing = [window for window in drawn if window.sentences and not window.is_full]
    assert max(len(window.sound) for window in growing) <= FULL


def test_a_cut_window_ends_where_it_says(drawn):
    for window in drawn:
        if window.cut_s is not None:
            assert len(window.sound) == pytest.approx(window.cut_s * SAMPLE_RATE, abs=1)


def test_every_kind_is_drawn_about_as_often_as_asked(drawn):
    silent = sum(not window.sentences for window in drawn) / len(drawn)
    full = sum(window.is_full for window in drawn) / len(drawn)
    cut = sum(window.cut_s is not None and not window.is_full for window in drawn) / len(drawn)
    assert (silent, full, cut) == pytest.approx((0.08, 0.18, 0.24), abs=0.08)


def test_a_window_that_is_not_cut_holds_every_word(drawn):
    for window in drawn:
        if window.sentences and window.cut_s is None:
            end = window.sentences[-1].spans[-1][1]
            assert end <= len(window.sound) / SAMPLE_RATE + 0.01


def test_words_of_a_window_come_one_after_another(drawn):
    for window in drawn:
        spans = [span for sentence in window.sentences for span in sentence.spans]
        assert all(start <= end for start, end in spans)
        assert spans == sorted(spans)


def test_every_word_has_a_written_form_and_a_span(drawn):
    for window in drawn:
        for sentence in window.sentences:
            assert len(sentence.spoken) == len(sentence.written) == len(sentence.spans) > 0
            assert sentence.mark in ".?"


def test_a_sentence_that_begins_before_a_full_window_keeps_the_phones_of_its_half_word(drawn):
    cut_in = [window for window in drawn if window.is_full and window.sentences[0].leftover]
    assert cut_in
    assert all(window.sentences[0].spans[0][0] >= -0.021 for window in cut_in)


def test_a_window_without_speech_has_sound_but_no_sentence():
    rng = np.random.default_rng(2)
    drawn = [draw_no_speech(rng) for _ in range(40)]
    assert not any(window.sentences for window in drawn)
    assert all(0 < len(window.sound) <= FULL for window in drawn)
    assert any(np.abs(window.sound).max() > 0.1 for window in drawn)


@pytest.mark.parametrize("make", [progress_tone, dtmf, music, clicks, draw_tones])
def test_a_tone_has_the_length_asked_for_and_stays_in_bounds(make):
    rng = np.random.default_rng(3)
    for length in (400, 8000, 48_000):
        sound = make(rng, length)
        assert len(sound) == length
        assert np.abs(sound).max() <= 1.001
