"""What was said again and again stays, what the model repeats by itself goes, and speech without words is found."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from streamer.core.events import Word
from streamer.speech.base import Hypothesis, Suspicion, Window
from streamer.speech.words.filters import drop_inventions
from streamer.speech.words.spoken import (
    LEAST_SPOKEN,
    cut_loop,
    drop_repeats,
    find_run,
    find_unread,
    is_said_apart,
    own_speech,
)

SECOND = 16_000


def span(start: float, end: float) -> tuple[int, int]:
    return round(start * SECOND), round(end * SECOND)


def word(text: str, start: float, end: float, probability: float = 0.9) -> Word:
    return Word(text, *span(start, end), probability)


def say_apart(text: str, *, length: float = 0.5, pause: float = 0.2):
    """Return words, each on an island of speech, and the islands."""
    step = length + pause
    words = [word(t, n * step, n * step + length) for n, t in enumerate(text.split())]
    return words, [(w.start, w.end) for w in words]


def text(words) -> str:
    return " ".join(w.text for w in words)


@pytest.mark.parametrize(
    "said",
    [
        "1, 2, 3, " * 5,
        "no " * 14,
        "4 " + "0 " * 15,
        "4 9 2 8 0 0 0 0 0 0 0 0 0 0 0 1",
        "i do not know " * 4,
        "double 0 " * 6 + "7",
    ],
)
def test_words_that_each_have_speech_of_their_own_are_no_loop(said: str):
    words, speech = say_apart(said)
    window = Window("a", 1, bytes(2 * words[-1].end), 0)
    hypothesis = Hypothesis(0, window.end, tuple(words), compression_ratio=6.0)
    assert drop_inventions(hypothesis, window, speech).words == tuple(words)


def test_a_count_that_the_model_takes_too_far_is_cut_to_what_was_said_and_placed_on_it():
    """As tiny.en reads "1 2 3" five times: one round too many, squeezed, and a doubled 3 that is part of the farewell."""
    _, islands = say_apart("x " * 15, length=0.55, pause=0.25)
    said = [word(str(n % 3 + 1), a / SECOND, b / SECOND) for n, (a, b) in enumerate(islands[:11])]
    squeezed = [word(t, 8.6, 8.6 + 0.02) for t in "312"]
    rest = [
        word(str((n + 11) % 3 + 1), a / SECOND, b / SECOND) for n, (a, b) in enumerate(islands[11:])
    ]
    farewell = [word("3,", 12.0, 12.5, 0.37), word("goodbye.", 12.5, 12.7)]
    heard = [*said, *squeezed, *rest, *farewell]
    kept = drop_repeats(heard, [*islands, span(12.0, 12.8)])
    assert text(kept) == "1 2 3 " * 5 + "goodbye."
    assert [(w.start, w.end) for w in kept[:-1]] == islands


def test_zeros_for_which_there_is_no_speech_are_taken_away():
    words, speech = say_apart("4 " + "0 " * 15)
    extra = [word("0", 2.0, 2.0), word("0", 5.3, 5.34), word("0", 9.0, 9.02)]
    heard = sorted([*words, *extra], key=lambda w: (w.start, w.end))
    assert text(drop_repeats(heard, speech)) == "4 " + ("0 " * 15).strip()


def test_repeats_behind_the_end_of_what_was_said_are_taken_away():
    speech = [span(0.2, 0.7)]
    heard = [word("And...", 0.1, 0.7), *[word("And...", 1.0, 1.0)] * 3]
    assert text(drop_repeats(heard, speech)) == "And..."


def test_a_phrase_said_twice_with_speech_for_once_is_said_once():
    heard = [
        word("thank", 0.0, 0.3),
        word("you", 0.3, 0.6),
        word("thank", 0.6, 0.62),
        word("you", 0.62, 0.66),
        word("bye", 0.7, 1.0),
    ]
    assert text(drop_repeats(heard, [span(0, 1.2)])) == "thank you bye"


def test_a_doubled_word_is_said_once_and_a_word_said_twice_stays():
    speech = [span(0, 2)]
    the_the = [word("the", 0.0, 0.02), word("the", 0.02, 0.2), word("cat", 0.2, 0.6)]
    assert text(drop_repeats(the_the, speech)) == "the cat"
    that_that = [word("that", 0.0, 0.2), word("that", 0.2, 0.45), word("is", 0.45, 0.6)]
    assert text(drop_repeats(that_that, speech)) == "that that is"


def test_a_sure_word_that_begins_the_next_phrase_is_not_taken_for_a_double():
    speech = [span(0, 0.4), span(0.6, 1.4)]
    heard = [word("no,", 0, 0.4), word("no", 0.6, 0.9, 0.8), word("thanks", 0.9, 1.4)]
    assert text(drop_repeats(heard, speech)) == "no, no thanks"


def test_a_long_run_in_speech_without_pauses_is_a_loop_and_ends_the_words():
    heard = [word("mute", n * 0.3, n * 0.3 + 0.3) for n in range(12)] + [word("end", 3.6, 4)]
    assert text(drop_repeats(heard, [span(0, 5)])) == "mute"


def test_repetitive_text_in_speech_without_pauses_is_still_dropped_whole():
    heard = tuple(word(t, n * 0.3, n * 0.3 + 0.3) for n, t in enumerate("abcabdab"))
    window = Window("a", 1, bytes(4 * SECOND), 0)
    hypothesis = Hypothesis(0, window.end, heard, compression_ratio=2.5)
    judged = drop_inventions(hypothesis, window, [span(0, 2.4)])
    assert (judged.words, judged.suspicion) == ((), Suspicion.REPETITIVE)


def test_the_run_that_covers_most_words_is_found_and_the_shortest_phrase_of_it():
    assert find_run(list("aab"), 0) == (1, 2)
    assert find_run(list("abab"), 0) == (2, 2)
    assert find_run(list("aaaa"), 0) == (1, 4)
    assert find_run(list("ab"), 0) == (1, 1)


def test_words_on_one_stretch_of_speech_are_not_said_apart():
    words, speech = say_apart("a b c d")
    assert is_said_apart(words, speech)
    assert not is_said_apart(words, [span(0, 4)])
    assert not is_said_apart([*words, word("e", 2.6, 2.6)], speech)
    assert not is_said_apart(words, [])


def test_speech_in_front_of_between_and_behind_words_is_found():
    words = [word("one", 2, 2.4), word("two", 5, 5.4)]
    assert find_unread([span(0, 10)], words) == [
        span(0, 1.9),
        span(2.5, 4.9),
        (round(5.5 * SECOND), 10 * SECOND),
    ]
    assert find_unread([span(2, 3.9), span(4.6, 6.9)], words) == [span(2.5, 4.9)]
    assert find_unread([span(2, 3.5), span(5, 6.9)], words) == []
    assert find_unread([span(0, 1.5)], []) == [span(0, 1.5)]
    assert find_unread([span(0, 1.4)], []) == []


def test_a_word_that_is_stretched_over_what_it_does_not_say_covers_only_its_beginning():
    stretched = [word("meetings?", 0.0, 4.0)]
    assert find_unread([span(0, 4)], stretched) == [(round(1.3 * SECOND), 4 * SECOND)]


def test_speech_of_a_word_is_counted_in_samples():
    assert own_speech((100, 400), [(0, 200), (300, 1000)]) == 200


@given(
    st.lists(st.tuples(st.sampled_from(["no", "yes", "you"]), st.integers(0, 9000)), max_size=40),
    st.lists(st.integers(0, 20_000), max_size=12),
)
def test_what_is_kept_was_heard_in_order_and_nothing_is_doubled_or_made(read, borders):
    position, heard = 0, []
    for token, length in read:
        heard.append(Word(token, position, position + length, 0.9))
        position += length
    edges = sorted(sum(borders[: n + 1]) for n in range(len(borders)))
    speech = list(zip(edges[::2], edges[1::2], strict=False))
    kept = drop_repeats(heard, speech)
    assert len(kept) <= len(heard)
    left = iter(w.text for w in heard)
    assert all(w.text in left for w in kept)
    assert all(b - a >= LEAST_SPOKEN for a, b in find_unread(speech, kept, least=LEAST_SPOKEN))
    assert cut_loop(kept[:3]) == kept[:3]
