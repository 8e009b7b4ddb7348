"""What `make bench-real` counts: an error must count once, where it was made, and a latency from the end of the word."""

import numpy as np
import pytest

from streamer.core.events import SPEECH_RATE, Final, Partial, Segment, Word
from tools.bench.real.legs import Said, SpokenLeg, shorten
from tools.bench.real.measures import (
    Figures,
    Listener,
    bootstrap_difference,
    count_by_utterance,
    judge_words,
    longest_loop,
)


def said(*texts):
    """Return a leg of utterances of a second each, half a second apart, whose words share it evenly."""
    utterances, words = [], []
    for n, text in enumerate(texts):
        start = 1.5 * n
        utterances.append(Said(text, start, start + 1))
        each = 1 / len(text.split())
        words += [
            Said(word, start + i * each, start + (i + 1) * each)
            for i, word in enumerate(text.split())
        ]
    audio = np.zeros(round(1.5 * len(texts) * SPEECH_RATE), np.int16)
    return SpokenLeg("leg", audio, tuple(utterances), tuple(words))


def spoken(*words):
    """Return words as a segment has them: each a text and the second in which it ends."""
    return tuple(
        Word(text, round((end - 0.2) * SPEECH_RATE), round(end * SPEECH_RATE), 0.9)
        for text, end in words
    )


def partial(committed, tentative):
    return Partial("call", "leg", 1, 0, SPEECH_RATE, committed, tentative)


LEG = said("please hold the line", "press two")


@pytest.mark.parametrize(
    ("heard", "errors"),
    [
        ("please hold the line press two", [0, 0]),
        ("Please hold, the line! Press 2.", [0, 0]),
        ("please fold the line press two", [1, 0]),
        ("please hold the line two", [0, 1]),
        ("please hold the line four press two", [1, 0]),
        ("oh please hold the line press two", [1, 0]),
        ("", [4, 2]),
    ],
)
def test_an_error_counts_for_the_utterance_in_which_it_was_made(heard, errors):
    counted = count_by_utterance(LEG, heard)
    assert [wrong for wrong, _ in counted] == errors


def test_the_same_errors_are_no_difference():
    same = [(1, 10), (0, 5), (2, 8)]
    assert bootstrap_difference(same, same) == (0.0, 0.0, 0.0)


def test_a_difference_of_every_utterance_is_certain():
    difference, low, high = bootstrap_difference([(2, 10)] * 50, [(1, 10)] * 50)
    assert (difference, low, high) == pytest.approx((10.0, 10.0, 10.0))


def test_a_difference_of_one_utterance_is_not():
    ours, theirs = [(5, 10), *[(0, 10)] * 19], [(0, 10)] * 20
    difference, low, high = bootstrap_difference(ours, theirs)
    assert difference == pytest.approx(2.5)
    assert low == 0.0 < difference < high


def test_the_interval_is_the_same_each_time():
    ours, theirs = [(n % 3, 10) for n in range(30)], [(n % 2, 10) for n in range(30)]
    assert bootstrap_difference(ours, theirs) == bootstrap_difference(ours, theirs)


def test_latencies_count_from_the_end_of_the_word():
    figures = judge_words(LEG, [("please", 1.0), ("hold", 1.0), ("a", 1.0), ("line", 1.5)])
    assert figures.commit == pytest.approx([0.75, 0.5, 0.5])
    assert (figures.errors, figures.words) == (3, 6)


def test_a_word_is_shown_when_it_first_stands_in_its_place_and_settled_when_it_is_committed():
    listener, one = Listener(), said("please hold")
    first, second = spoken(("please", 0.5), ("hold", 1.0))
    listener.take(partial((), (first,)), 0.7)
    listener.take(partial((first,), spoken(("bold", 1.0))), 1.1)
    listener.take(partial((first,), (second,)), 1.3)
    segment = Segment("leg", 1, 0, SPEECH_RATE, (first, second))
    listener.take(Final("call", segment), 1.8)
    figures = listener.judge(one)
    assert figures.shown == pytest.approx([0.2, 0.3])
    assert figures.commit == pytest.approx([0.6, 0.8])
    assert figures.final == pytest.approx([0.8])
    assert figures.offsets == pytest.approx([0.0, 0.0])
    assert (figures.changed, figures.seen, figures.revisions, figures.wer) == (1, 7, 0, 0.0)


def test_what_was_settled_and_changes_is_a_revision():
    listener = Listener()
    listener.take(partial(spoken(("please", 0.5)), ()), 0.7)
    listener.take(partial(spoken(("peas", 0.5)), ()), 1.1)
    assert listener.figures.revisions == 1


def test_figures_of_two_legs_are_counted_together():
    total = Figures(errors=1, words=10, commit=[0.5])
    total.add(Figures(errors=1, words=30, commit=[0.7]))
    assert (total.wer, total.commit) == (5.0, [0.5, 0.7])


@pytest.mark.parametrize(
    ("text", "most"),
    [("", 0), ("a b c", 1), ("no no no", 3), ("a mute or mute or mute or b", 3), ("a b a c a", 1)],
)
def test_a_loop_is_a_phrase_that_comes_again_and_again(text, most):
    assert longest_loop(text.split()) == most


def test_a_shortened_leg_ends_behind_a_whole_utterance():
    short = shorten(LEG, 2.0)
    assert (short.text, len(short.words), short.seconds) == ("please hold the line", 4, 1.3)
    assert shorten(LEG, 100.0) is LEG
