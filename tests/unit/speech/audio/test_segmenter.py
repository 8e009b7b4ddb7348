"""Utterances begin and end by the thresholds of the state machine; nothing said is left out or read twice."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from streamer.speech.audio.segmenter import (
    END_SILENCE,
    LONGEST,
    POST_ROLL,
    PRE_ROLL,
    Change,
    Closed,
    Opened,
    Segmenter,
)
from streamer.speech.base import FRAME

FRAMES_A_SECOND = 16_000 / FRAME


def feed(segmenter: Segmenter, *parts: tuple[float, float]) -> list[Change]:
    """Feed parts of (probability, seconds)."""
    changes: list[Change] = []
    for probability, seconds in parts:
        for _ in range(round(seconds * FRAMES_A_SECOND)):
            changes += segmenter.feed(probability)
    return changes


def test_one_frame_of_speech_opens_nothing():
    segmenter = Segmenter()
    assert feed(segmenter, (0.0, 1.0), (0.9, 0.032), (0.0, 1.0)) == []
    assert segmenter.open_utterance is None


def test_two_frames_of_speech_open_an_utterance_with_its_pre_roll():
    segmenter = Segmenter()
    changes = feed(segmenter, (0.0, 1.024), (0.9, 0.064))
    assert changes == [Opened(1, 32 * FRAME - PRE_ROLL)]
    assert segmenter.open_utterance == changes[0]


def test_the_pre_roll_never_reaches_before_the_recording():
    assert feed(Segmenter(), (0.9, 0.064)) == [Opened(1, 0)]


def test_the_pre_roll_never_reaches_into_the_utterance_before():
    segmenter = Segmenter()
    changes = feed(segmenter, (0.9, 1.024), (0.1, 0.64), (0.9, 0.064))
    first_end = 32 * FRAME + POST_ROLL
    assert changes[1] == Closed(1, 0, first_end)
    assert changes[2] == Opened(2, max(first_end, 52 * FRAME - PRE_ROLL))


def test_an_utterance_ends_after_600_ms_of_silence_and_keeps_its_post_roll():
    segmenter = Segmenter()
    feed(segmenter, (0.9, 1.024))
    silent_frames = -(-END_SILENCE // FRAME)
    assert feed(segmenter, (0.1, (silent_frames - 1) / FRAMES_A_SECOND)) == []
    assert segmenter.feed(0.1) == [Closed(1, 0, 32 * FRAME + POST_ROLL)]


def test_a_pause_shorter_than_600_ms_does_not_end_an_utterance():
    segmenter = Segmenter()
    changes = feed(segmenter, (0.9, 0.5), (0.1, 0.55), (0.9, 0.5), (0.1, 0.55), (0.9, 0.5))
    assert changes == [Opened(1, 0)]


def test_a_probability_between_the_thresholds_neither_starts_nor_ends_anything():
    segmenter = Segmenter()
    assert feed(segmenter, (0.45, 2.0)) == []
    feed(segmenter, (0.9, 0.5))
    assert feed(segmenter, (0.4, 5.0)) == []
    assert segmenter.open_utterance is not None


def test_a_probability_between_the_thresholds_does_not_stop_an_ending():
    segmenter = Segmenter()
    feed(segmenter, (0.9, 0.512), (0.1, 0.032))
    assert feed(segmenter, (0.4, 0.6)) == [Closed(1, 0, 16 * FRAME + POST_ROLL)]


def test_an_utterance_that_is_too_long_is_cut_at_its_quietest_frame():
    segmenter = Segmenter()
    changes = feed(segmenter, (0.9, 12.0), (0.6, 0.032), (0.9, 1.968))
    cut = 375 * FRAME + FRAME // 2
    assert changes == [Opened(1, 0), Closed(1, 0, cut, is_cut=True), Opened(2, cut)]


def test_an_utterance_that_has_become_long_ends_at_the_first_short_pause():
    segmenter = Segmenter()
    changes = feed(segmenter, (0.9, 9.6), (0.1, 0.16), (0.9, 1.6), (0.1, 0.192), (0.9, 1.0))
    end = round(11.36 * FRAMES_A_SECOND) * FRAME + round(0.192 * 16_000)
    assert changes == [Opened(1, 0), Closed(1, 0, end), Opened(2, end)]


def test_a_cut_never_lies_before_what_is_settled():
    segmenter = Segmenter()
    feed(segmenter, (0.9, 11.2), (0.6, 0.032))
    segmenter.settled_until = 12 * 16_000 + 100
    closed, opened = feed(segmenter, (0.9, 1.6), (0.7, 0.032), (0.9, 1.136))
    cut = 401 * FRAME + FRAME // 2
    assert (closed, opened) == (Closed(1, 0, cut, is_cut=True), Opened(2, cut))


def test_an_utterance_that_is_settled_to_its_end_is_cut_there():
    segmenter = Segmenter()
    feed(segmenter, (0.9, 13.984))
    segmenter.settled_until = 15 * 16_000
    closed, _ = segmenter.feed(0.9)
    assert closed == Closed(1, 0, 438 * FRAME, is_cut=True)


def test_the_cut_is_looked_for_only_in_the_last_four_seconds():
    segmenter = Segmenter()
    changes = feed(segmenter, (0.9, 5.0), (0.4, 0.032), (0.9, 9.0))
    closed = changes[1]
    assert isinstance(closed, Closed)
    assert closed.end >= LONGEST - 4 * 16_000


def test_an_utterance_that_is_too_long_and_already_silent_just_ends():
    segmenter = Segmenter()
    changes = feed(segmenter, (0.9, 13.888), (0.1, 1.0))
    assert changes == [Opened(1, 0), Closed(1, 0, 438 * FRAME)]


def test_a_model_that_reads_less_gets_shorter_utterances():
    segmenter = Segmenter(longest=3 * 16_000)
    changes = feed(segmenter, (0.9, 10.0))
    ended = [change for change in changes if isinstance(change, Closed)]
    assert len(ended) >= 3
    assert all(change.end - change.start <= 3 * 16_000 + FRAME for change in ended)


def test_the_end_of_the_call_ends_the_utterance_with_all_that_was_said():
    segmenter = Segmenter()
    feed(segmenter, (0.9, 0.512))
    assert segmenter.end_of_stream() == [Closed(1, 0, 16 * FRAME)]
    assert segmenter.end_of_stream() == []


def test_the_end_of_the_call_ends_an_utterance_that_was_ending():
    segmenter = Segmenter()
    feed(segmenter, (0.9, 0.512), (0.1, 0.448))
    assert segmenter.end_of_stream() == [Closed(1, 0, 16 * FRAME + POST_ROLL)]


def test_a_stall_ends_the_utterance_and_what_comes_later_is_a_new_one():
    segmenter = Segmenter()
    feed(segmenter, (0.9, 0.512))
    assert segmenter.stalled() == [Closed(1, 0, 16 * FRAME)]
    assert feed(segmenter, (0.9, 0.064)) == [Opened(2, 16 * FRAME)]


def test_a_stall_in_the_first_frame_of_speech_forgets_it():
    segmenter = Segmenter()
    feed(segmenter, (0.9, 0.032))
    assert segmenter.stalled() == []
    assert segmenter.feed(0.9) == []


def test_a_resumed_leg_goes_on_with_its_numbers_and_positions():
    segmenter = Segmenter(first_number=8, position=160_000)
    assert feed(segmenter, (0.9, 0.064)) == [Opened(8, 160_000)]
    assert segmenter.position == 160_000 + 2 * FRAME


@given(st.lists(st.floats(0, 1), max_size=1500), st.sampled_from([LONGEST, 48_000, 20_000]))
def test_utterances_are_numbered_in_order_and_never_overlap(
    probabilities: list[float], longest: int
):
    segmenter = Segmenter(longest=longest)
    changes = [change for p in probabilities for change in segmenter.feed(p)]
    changes += segmenter.end_of_stream()
    assert [type(change) for change in changes] == [Opened, Closed] * (len(changes) // 2)
    end = 0
    for number, (opened, closed) in enumerate(
        zip(changes[::2], changes[1::2], strict=True), start=1
    ):
        assert isinstance(closed, Closed)
        assert (opened.number, closed.number) == (number, number)
        assert opened.start == closed.start
        assert end <= closed.start < closed.end <= segmenter.position
        assert closed.end - closed.start < longest + FRAME
        end = closed.end


@pytest.mark.parametrize("probability", [0.0, 0.34, 1.0])
def test_every_frame_of_speech_lies_in_an_utterance(probability: float):
    segmenter = Segmenter()
    changes = feed(segmenter, (0.0, 0.5), (1.0, 20.0), (probability, 0.3), (1.0, 3.0), (0.0, 1.0))
    ended = [change for change in changes if isinstance(change, Closed)]
    assert ended[0].start <= round(0.5 * FRAMES_A_SECOND) * FRAME
    assert all(before.end == after.start for before, after in zip(ended, ended[1:], strict=False))


def test_it_says_where_an_open_utterance_fell_silent():
    segmenter = Segmenter()
    starts = []
    for probability in [*[1.0] * 10, 0.0, 0.0, 1.0]:
        segmenter.feed(probability)
        starts.append(segmenter.pause_start)
    assert starts[9:] == [None, 10 * FRAME, 10 * FRAME, None]
    segmenter.feed(0.0)
    segmenter.stalled()
    assert segmenter.pause_start is None
