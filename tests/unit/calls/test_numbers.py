"""The numbers of a call, worked out by hand."""

import pytest

from streamer.calls.numbers import measure_call
from streamer.core.events import SPEECH_RATE, Segment, Word


def say(leg, start_s, end_s, words=2):
    start, end = round(start_s * SPEECH_RATE), round(end_s * SPEECH_RATE)
    return Segment(leg, 1, start, end, (Word("w", start, end, 1.0),) * words)


CALL = [
    say("caller", 1, 5, words=10),
    say("agent", 6, 8, words=4),
    say("agent", 9, 12, words=6),
    say("caller", 11, 14, words=5),
    say("agent", 14.5, 15, words=1),
]


def test_a_call():
    numbers = measure_call(CALL, ("caller", "agent"), duration_s=20)
    assert (numbers.talk_s, numbers.silence_s) == (11.5, 8.5)
    assert (numbers.longest_silence_s, numbers.overlap_s, numbers.overlaps) == (5, 1, 1)
    caller, agent = numbers.legs
    assert (caller.talk_s, caller.share, caller.longest_s, caller.words) == (7, 7 / 12.5, 4, 15)
    assert caller.words_a_minute == pytest.approx(15 * 60 / 7)
    assert (caller.interruptions, caller.response_s) == (1, None)
    assert (agent.talk_s, agent.longest_s, agent.interruptions) == (5.5, 5, 0)
    assert agent.response_s == pytest.approx(0.75)


def test_a_short_overlap_is_a_change_of_turns():
    numbers = measure_call([say("a", 0, 5), say("b", 4.6, 7)], ("a", "b"), duration_s=None)
    assert [leg.interruptions for leg in numbers.legs] == [0, 0]
    assert numbers.overlaps == 1
    assert (numbers.duration_s, numbers.silence_s, numbers.longest_silence_s) == (None,) * 3


def test_who_goes_on_after_being_interrupted_interrupts_nobody():
    said = [say("a", 0, 5), say("b", 2, 9), say("a", 5, 7)]
    numbers = measure_call(said, ("a", "b"), duration_s=10)
    assert [leg.interruptions for leg in numbers.legs] == [1, 1]


def test_a_call_on_which_nothing_was_said_has_nothing_to_measure():
    numbers = measure_call([], ("caller",), duration_s=4)
    assert (numbers.talk_s, numbers.silence_s, numbers.longest_silence_s) == (0, 4, 4)
    (leg,) = numbers.legs
    assert (leg.share, leg.words_a_minute, leg.response_s) == (None, None, None)
