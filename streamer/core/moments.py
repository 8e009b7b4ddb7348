"""Moments in local time, as people read them; what a clock shows twice carries its offset."""

from __future__ import annotations

from datetime import datetime, timedelta


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
