"""Times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from streamer.cli.moments import make_filter, show_moment
from streamer.core.moments import parse_moment
from streamer.errors import UsageError

NOW = datetime(2026, 11, 20, 13, 5, 38, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_a_time_ago_is_counted_from_now(text, ago):
    assert parse_moment(text, NOW, flag="--since") == NOW - ago


@pytest.mark.parametrize("text", ["2026-11-20", "2026-11-20 13:05", "2026-11-20T13:05:07"])
def test_a_time_without_offset_is_local(text):
    moment = parse_moment(text, NOW, flag="--since")
    assert show_moment(moment).startswith(text[:10])
    assert moment == datetime.fromisoformat(text).astimezone()


def test_a_time_with_offset_is_what_it_says():
    assert parse_moment("2026-11-20T13:05:00+02:00", NOW, flag="--since").hour == 11


def test_a_time_alone_is_today():
    moment = parse_moment("9:30", NOW, flag="--since").astimezone()
    assert (moment.date(), moment.hour, moment.minute) == (NOW.astimezone().date(), 9, 30)


@pytest.mark.parametrize("text", ["yesterday", "25:00", "2026-13-01", "h", "-5m", "999999w"])
def test_what_is_no_time_is_named_with_its_flag(text):
    with pytest.raises(UsageError, match="--until"):
        make_filter(None, text, None)
