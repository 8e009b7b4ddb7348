"""What nobody said is taken away, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from streamer.core.events import Word
from streamer.core.untrusted import strip_controls
from streamer.speech.base import FRAME, Hypothesis, Suspicion, Window
from streamer.speech.words.filters import (
    coverage,
    drop_inventions,
    drop_unspoken,
    find_speech,
    is_echo,
    may_carry_context,
)
from streamer.speech.words.spoken import cut_loop, drop_repeats

SECOND = 16_000
EVERYWHERE = [(0, 600 * SECOND)]


def say(text: str, *, pace: float = 0.3) -> tuple[Word, ...]:
    step = round(pace * SECOND)
    return tuple(Word(t, i * step, (i + 1) * step, 0.9) for i, t in enumerate(text.split()))


def judge(words: tuple[Word, ...], *, speech=EVERYWHERE, prompt="", context="", **scores):
    end = words[-1].end if words else 0
    window = Window("a", 1, bytes(2 * end), 0, prompt=prompt, context=context)
    return drop_inventions(Hypothesis(0, end, words, **scores), window, speech)


def texts(words) -> str:
    return " ".join(word.text for word in words)


def test_ordinary_speech_passes_untouched():
    words = say("i want to cancel my account because it is too expensive for me")
    hypothesis = judge(words, no_speech_prob=0.1, avg_logprob=-0.2, compression_ratio=1.4)
    assert hypothesis.words == words
    assert hypothesis.suspicion is Suspicion.NONE


def test_controls_and_direction_overrides_are_taken_out_of_model_text():
    assert strip_controls("a\x1b[31mb\u202ec\x9b\u2028d\ud800\x00") == "a[31mbcd"
    assert strip_controls("می\u200cخواهم") == "می\u200cخواهم"


def test_a_word_that_was_only_controls_is_gone():
    assert texts(judge(say("one \x1b two")).words) == "one two"


def test_words_in_silence_are_dropped_and_words_on_speech_stay():
    words = say("thank you for watching", pace=1.0)
    assert texts(drop_unspoken(words, [(0, 2 * SECOND)])) == "thank you"


def test_a_word_needs_speech_under_a_third_of_it():
    word = Word("hello", 0, 10_000, 0.9)
    assert drop_unspoken([word], [(0, 1_300)]) == []
    assert drop_unspoken([word], [(0, 1_400)]) == [word]


def test_speech_a_little_beside_a_word_counts_for_word_times_are_not_exact():
    assert drop_unspoken([Word("a", 1000, 1000, 0.9)], [(0, 500)]) != []


def test_coverage_counts_neighbouring_speech_once():
    assert coverage((0, 4000), [(0, 2000), (2100, 3000)]) == 1.0
    assert coverage((0, 4000), [], slack=0) == 0.0
    assert coverage((0, 4000), [(1000, 2000)], slack=0) == 0.25


def test_frames_of_speech_become_spans():
    spans = find_speech([0.1, 0.9, 0.5, 0.2, 0.4], position=1000)
    assert spans == [(1000 + FRAME, 1000 + 3 * FRAME), (1000 + 4 * FRAME, 1000 + 5 * FRAME)]


def test_what_the_model_itself_takes_for_silence_is_dropped():
    hypothesis = judge(say("thank you"), no_speech_prob=0.61, avg_logprob=-1.01)
    assert hypothesis.words == ()
    assert hypothesis.suspicion is Suspicion.SILENCE


@pytest.mark.parametrize(("no_speech", "logprob"), [(0.6, -2.0), (0.99, -1.0)])
def test_one_doubt_alone_drops_nothing(no_speech: float, logprob: float):
    assert judge(say("thank you"), no_speech_prob=no_speech, avg_logprob=logprob).words


def test_a_loop_is_cut_after_its_first_round():
    looped = say("i said " + "do not know what " * 3)
    assert texts(cut_loop(looped)) == "i said do not know what"
    assert texts(judge(looped, compression_ratio=3.0).words) == "i said do not know what"


def test_a_word_said_three_times_is_no_loop():
    words = say("no no no i do not want that that that thing at all")
    assert cut_loop(words) == list(words)


def test_one_word_for_ever_is_a_loop():
    assert texts(cut_loop(say("so " + "you " * 12))) == "so you"


def spoken_apart(text: str, *, stretches: int) -> tuple[tuple[Word, ...], list[tuple[int, int]]]:
    """Say one word a second, of which the first so many have half a second of speech each."""
    words = say(text, pace=1.0)
    return words, [(w.start + 1000, w.start + SECOND // 2) for w in words[:stretches]]


@pytest.mark.parametrize("text", ["1 2 3 " * 5, "no " * 14, "4 " + "0 " * 15])
def test_what_is_said_again_and_again_with_speech_for_each_word_is_no_loop(text: str):
    words, speech = spoken_apart(text, stretches=99)
    assert drop_repeats(words, speech) == list(words)
    assert judge(words, compression_ratio=3.0, speech=speech).words == words


def test_of_a_loop_as_many_rounds_are_kept_as_have_speech():
    words, speech = spoken_apart("4 " + "0 " * 30, stretches=16)
    assert texts(drop_repeats(words, speech)) == "4" + " 0" * 15
    words, speech = spoken_apart("1 2 3 " * 9, stretches=15)
    assert texts(drop_repeats(words, speech)) == " ".join(["1 2 3"] * 5)


def test_a_loop_behind_what_is_no_loop_is_found():
    words = say("no " * 12 + "and so it is " * 4, pace=1.0)
    speech = [(w.start + 1000, w.start + SECOND // 2) for w in words[:12]]
    assert texts(drop_repeats(words, speech)) == "no " * 12 + "and so it is"


def test_text_that_compresses_too_well_without_a_clear_loop_is_dropped():
    hypothesis = judge(say("a b a b c a b"), compression_ratio=2.5)
    assert hypothesis.words == ()
    assert hypothesis.suspicion is Suspicion.REPETITIVE


def test_an_echo_of_the_prompt_in_silence_is_dropped():
    words = say("Emma Stone, Acme Corp")
    hypothesis = judge(words, prompt="emma stone acme corp technical support", speech=[(0, 4800)])
    assert (hypothesis.words, hypothesis.suspicion) == ((), Suspicion.ECHO)


def test_an_echo_of_what_was_said_before_is_dropped_in_silence_too():
    hypothesis = judge(say("thank you bye"), context="so thank you bye", speech=[])
    assert (hypothesis.words, hypothesis.suspicion) == ((), Suspicion.ECHO)


def test_two_words_are_too_few_to_be_called_an_echo():
    assert not is_echo(say("emma stone"), "emma stone", [])


@pytest.mark.parametrize("text", ["Ottawa,", "Wazo Wazo, Wazo,", "Wazo, Ottawa."])
def test_hints_that_come_out_where_the_model_hears_no_speech_are_dropped(text):
    hints = "Ottawa, Asterisk, Wazo Ask for the Ottawa office."
    hypothesis = judge(say(text), prompt=hints, no_speech_prob=0.81, avg_logprob=-0.4)
    assert (hypothesis.words, hypothesis.suspicion) == ((), Suspicion.ECHO)
    assert judge(say(text), prompt=hints, no_speech_prob=0.8).words == say(text)


def test_words_beside_a_hint_are_no_echo_of_it():
    words = say("this is Ottawa")
    assert judge(words, prompt="Ottawa", no_speech_prob=0.9).words == words
    assert judge(say("..."), prompt="Ottawa", no_speech_prob=0.9).suspicion is Suspicion.NONE


def test_a_customer_who_says_a_prompted_name_is_heard():
    words = say("Emma Stone from Acme")
    assert judge(words, prompt="Emma Stone from Acme").words == words


def test_a_customer_who_repeats_himself_is_heard():
    words = say("can you hear me")
    assert judge(words, context="hello can you hear me").words == words


def test_context_is_not_carried_across_three_seconds_of_silence():
    assert may_carry_context(0, 3 * SECOND)
    assert not may_carry_context(0, 3 * SECOND + 1)


@given(st.lists(st.sampled_from(["no", "yes", "you", "and"]), max_size=40))
def test_cutting_loops_keeps_a_beginning_and_leaves_no_loop(tokens: list[str]):
    words = say(" ".join(tokens))
    kept = cut_loop(words)
    assert list(words[: len(kept)]) == kept
    assert cut_loop(kept) == kept
