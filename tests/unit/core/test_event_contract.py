"""What `--json` prints of recognised words is a contract."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from streamer.core.alert import Alert, Severity
from streamer.core.audio import Leg
from streamer.core.encoding import encode_event
from streamer.core.events import (
    Call,
    CallEnded,
    CallStarted,
    CallStats,
    EndReason,
    Final,
    Partial,
    Segment,
    Unclear,
    Word,
    join_words,
)

WORDS = (Word("i", 197_440, 198_560, 0.9812), Word("want", 198_560, 203_200, 0.5))


def test_a_partial_says_what_is_settled_and_what_is_not():
    event = Partial("c1", "caller", 7, 197_440, 238_400, WORDS[:1], WORDS[1:])
    assert encode_event(event) == {
        "event": "partial",
        "call": "c1",
        "leg": "caller",
        "utterance": 7,
        "start": 12.34,
        "end": 14.9,
        "committed": "i",
        "tentative": "want",
    }


def test_a_final_has_its_text_and_each_word_with_its_time():
    event = Final("c1", Segment("caller", 7, 197_440, 249_600, WORDS, "es"))
    assert encode_event(event) == {
        "event": "final",
        "call": "c1",
        "leg": "caller",
        "utterance": 7,
        "start": 12.34,
        "end": 15.6,
        "language": "es",
        "text": "i want",
        "words": [
            {"word": "i", "start": 12.34, "end": 12.41, "probability": 0.981},
            {"word": "want", "start": 12.41, "end": 12.7, "probability": 0.5},
        ],
    }


def test_speech_without_words_has_its_place_in_seconds():
    assert encode_event(Unclear("c1", "caller", 197_440, 238_400)) == {
        "event": "unclear",
        "call": "c1",
        "leg": "caller",
        "start": 12.34,
        "end": 14.9,
    }


def test_words_of_a_language_without_blanks_are_joined():
    words = [Word("你", 0, 1, 1.0), Word("好", 1, 2, 1.0, is_joined=True)]
    assert join_words(words) == "你好"
    assert join_words([]) == ""


@pytest.mark.parametrize(
    ("reason", "duration", "status", "by"),
    [
        (EndReason.HANG_UP, 2.5, "completed", "user"),
        (EndReason.HANG_UP, 0.0, "no_answer", "user"),
        (EndReason.STOPPED, 2.5, "completed", "assistant"),
        (EndReason.STOPPED, 0.0, "no_answer", "assistant"),
        (EndReason.LOST, 2.5, "failed", "system"),
        (EndReason.REFUSED, 0.0, "failed", "system"),
        (EndReason.INTERRUPTED, 2.5, "failed", "system"),
    ],
)
def test_an_end_says_how_the_call_went_and_who_ended_it(reason, duration, status, by):
    assert encode_event(CallEnded("c1", reason, duration)) == {
        "event": "call_ended",
        "call": "c1",
        "reason": reason.value,
        "duration": duration,
        "status": status,
        "disconnected_by": by,
    }


def test_an_alert_has_its_words_or_nothing_of_them():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    said = Alert("c1", "cancels", Severity.CRITICAL, at, "caller", 3, 0, 24_000, "cancel it")
    assert encode_event(said) == {
        "event": "alert",
        "call": "c1",
        "rule": "cancels",
        "severity": "critical",
        "leg": "caller",
        "utterance": 3,
        "start": 0.0,
        "end": 1.5,
        "text": "cancel it",
        "at": "2026-01-01T00:00:00.000Z",
    }
    not_said = encode_event(Alert("c1", "greets", Severity.INFO, at))
    assert [name for name, value in not_said.items() if value is None] == [
        "leg",
        "utterance",
        "start",
        "end",
        "text",
    ]


def test_the_talk_of_a_call_is_in_seconds():
    event = {"event": "call_stats", "call": "c1", "talk_duration": 12.346}
    assert encode_event(CallStats("c1", 12.34567)) == event


def test_a_leg_has_the_number_and_the_name_that_the_pbx_tells_and_no_empty_ones():
    legs = (Leg("caller", "P/1", number="100", name="Front desk"), Leg("callee", "P/2"))
    call = Call("c1", "yeastar", legs, datetime(2026, 1, 1, tzinfo=UTC))
    encoded = encode_event(CallStarted(call, Path("/c1"), (Path("/a"), Path("/b"))))
    assert (encoded["legs"][0]["number"], encoded["legs"][0]["name"]) == ("100", "Front desk")
    assert not {"number", "name"} & encoded["legs"][1].keys()
