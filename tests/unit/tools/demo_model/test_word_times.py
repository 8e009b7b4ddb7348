"""Word times as the synthesizers tell them, and where they do not."""

import pytest

from tools.demo_model.espeak import _interpolate
from tools.demo_model.festival import _spans


def test_words_that_espeak_merged_share_the_time_by_their_letters():
    known = _interpolate([0.0, None, 1.2], [1, 3, 4], 2.0)
    assert known == pytest.approx([0.0, 0.3, 1.2, 2.0])


def test_words_that_espeak_told_keep_their_starts():
    assert _interpolate([0.0, 0.5, 1.2], [4, 4, 4], 2.0) == [0.0, 0.5, 1.2, 2.0]


def test_a_word_without_a_start_ends_with_the_utterance():
    assert _interpolate([0.0, None], [2, 2], 1.0) == pytest.approx([0.0, 0.5, 1.0])


def test_a_question_mark_is_no_word_of_festival():
    assert list(_spans(["0.1", "0.4", "0.4", "0.9", "0", "0"])) == [(0.1, 0.4), (0.4, 0.9)]
