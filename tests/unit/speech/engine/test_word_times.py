"""Words lie where the model's alignment puts them, without the pauses that it stretches them across."""

from __future__ import annotations

import numpy as np
import pytest

from streamer.speech.engine.word_times import (
    FRAME_SAMPLES,
    TimedWord,
    find_loudness,
    place_words,
    tighten,
)

SECOND = 16_000


def test_a_word_reaches_from_its_first_token_to_the_next_words():
    path = [(0, 0), (0, 1), (1, 5), (2, 9), (3, 20)]
    words = place_words([" my", " account"], [1, 2], path, [0.9, 0.5, 1.0])
    assert words == [
        TimedWord(" my", 0, 5 * FRAME_SAMPLES, 0.9),
        TimedWord(" account", 5 * FRAME_SAMPLES, 20 * FRAME_SAMPLES, 0.75),
    ]


def test_tokens_that_the_path_does_not_reach_lie_at_its_end():
    words = place_words([" a", " b", " c"], [1, 1, 1], [(0, 0), (1, 4)], [1.0, 1.0, 1.0])
    assert (words[1].end, words[2].start, words[2].end) == (5 * FRAME_SAMPLES,) * 3


def test_an_empty_path_puts_words_at_the_start():
    assert place_words([" a"], [1], [], [1.0]) == [TimedWord(" a", 0, 0, 1.0)]


def test_a_word_without_tokens_has_no_probability():
    assert place_words([""], [0], [(0, 0)], [])[0].probability == 0.0


def speak(*parts: tuple[float, int]) -> np.ndarray:
    """Return samples of (seconds, amplitude)."""
    return np.concatenate([np.full(round(s * SECOND), a, np.int16) for s, a in parts])


def test_a_last_word_that_is_stretched_into_silence_ends_where_the_sound_does():
    loudness = find_loudness(speak((1.0, 8000), (1.0, 20)))
    start, end = tighten((SECOND // 2, 2 * SECOND), loudness)
    assert start == SECOND // 2
    assert SECOND <= end <= SECOND + SECOND // 10


def test_a_first_word_that_is_stretched_over_a_pause_begins_where_the_sound_does():
    loudness = find_loudness(speak((1.0, 0), (0.5, 8000), (1.0, 7000)))
    start, end = tighten((0, round(1.5 * SECOND)), loudness)
    assert SECOND - SECOND // 10 <= start <= SECOND
    assert end == round(1.5 * SECOND)


def test_a_pause_inside_a_word_is_left_alone():
    loudness = find_loudness(speak((0.3, 8000), (0.3, 0), (0.3, 8000)))
    assert tighten((0, round(0.9 * SECOND)), loudness) == (0, round(0.9 * SECOND))


@pytest.mark.parametrize("pcm", [speak((1.0, 0)), speak((0.001, 9))])
def test_a_word_in_silence_keeps_its_span(pcm):
    assert tighten((0, SECOND), find_loudness(pcm)) == (0, SECOND)


def test_short_words_are_left_alone():
    loudness = find_loudness(speak((1.0, 8000), (1.0, 0)))
    span = (round(0.9 * SECOND), round(1.2 * SECOND))
    assert tighten(span, loudness) == span


def test_a_pause_behind_the_last_loud_word_does_not_pull_in_a_quiet_one():
    loudness = find_loudness(speak((1.0, 8000), (0.5, 0), (0.5, 100), (0.1, 0)))
    assert tighten((round(1.5 * SECOND), 2 * SECOND), loudness) == (round(1.5 * SECOND), 2 * SECOND)
