"""What is made of two readings of the same speech."""

from datetime import UTC, datetime

import pytest

from streamer.speech.base import EncoderWindow
from streamer.speech.check.findings import Reading, explain, judge, summarise

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)


def _judge(*, full=(2, 20.0), short=(2, 2.0), slots=2, pinned=None):
    readings = {
        window: Reading(errors, 200, work_s, 10, 50.0)
        for window, (errors, work_s) in (
            (EncoderWindow.FULL, full),
            (EncoderWindow.SHORT, short),
        )
    }
    return judge("small", readings, slots=slots, checked_at=AT, pinned=pinned)


@pytest.mark.parametrize(("errors", "window"), [(0, "short"), (4, "short"), (5, "full")])
def test_short_windows_may_cost_a_word_in_a_hundred(errors, window):
    assert _judge(short=(errors, 2.0)).encoder_window == window


def test_short_windows_that_are_no_faster_are_not_taken():
    findings = _judge(short=(2, 30.0))
    assert findings.encoder_window is EncoderWindow.FULL
    assert "no faster" in explain(findings)[0]


def test_calls_follow_from_the_work_of_a_window_and_the_windows_at_once():
    assert (_judge().calls, _judge(slots=8).calls) == (5, 20)
    assert _judge(short=(50, 2.0)).calls == 0  # in full windows, 2 s each
    assert _judge().real_time_factor == 0.04


def test_a_model_is_fit_if_it_is_right_and_carries_a_call():
    assert _judge().is_fit
    slow = _judge(full=(2, 90.0), short=(2, 40.0))
    assert (slow.calls, slow.is_fit, slow.is_right) == (0, False, True)
    wrong = _judge(full=(60, 20.0), short=(60, 2.0))
    assert (wrong.calls, wrong.is_fit, wrong.is_right) == (5, False, False)


def test_a_model_that_was_made_for_a_window_keeps_it():
    findings = _judge(short=(90, 2.0), pinned=EncoderWindow.SHORT)
    assert (findings.encoder_window, findings.wer) == (EncoderWindow.SHORT, 45.0)


def test_what_was_found_is_said_in_words():
    assert explain(_judge()) == [
        "small: in short windows 1 % of the words are wrong (+0.0 points against full ones), so live calls use short windows",
        "small: a second of speech takes 0.04 s of work; this machine carries about 5 calls at once, live",
        "small fits this machine",
    ]
    needs_full = explain(_judge(short=(80, 2.0)))
    assert "short ones cost 39.0 points more" in needs_full[0]
    assert "no call at once" in needs_full[1]
    assert "fall behind a live call" in needs_full[2]
    assert "too many words are wrong" in explain(_judge(full=(99, 9), short=(99, 1)))[2]


def test_one_line_is_enough_for_a_list():
    assert summarise(_judge()) == (
        "checked 2026-11-28: fits; 1 % of the words wrong in short windows, about 5 calls live"
    )
    assert "does not fit" in summarise(_judge(full=(99, 9), short=(99, 1)))
