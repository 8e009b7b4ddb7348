"""Moments in local time, as people read them; what a clock shows twice carries its offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from streamer.errors import UsageError

_AGO = re.compile(r"(\d{1,6})([smhdw])")
_CLOCK = re.compile(r"\d{1,2}:\d{2}")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def show_local(moment: datetime, form: str) -> str:
    """Return a moment in local time, in a form of `strftime`; in the hour that comes twice a year its offset from UTC follows."""
    local = moment.astimezone()
    offset = local.isoformat(timespec="minutes")[16:] if comes_twice(moment) else ""
    return f"{local:{form}}{offset}"


def comes_twice(moment: datetime) -> bool:
    """Say whether local clocks show this time twice, because they are set back."""
    shown = moment.astimezone().replace(tzinfo=None)
    first, second = (shown.replace(fold=fold).astimezone().utcoffset() for fold in (0, 1))
    return first != second


def may_come_twice(moment: datetime, span: timedelta = timedelta(hours=12)) -> bool:
    """Say whether a time within a span from a moment on comes twice."""
    step = timedelta(minutes=15)
    return any(comes_twice(moment + n * step) for n in range(span // step + 1))


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
