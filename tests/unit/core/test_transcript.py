"""A transcript is in order and harmless, however it was put together."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, strategies as st

from streamer.core.audio import Leg
from streamer.core.events import SPEECH_RATE, Segment, Unclear, Word
from streamer.core.transcript import Transcript, measure_talk

SECOND = 16_000
LEGS = (Leg("caller", "PJSIP/1"), Leg("agent", "PJSIP/2"))


def say(leg: str, text: str, *, at: float, utterance: int = 1) -> Segment:
    start = round(at * SECOND)
    words = tuple(Word(token, start, start + SECOND, 0.9) for token in text.split(" "))
    return Segment(leg, utterance, start, start + SECOND, words)


def transcribe(*segments: Segment, legs: tuple[Leg, ...] = LEGS) -> Transcript:
    return Transcript("c1", "stream-channel", datetime(2025, 1, 1, tzinfo=UTC), legs, segments)


def test_segments_stand_by_start_time():
    late, early = say("caller", "bye", at=9), say("agent", "hello", at=1)
    assert transcribe(late, early).segments == (early, late)


def test_segments_that_start_together_stand_in_the_order_of_their_legs():
    stranger, agent, caller = (say(leg, "hi", at=1) for leg in ("a", "agent", "caller"))
    assert transcribe(stranger, agent, caller).segments == (caller, agent, stranger)


def test_segments_of_a_leg_that_start_together_stand_in_the_order_of_their_utterances():
    second, first = say("agent", "b", at=1, utterance=2), say("agent", "a", at=1, utterance=1)
    assert transcribe(second, first).segments == (first, second)


def test_speakers_are_the_legs_and_then_who_else_spoke():
    transcript = transcribe(say("late", "hi", at=1), say("agent", "hi", at=2))
    assert transcript.speakers == ("caller", "agent", "late")


def test_the_duration_reaches_to_the_end_of_the_last_that_ends():
    assert transcribe(say("caller", "a", at=3), say("agent", "b", at=1)).duration == 4.0
    assert transcribe().duration == 0.0


def test_a_segment_without_words_is_kept_but_not_spoken():
    empty, spoken = Segment("agent", 1, 0, SECOND, ()), say("agent", "hi", at=2)
    transcript = transcribe(empty, spoken)
    assert transcript.segments == (empty, spoken)
    assert list(transcript.spoken) == [spoken]


def test_what_could_steer_a_reader_is_gone_and_a_word_of_nothing_else_with_it():
    transcript = Transcript(
        "c\x1b1",
        "str\neam",
        None,
        (Leg("call\u202eer", "PJSIP/\x00"),),
        (say("call\u202eer", "a\x07b \x1b c\nd", at=0),),
    )
    assert (transcript.call_id, transcript.source) == ("c1", "str eam")
    assert transcript.legs == (Leg("caller", "PJSIP/"),)
    assert [word.text for word in transcript.segments[0].words] == ["ab", "c d"]
    assert transcript.segments[0].leg == "caller"


def test_a_name_is_one_harmless_line_and_one_of_nothing_is_none():
    names = {"call\x1ber": "Ann\n\u202eLee", "agent": "\x00"}
    transcript = Transcript("c1", "file", None, LEGS, (), names)
    assert transcript.name("caller") == "Ann Lee"
    assert transcript.name("agent") == "agent"


def test_a_label_of_which_nothing_is_left_still_names_somebody():
    transcript = transcribe(say("\x00", "hi", at=0), legs=(Leg("\x00", "PJSIP/1"),))
    assert transcript.speakers == ("unknown",)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=9), st.randoms())
def test_the_order_in_which_segments_come_does_not_matter(spoken, random):
    segments = [say(leg, "hi", at=at, utterance=i) for i, (leg, at) in enumerate(spoken)]
    ordered = transcribe(*segments)
    random.shuffle(segments)
    assert transcribe(*segments) == ordered


def test_speech_without_words_stands_between_the_lines_by_time():
    said = [
        Segment("caller", n, at, at + 10, (Word(f"w{n}", at, at + 10, 1.0),))
        for n, at in ((1, 0), (2, 100))
    ]
    unclear = (Unclear("c1", "call\x1ber", 200, 300), Unclear("c1", "caller", 50, 60))
    transcript = Transcript("c1", "file", None, LEGS, tuple(said), unclear=unclear)
    assert [line.text for line in transcript.lines] == ["w1", "[unclear]", "w2", "[unclear]"]
    assert [segment.text for segment in transcript.spoken] == ["w1", "w2"]
    assert {span.leg for span in transcript.unclear} == {"caller"}


def test_talk_of_several_at_once_counts_once():
    def said(leg, start_s, end_s):
        return Segment(leg, 1, start_s * SPEECH_RATE, end_s * SPEECH_RATE, ())

    assert measure_talk([]) == 0
    assert measure_talk([said("b", 4, 6), said("a", 1, 3)]) == 4
    assert measure_talk([said("a", 1, 5), said("b", 2, 3), said("b", 4, 7)]) == 6
