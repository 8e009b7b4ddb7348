"""Local times as people read them; the hour that comes twice is told apart."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from streamer.cli.moments import show_moment
from streamer.core.events import SPEECH_RATE
from streamer.core.moments import comes_twice, may_come_twice, parse_moment
from tui.layout.formatting import show_beginning, show_position

FIRST = datetime(2026, 10, 25, 0, 30, 5, tzinfo=UTC)
"""Half past two in Berlin, which comes again an hour later."""

SECOND = FIRST + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_an_hour_that_comes_twice_carries_its_offset():
    assert show_moment(FIRST) == "2026-10-25 02:30:05+02:00"
    assert show_moment(SECOND) == "2026-10-25 02:30:05+01:00"


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (FIRST - timedelta(hours=1), "2026-10-25 01:30:05"),
        (SECOND + timedelta(hours=1), "2026-10-25 03:30:05"),
        (datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), "2026-03-29 01:59:59"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "2026-03-29 03:00:00"),
    ],
)
def test_other_times_carry_none(moment, shown):
    assert show_moment(moment) == shown


@pytest.mark.parametrize("moment", [FIRST, SECOND, SECOND + timedelta(hours=1)])
def test_what_is_shown_is_read_as_the_same_moment(moment):
    assert parse_moment(show_moment(moment), FIRST, flag="--since") == moment


def test_lists_and_positions_tell_the_hours_apart_too():
    assert show_beginning(FIRST, SECOND) == "02:30:05+02:00"
    assert show_beginning(FIRST, SECOND + timedelta(days=2)) == "25 Oct 02:30+02:00"
    hour = 3600 * SPEECH_RATE
    assert show_position(0, FIRST) == "02:30:05+02:00"
    assert show_position(hour, FIRST) == "02:30:05+01:00"
    assert show_position(2 * hour, FIRST) == "03:30:05"


def test_a_call_that_may_reach_that_hour_is_known_before():
    assert not comes_twice(FIRST - timedelta(hours=3))
    assert may_come_twice(FIRST - timedelta(hours=3))
    assert not may_come_twice(SECOND + timedelta(hours=1))
