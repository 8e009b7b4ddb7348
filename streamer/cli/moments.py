"""Times and filters as users type and read them: local time, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from streamer.core.moments import show_local
from streamer.errors import UsageError
from streamer.store import Filter

_AGO = re.compile(r"(\d{1,6})([smhdw])")
_CLOCK = re.compile(r"\d{1,2}:\d{2}")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def make_filter(since: str | None, until: str | None, channel: str | None) -> Filter:
    """Read the filter flags.

    Raises:
        UsageError: A moment cannot be read.
    """
    now = datetime.now(UTC)
    return Filter(
        since=parse_moment(since, now, flag="--since") if since else None,
        until=parse_moment(until, now, flag="--until") if until else None,
        channel=channel or "",
    )


def parse_moment(text: str, now: datetime, *, flag: str) -> datetime:
    """Read a local time, ISO 8601 with or without its date, or a time ago such as 30m, 2h, 7d.

    Raises:
        UsageError: It is neither of these.
    """
    text = text.strip()
    try:
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        if _CLOCK.fullmatch(text):
            text = f"{now.astimezone():%Y-%m-%d} {text.zfill(5)}"
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{flag} must be a local time, as 2026-11-20, '2026-11-20 13:05' or 13:05, or how long ago, as 2h; not {text!r}"
        ) from error


def show_moment(moment: datetime) -> str:
    """Return a moment in local time, to the second, as `parse_moment` reads it."""
    return show_local(moment, "%Y-%m-%d %H:%M:%S")
