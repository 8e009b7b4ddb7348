"""Cues are short enough to read, cut where it hurts least, and never two of one leg at once."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, strategies as st

from streamer.core.events import Segment, Word
from streamer.exporters.cues import LONGEST, NAME_WIDTH, SHORTEST, TICK, build_cues, format_time
from streamer.exporters.lines import LINE_WIDTH, measure
from tests.unit.exporters.calls import SECOND, call, letters, said, say, transcripts


def texts(cues) -> list[str]:
    return [" ".join(cue.lines) for cue in cues]


def times(cues) -> list[tuple[float, float]]:
    return [(cue.start / SECOND, cue.end / SECOND) for cue in cues]


def test_a_short_utterance_is_one_cue_at_the_times_of_its_words():
    cues = build_cues(call(say("Hi my internet connection keeps dropping.", at=5)))
    assert texts(cues) == ["Hi my internet connection keeps dropping."]
    assert times(cues) == [(5.0, 7.4)]


def test_a_long_utterance_is_cut_at_the_end_of_a_sentence():
    first = "I have called you three times about this now."
    second = "Nobody was able to tell me what is wrong with the line."
    cues = build_cues(call(say(f"{first} {second}", pace=0.3)))
    assert texts(cues) == [first, second]
    assert times(cues) == [(0.0, 2.7), (2.7, 6.3)]


def test_a_quote_behind_the_full_stop_does_not_hide_the_end_of_a_sentence():
    first = "He told me to my face 'I will not do it again.'"
    second = "Then he went and did it again the very same evening."
    assert texts(build_cues(call(say(f"{first} {second}", pace=0.2)))) == [first, second]


def test_a_sentence_too_long_for_a_cue_is_cut_at_a_comma():
    first = "If the green light on the front does not come back,"
    second = "please unplug the router and wait for thirty seconds"
    assert texts(build_cues(call(say(f"{first} {second}", pace=0.2)))) == [first, second]


def test_a_sentence_without_a_comma_is_cut_at_a_pause():
    words = say("one two three four five six seven eight nine ten " * 2, pace=0.25).words
    late = [replace(w, start=w.start + SECOND // 2, end=w.end + SECOND // 2) for w in words[9:]]
    cues = build_cues(call(Segment("caller", 1, 0, late[-1].end, (*words[:9], *late))))
    assert texts(cues)[0] == "one two three four five six seven eight nine"
    assert times(cues) == [(0.0, 2.25), (2.75, 5.5)]


def test_where_nothing_else_decides_cues_come_out_even():
    cues = build_cues(call(say("word " * 20, pace=0.3)))
    assert texts(cues) == [" ".join(["word"] * 10)] * 2


def test_slow_speech_is_cut_before_a_cue_is_on_screen_too_long():
    cues = build_cues(call(say("now you press the red button", pace=2)))
    assert texts(cues) == ["now you press", "the red button"]


def test_a_word_that_lasts_longer_than_any_cue_leaves_the_screen_in_between():
    cues = build_cues(call(say("Hello?", pace=30)))
    assert times(cues) == [(0.0, 7.0)]


def test_a_short_word_stays_for_a_second():
    assert times(build_cues(call(say("Okay.", pace=0.3)))) == [(0.0, 1.0)]


def test_a_short_word_makes_room_for_the_next_of_its_leg():
    cues = build_cues(call(say("Yes.", at=1, pace=0.3), say("No.", at=1.5, pace=0.3)))
    assert times(cues) == [(1.0, 1.5), (1.5, 2.5)]


def test_no_word_is_left_alone_on_screen_for_an_instant():
    text = "please tell me where the nearest technician is because nobody has answered me yet ok"
    cues = build_cues(call(say(text, pace=0.25), say("Hello?", at=3.8)))
    assert all(cue.end - cue.start >= SHORTEST for cue in cues)


def test_two_legs_may_speak_at_once():
    cues = build_cues(call(say("one two three"), say("four five six", leg="agent", at=0.5)))
    assert times(cues) == [(0.0, 1.2), (0.5, 1.7)]


def test_a_label_stands_in_front_of_every_cue():
    text = "one two three four five six seven eight nine ten " * 2
    cues = build_cues(call(say(text)), is_labelled=True)
    assert len(cues) > 1
    assert all(cue.lines[0].startswith("caller: ") for cue in cues)


def test_a_label_that_would_leave_no_room_is_shortened():
    cues = build_cues(call(say("Hello.", leg="x" * 100)), is_labelled=True)
    assert cues[0].lines == ("x" * (NAME_WIDTH - 1) + "…: Hello.",)
    assert cues[0].leg == "x" * 100


def test_a_word_as_wide_as_a_line_is_not_cut():
    assert build_cues(call(say("x" * LINE_WIDTH)))[0].lines == ("x" * LINE_WIDTH,)


def test_words_without_blanks_between_them_are_cut_too():
    words = tuple(Word("你好", i * 8000, (i + 1) * 8000, 0.9, is_joined=True) for i in range(30))
    cues = build_cues(call(Segment("caller", 1, 0, 30 * 8000, words)))
    assert "".join(line for cue in cues for line in cue.lines) == "你好" * 30
    assert all(measure(line) <= LINE_WIDTH for cue in cues for line in cue.lines)


def test_times_are_written_to_the_millisecond():
    assert format_time(0, point=",") == "00:00:00,000"
    assert format_time(3661 * SECOND + 15, point=".") == "01:01:01.000"
    assert format_time(3661 * SECOND + 16, point=".") == "01:01:01.001"
    assert format_time(100 * 3600 * SECOND, point=",") == "100:00:00,000"


@given(transcripts, st.booleans())
def test_whatever_is_said_cues_fit_and_never_overlap_within_a_leg(transcript, is_labelled):
    cues = build_cues(transcript, is_labelled=is_labelled)
    assert [cue.start for cue in cues] == sorted(cue.start for cue in cues)
    for cue in cues:
        assert 1 <= len(cue.lines) <= 2
        assert all(0 < measure(line) <= LINE_WIDTH for line in cue.lines)
        assert cue.start >= 0
        assert TICK <= cue.end - cue.start <= LONGEST
    for leg in transcript.speakers:
        own = [cue for cue in cues if cue.leg == leg]
        assert all(before.end <= behind.start for before, behind in pairwise(own))
        assert all(
            before.end - before.start >= SHORTEST or before.end == behind.start
            for before, behind in pairwise(own)
        )


@given(transcripts)
def test_whatever_is_said_is_on_screen_letter_for_letter(transcript):
    shown = " ".join(line for cue in build_cues(transcript) for line in cue.lines)
    assert letters(shown) == letters(said(transcript))


@given(
    st.lists(st.sampled_from(["no", "yes.", "maybe,", "thirty", "technician", "internationally"])),
    st.floats(0.05, 3),
)
def test_what_is_spoken_in_order_is_read_in_order(tokens, pace):
    segment = say(" ".join(tokens), pace=pace)
    assert " ".join(texts(build_cues(call(segment)))) == segment.text
