"""Which calls the list shows, and in which order (pure): what needs attention first, a filter as it is typed, saved views."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from streamer.calls.catalog import CallState, Entry
from streamer.core.alert import Alert, Severity
from tui.state.leg_states import LegNow, LegState
from tui.state.list_details import CallDetails

_SILENT_S = 5.0
"""A leg without audio for so long needs attention: shorter pauses are a network's."""

_LATE_S = 5.0
"""Words that are so far behind need attention."""

_LEVELS = {Severity.INFO: 1, Severity.WARNING: 3, Severity.CRITICAL: 4}


@dataclass(frozen=True, slots=True)
class Shown:
    """One row of the list: a call, or both calls of a party that is listened to from outside."""

    entry: Entry
    details: CallDetails = CallDetails()
    talk: Mapping[str, float] = field(default_factory=dict)
    """Seconds that each leg has spoken, by label, of a live call."""
    alerts: Sequence[Alert] = ()
    """By time."""
    length_s: float | None = None
    call_ids: Mapping[str, str] = field(default_factory=dict)
    """By the labels of parties, where each is a call of its own."""

    @property
    def is_live(self) -> bool:
        """Say whether it is being recorded."""
        return self.entry.state is CallState.LIVE

    @property
    def alert(self) -> Alert | None:
        """Return the newest of the gravest alerts."""
        ranked = sorted(self.alerts, key=lambda alert: (_LEVELS[alert.severity], alert.at))
        return ranked[-1] if ranked else None


class Order(StrEnum):
    """What calls are sorted by, those that are live always before the others."""

    ATTENTION = "attention"
    NEWEST = "newest"
    LONGEST = "longest"
    BEHIND = "behind"
    TALK = "talk"
    WHO = "who"

    def next(self) -> Order:
        """Return the one after it, the first after the last."""
        orders = list(Order)
        return orders[(orders.index(self) + 1) % len(orders)]


def rate_attention(shown: Shown) -> int:
    """Return how much a live call needs somebody: 4 after a critical alert, 0 if all is well."""
    if not shown.is_live:
        return 0
    levels = [_LEVELS[alert.severity] for alert in shown.alerts]
    levels += [_rate_leg(leg) for leg in shown.details.live.legs]
    levels.append(2 if shown.entry.remark or shown.details.lacks_text else 0)
    return max(levels)


def _rate_leg(leg: LegNow) -> int:
    if leg.state is LegState.NO_AUDIO:
        return 2 if leg.since_s >= _SILENT_S else 0
    return 1 if leg.lag_s >= _LATE_S else 0


def arrange(rows: Iterable[Shown], order: Order) -> list[Shown]:
    """Return rows in their order, live ones first, equal ones newest first; by attention, past calls go by time alone."""
    newest_first = sorted(rows, key=lambda shown: shown.entry.call.id, reverse=True)
    return sorted(newest_first, key=lambda shown: (not shown.is_live, *_sort_key(shown, order)))


def _sort_key(shown: Shown, order: Order) -> tuple[float | str, ...]:
    match order:
        case Order.ATTENTION:
            return (-rate_attention(shown),)
        case Order.NEWEST:
            return ()
        case Order.LONGEST:
            return (-(shown.length_s or 0.0),)
        case Order.BEHIND:
            return (-shown.details.lag_s,)
        case Order.TALK:
            return (-sum(shown.talk.values()),)
        case Order.WHO:
            return (str(shown.entry.sides).casefold(),)


_TERM = re.compile(r'(!?)([a-z]+:)?("[^"]*"?|[^\s"]*)')


@dataclass(frozen=True, slots=True)
class Query:
    """What is typed into the filter: every word must be there, one with `!` must not.

    `who:100` looks into one column, and `alert:` is for rows that have something there.
    """

    wanted: tuple[tuple[str, str], ...] = ()
    """Column, empty for any, and text."""
    unwanted: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.wanted or self.unwanted)

    def matches(self, cells: Mapping[str, str]) -> bool:
        """Say whether a row is shown, by the text of its columns, casefolded."""
        return all(_is_in(term, cells) for term in self.wanted) and not any(
            _is_in(term, cells) for term in self.unwanted
        )


def parse_query(text: str, columns: Iterable[str]) -> Query:
    """Read what is typed; a word is cut into column and text only where there is such a column, and blanks stand in quotes."""
    known = set(columns)
    terms: dict[str, list[tuple[str, str]]] = {"": [], "!": []}
    for sign, column, said in _TERM.findall(text.casefold()):
        name = column.removesuffix(":")
        if name not in known:
            name, said = "", column + said
        if name or said.strip('"'):
            terms[sign].append((name, said.strip('"')))
    return Query(tuple(terms[""]), tuple(terms["!"]))


def _is_in(term: tuple[str, str], cells: Mapping[str, str]) -> bool:
    column, text = term
    if column:
        return text in cells[column] if text else bool(cells[column].strip())
    return any(text in cell for cell in cells.values())
