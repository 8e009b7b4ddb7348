"""Test utterances, recordings and the words that a cut leaves complete."""

import numpy as np
import pytest

from tests.unit.tools.demo_model.spoken import TEXTS, say
from tools.demo_model import testsets
from tools.demo_model.measures import WordTimes, draw_no_speech
from tools.demo_model.shards import read_shard, write_shard
from tools.demo_model.speech import SAMPLE_RATE
from tools.demo_model.testsets import (
    LEAD_S,
    TRAIL_S,
    complete_words,
    frame_utterance,
    join_recording,
    over_telephone,
    shuffled,
)

SPOKEN = [testsets.TestUtterance(say(text), is_salad=False) for text in TEXTS]


def test_a_shard_gives_back_what_was_written(tmp_path):
    written = [test.utterance for test in SPOKEN]
    write_shard(tmp_path / "a.npz", written)
    for before, after in zip(written, read_shard(tmp_path / "a.npz"), strict=True):
        assert (before.text, before.voice, before.spans) == (after.text, after.voice, after.spans)
        assert np.array_equal(before.samples, after.samples)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_an_utterance_is_framed_by_silence():
    utterance = SPOKEN[0].utterance
    sound = frame_utterance(utterance)
    lead, trail = round(LEAD_S * SAMPLE_RATE), round(TRAIL_S * SAMPLE_RATE)
    assert len(sound) == lead + len(utterance.samples) + trail
    assert not sound[:lead].any()
    assert not sound[-trail:].any()


def test_a_telephone_test_keeps_the_length():
    sound = frame_utterance(SPOKEN[0].utterance)
    assert len(over_telephone(np.random.default_rng(1), sound)) == len(sound)


def test_a_recording_holds_all_words_with_pauses_between():
    recording = join_recording(np.random.default_rng(1), SPOKEN, longest_pause_s=1.0, trail_s=0.5)
    speech_s = sum(len(test.utterance.samples) for test in SPOKEN) / SAMPLE_RATE
    pauses_s = len(recording.sound) / SAMPLE_RATE - speech_s - 0.5
    assert recording.words == [word for test in SPOKEN for word in test.words]
    assert 0.3 * len(SPOKEN) - 0.01 <= pauses_s <= 1.0 * len(SPOKEN)


@pytest.mark.parametrize(
    ("cut_s", "count"), [(0.2, 0), (LEAD_S + 0.3, 1), (LEAD_S + 0.59, 1), (9.0, 2)]
)
def test_a_cut_leaves_the_words_that_end_before_it(cut_s, count):
    assert complete_words(say("i see").spans, cut_s) == count


@pytest.mark.parametrize(
    ("text", "is_digits"), [("four seven oh", True), ("four", False), ("four ten", False)]
)
def test_digit_strings_are_known(text, is_digits):
    assert testsets.TestUtterance(say(text), is_salad=False).is_digits == is_digits


def test_a_seed_orders_utterances_and_loses_none():
    order = [test.utterance.text for test in shuffled(SPOKEN, 3)]
    assert order == [test.utterance.text for test in shuffled(SPOKEN, 3)]
    assert order != list(TEXTS)
    assert sorted(order) == sorted(TEXTS)


def test_windows_without_speech_add_up_to_ten_minutes():
    lengths = [len(sound) for sound in draw_no_speech(np.random.default_rng(1))]
    assert sum(lengths) / SAMPLE_RATE == pytest.approx(600, abs=1)


def test_word_times_are_told_as_medians_or_not_at_all():
    assert str(WordTimes([0.01, 0.03, 0.5], [0.02, 0.02, 0.9])) == "30 / 20 ms"
    assert str(WordTimes()) == "no sentence heard exactly"
