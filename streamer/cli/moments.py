"""Times and filters as users type and read them: local time, or how long ago."""

from __future__ import annotations

from datetime import UTC, datetime

from streamer.core.moments import parse_moment, show_local
from streamer.errors import UsageError
from streamer.store import Filter


def make_filter(since: str | None, until: str | None, channel: str | None) -> Filter:
    """Read the filter flags.

    Raises:
        UsageError: A moment cannot be read, or nothing lies between the two.
    """
    now = datetime.now(UTC)
    begin = parse_moment(since, now, flag="--since") if since else None
    end = parse_moment(until, now, flag="--until") if until else None
    if begin and end and begin >= end:
        raise UsageError(f"--since {since} is not before --until {until}; exchange them")
    return Filter(since=begin, until=end, channel=channel or "")


def show_moment(moment: datetime) -> str:
    """Return a moment in local time, to the second, as `parse_moment` reads it."""
    return show_local(moment, "%Y-%m-%d %H:%M:%S")
