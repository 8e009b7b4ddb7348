"""Committed words never change, and the final text begins with them."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from streamer.core.events import Word, join_words
from streamer.speech.base import Hypothesis
from streamer.speech.words.agreement import LocalAgreement, find_cut, normalise

SECOND = 16_000


def say(
    text: str, *, start: float = 0.0, end: float | None = None, pace: float = 0.4, sure: float = 0.5
) -> Hypothesis:
    """Read `text` from `start` on, one word each `pace` seconds; the audio ends with it unless `end` says otherwise."""
    words = tuple(
        Word(
            token,
            round((start + index * pace) * SECOND),
            round((start + (index + 1) * pace) * SECOND),
            sure,
        )
        for index, token in enumerate(text.split())
    )
    last = words[-1].end if words else round(start * SECOND)
    return Hypothesis(round(start * SECOND), last if end is None else round(end * SECOND), words)


def text(words: list[Word] | tuple[Word, ...]) -> str:
    return join_words(words)


def test_a_word_is_settled_when_two_hypotheses_agree_on_it():
    policy = LocalAgreement()
    assert policy.update(say("i want")) == []
    assert text(policy.update(say("i want to cancel"))) == "i want"
    assert text(policy.tentative) == "to cancel"
    assert text(policy.update(say("i want to cancel my"))) == "to cancel"


def test_agreement_sees_neither_case_nor_punctuation_and_takes_the_newer_text():
    policy = LocalAgreement()
    policy.update(say("hello i want."))
    assert text(policy.update(say("Hello, I want to cancel"))) == "Hello, I want"


def test_words_behind_a_disagreement_wait():
    policy = LocalAgreement()
    policy.update(say("i won to cancel"))
    assert text(policy.update(say("i want to cancel my"))) == "i"
    assert text(policy.tentative) == "want to cancel my"


def test_a_sure_word_with_half_a_second_behind_it_is_settled_at_first_sight():
    policy = LocalAgreement()
    assert text(policy.update(say("i want to cancel", sure=0.95))) == "i want"


def test_an_unsure_word_is_not_settled_at_first_sight():
    assert LocalAgreement().update(say("i want to cancel", sure=0.89)) == []


def test_the_last_word_waits_for_its_successor_even_if_it_is_sure_and_agreed():
    policy = LocalAgreement()
    policy.update(say("my account", end=2.0, sure=0.99))
    assert policy.update(say("my account", end=2.5, sure=0.99)) == []
    assert text(policy.tentative) == "account"


def test_a_last_word_that_closes_its_sentence_is_settled_before_a_pause():
    policy = LocalAgreement()
    assert text(policy.update(say("my account.", end=2.0, sure=0.99))) == "my account."


def test_a_last_word_that_closes_its_sentence_is_settled_when_it_reads_the_same_twice():
    policy = LocalAgreement()
    policy.update(say("my account."))
    assert text(policy.update(say("my account."))) == "my account."
    other = LocalAgreement()
    other.update(say("my account"))
    assert text(other.update(say("my account."))) == "my"


def test_the_final_brings_the_rest_and_begins_with_what_was_committed():
    policy = LocalAgreement()
    policy.update(say("i want to"))
    policy.update(say("i want to cancel"))
    rest = policy.finish(say("I wanted to cancel my account."))
    assert text(rest) == "cancel my account."
    assert text(policy.committed) == "i want to cancel my account."
    assert policy.tentative == ()


def test_a_final_that_nobody_could_read_leaves_what_is_committed():
    policy = LocalAgreement()
    policy.update(say("i want to"))
    policy.update(say("i want to cancel"))
    assert policy.finish(None) == []
    assert text(policy.committed) == "i want to"


def test_a_final_without_words_adds_none():
    policy = LocalAgreement()
    policy.update(say("i want"))
    policy.update(say("i want to"))
    assert policy.finish(say("")) == []
    assert text(policy.committed) == "i want"


def test_after_a_trim_the_words_heard_again_are_not_doubled():
    policy = LocalAgreement()
    policy.update(say("one two three four five"))
    policy.update(say("one two three four five six"))
    assert text(policy.committed) == "one two three four five"
    policy.update(say("four five six seven", start=1.2))
    assert text(policy.committed) == "one two three four five six"
    assert text(policy.tentative) == "seven"


def test_after_a_trim_in_the_middle_of_a_word_its_rest_is_not_doubled():
    policy = LocalAgreement()
    policy.update(say("please cancel my account now"))
    policy.update(say("please cancel my account now ok"))
    rest = policy.finish(say("count now ok then", start=1.3, pace=0.35))
    assert text(rest) == "ok then"


def test_after_a_trim_at_the_very_end_a_repeated_word_is_not_lost():
    policy = LocalAgreement()
    policy.update(say("no no"))
    policy.update(say("no no maybe"))
    assert text(policy.committed) == "no no"
    assert text(policy.finish(say("no maybe", start=0.8))) == "no maybe"


def test_a_repeated_word_is_counted_not_swallowed():
    policy = LocalAgreement()
    policy.update(say("no no"))
    policy.update(say("no no no"))
    assert text(policy.committed) == "no no"
    assert text(policy.finish(say("no no no no"))) == "no no"


def test_a_final_that_has_lost_a_committed_word_does_not_lose_the_next():
    policy = LocalAgreement()
    policy.update(say("well i want to"))
    policy.update(say("well i want to go"))
    late = say("i want to go home", start=0.4)
    assert text(policy.finish(Hypothesis(0, late.end, late.words))) == "go home"


def test_words_without_length_are_told_apart_by_where_they_stand():
    committed = [Word("a", 0, 1000, 1.0)]
    words = [Word("a", 500, 500, 1.0), Word("a", 1000, 1000, 1.0)]
    assert find_cut(committed, words, audio_start=0) == 1


def test_times_of_committed_words_never_run_backwards():
    policy = LocalAgreement()
    policy.update(say("one two"))
    policy.update(say("one two three"))
    policy.finish(say("one two three four", pace=0.35))
    starts = [word.start for word in policy.committed]
    assert starts == sorted(starts)
    assert all(word.start <= word.end for word in policy.committed)


def test_a_window_may_be_trimmed_to_a_committed_word_that_leaves_some_audio_in_front():
    policy = LocalAgreement()
    assert policy.trim_point is None
    policy.update(say("one two three", pace=0.8))
    policy.update(say("one two three four", pace=0.8))
    assert text(policy.committed) == "one two three"
    assert policy.trim_point == round(0.8 * SECOND)


def test_normalised_words_have_no_case_punctuation_or_width():
    assert normalise("Account,") == normalise("ａccount") == "account"
    assert normalise("Don't") == "dont"
    assert normalise("--") == "--"


vocabulary = st.sampled_from(["no", "yes", "No.", "one", "two", "a", "account", "account.", "-"])
spoken = st.lists(
    st.tuples(vocabulary, st.integers(0, 12_000), st.floats(0, 1)), min_size=0, max_size=12
)


def place(read: list[tuple[str, int, float]], start: int, tail: int) -> Hypothesis:
    position, words = start, []
    for token, length, probability in read:
        words.append(Word(token, position, position + length, probability))
        position += length
    return Hypothesis(start, position + tail, tuple(words))


hypotheses = st.builds(place, spoken, st.integers(0, 60_000), st.integers(0, 16_000))


@settings(max_examples=300)
@given(st.lists(hypotheses, max_size=8), hypotheses | st.none())
def test_whatever_is_read_committed_words_only_grow_and_the_final_begins_with_them(
    updates: list[Hypothesis], final: Hypothesis | None
):
    policy = LocalAgreement()
    for hypothesis in updates:
        before = policy.committed
        settled = policy.update(hypothesis)
        assert policy.committed == (*before, *settled)
    before = policy.committed
    settled = policy.finish(final)
    assert policy.committed == (*before, *settled)
    assert join_words(policy.committed).startswith(join_words(before))
    starts = [word.start for word in policy.committed]
    assert starts == sorted(starts)


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(["no", "yes", "one", "two", "three", "four"]), min_size=1, max_size=25
    ),
    st.data(),
)
def test_a_model_that_reads_rightly_is_quoted_word_for_word_wherever_the_audio_is_trimmed(
    sentence: list[str], data: st.DataObject
):
    policy = LocalAgreement()
    whole = say(" ".join(sentence)).words
    for heard in range(1, len(whole) + 1):
        start = policy.trim_point if policy.trim_point and data.draw(st.booleans()) else 0
        jitter = data.draw(st.integers(-1600, 1600))
        window = tuple(
            Word(w.text, max(start, w.start + jitter), max(start, w.end + jitter), w.probability)
            for w in whole[:heard]
            if w.end > start + 1600
        )
        policy.update(Hypothesis(start, whole[heard - 1].end, window))
    start = policy.trim_point or 0
    heard_again = tuple(w for w in whole if w.end > start + 1600)
    policy.finish(Hypothesis(start, whole[-1].end, heard_again))
    assert text(policy.committed) == " ".join(sentence)


def test_two_readings_that_lie_close_together_do_not_settle_what_must_be_steady():
    policy = LocalAgreement(steady=SECOND // 2)
    policy.update(say("i want to", end=2.0))
    assert policy.update(say("i want to", end=2.2)) == []
    assert text(policy.update(say("i want to", end=2.6))) == "i want"


def test_a_word_that_changes_must_be_steady_anew():
    policy = LocalAgreement(steady=SECOND // 2)
    policy.update(say("i won to", end=2.0))
    policy.update(say("i want to", end=2.4))
    assert text(policy.update(say("i want to", end=2.6))) == "i", "it has been heard for 0.2 s"
    assert text(policy.update(say("i want to go", end=3.0))) == "want to"


def test_a_word_near_the_end_of_the_audio_is_held_and_a_doubtful_one_longer():
    policy = LocalAgreement(hold=SECOND // 2, doubtful=0.6, doubtful_hold=SECOND)
    policy.update(say("i want to go", end=1.6, sure=0.8))
    assert text(policy.update(say("i want to go", end=1.7, sure=0.8))) == "i want to"
    policy = LocalAgreement(hold=SECOND // 2, doubtful=0.6, doubtful_hold=SECOND)
    policy.update(say("i want to go", end=1.6))
    assert text(policy.update(say("i want to go", end=1.8))) == "i want"
