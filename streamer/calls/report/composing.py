"""From calls to their report (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from streamer.calls.catalog import CallState, Entry
from streamer.calls.report.document import Chart, Report, Table, make_chart, make_table
from streamer.calls.report.problems import list_problems
from streamer.core.alert import Alert, Severity
from streamer.core.events import SPEECH_RATE
from streamer.core.moments import show_local
from streamer.core.transcript import format_position
from streamer.core.untrusted import one_line
from streamer.recording.quality import LegQuality

MOST_ROWS = 500
"""Rows of a table; of more, their number is said."""

_ABSENT = "-"
_MANY_DAYS = 2
_CLOCK = "%Y-%m-%d %H:%M"
_GRAVEST_FIRST = tuple(reversed(Severity))


@dataclass(frozen=True, slots=True)
class ReportedCall:
    """A call with all that a report says of it."""

    entry: Entry
    talk_s: float
    """How long somebody was speaking."""
    alerts: tuple[Alert, ...] = ()
    qualities: Mapping[str, LegQuality] = field(default_factory=dict)
    """How well each leg was recorded, by label; nothing of a call that is live, or whose recordings are gone."""
    gone: tuple[str, ...] = ()
    """Labels of the legs that were transcribed and whose recordings are not there any more."""

    @property
    def duration_s(self) -> float:
        """Return how long it was; 0 as long as nobody knows."""
        return self.entry.call.duration_s or 0.0

    @property
    def head(self) -> tuple[str, str, str]:
        """Return when it began, who called whom, and its id."""
        call = self.entry.call
        return show_local(call.started_at, _CLOCK), str(self.entry.sides), call.id


@dataclass(frozen=True, slots=True)
class Period:
    """The time of a report: calls that began from `since` on and before `until`; None where it is open."""

    since: datetime | None
    until: datetime | None
    made_at: datetime


def compose(calls: Sequence[ReportedCall], period: Period) -> Report:
    """Return the report of calls, whatever their order."""
    ordered = sorted(calls, key=lambda each: each.entry.call.id)
    parts = (*_list_counts(ordered), *_list_groups(ordered), *_list_alerts(ordered))
    return Report(_name(period), tuple(_list_facts(ordered)), (*parts, *_list_troubles(ordered)))


def _name(period: Period) -> str:
    since = f"from {show_local(period.since, _CLOCK)} " if period.since else ""
    return f"Calls {since}to {show_local(period.until or period.made_at, _CLOCK)}"


def _list_facts(calls: Sequence[ReportedCall]) -> Iterator[tuple[str, str]]:
    yield "calls", str(len(calls))
    yield "total length", format_position(sum(each.duration_s for each in calls))
    yield "talk time", format_position(sum(each.talk_s for each in calls))
    yield "alerts", str(sum(len(each.alerts) for each in calls))
    yield "calls with quality problems", str(sum(any(_find_problems(each)) for each in calls))
    yield "unfinished transcripts", str(len(_list_unfinished(calls)))
    yield "calls without recordings", str(len(_list_gone(calls)))


def _list_counts(calls: Sequence[ReportedCall]) -> Iterator[Chart | Table]:
    if not calls:
        return
    days = Counter(show_local(each.entry.call.started_at, "%Y-%m-%d") for each in calls)
    if len(days) > _MANY_DAYS:
        yield make_chart("Calls by day", sorted(days.items()))
    hours = Counter(each.entry.call.started_at.astimezone().hour for each in calls)
    by_hour = ((f"{hour:02}:00", hours[hour]) for hour in range(min(hours), max(hours) + 1))
    yield make_chart("Calls by hour of the day", by_hour)
    states = Counter(each.entry.state for each in calls)
    by_state = ((state.value, states[state]) for state in CallState if states[state])
    yield make_chart("Calls by state of their transcript", by_state)
    ends = Counter(_say_end(each.entry) for each in calls)
    yield make_chart("Calls by how they ended", ends.most_common())


def _say_end(entry: Entry) -> str:
    if entry.state is CallState.LIVE:
        return "not yet"
    return entry.call.reason.value if entry.call.reason else _ABSENT


def _list_groups(calls: Sequence[ReportedCall]) -> Iterator[Table]:
    for fact in ("agent", "queue"):
        groups: dict[str, list[ReportedCall]] = {}
        for each in calls:
            groups.setdefault(one_line(each.entry.facts.get(fact, "")), []).append(each)
        rows = [_sum_group(name, groups[name]) for name in sorted(groups, key=_known_first)]
        heads = f"{fact},#calls,#length,#talk,#alerts"
        yield make_table(f"By {fact}", heads, rows, none="No calls.", most=MOST_ROWS)


def _known_first(name: str) -> tuple[bool, str]:
    return not name, name


def _sum_group(name: str, calls: Sequence[ReportedCall]) -> tuple[str, ...]:
    return (
        name,
        str(len(calls)),
        format_position(sum(each.duration_s for each in calls)),
        format_position(sum(each.talk_s for each in calls)),
        str(sum(len(each.alerts) for each in calls)),
    )


def _list_alerts(calls: Sequence[ReportedCall]) -> Iterator[Chart | Table]:
    alerts = [alert for each in calls for alert in each.alerts]
    if alerts:
        severities = Counter(alert.severity for alert in alerts)
        by_severity = [(each.value, severities[each]) for each in _GRAVEST_FIRST]
        yield make_chart("Alerts by severity", by_severity)
        counts = Counter((alert.severity, alert.rule) for alert in alerts)
        rules = sorted(counts.items(), key=lambda each: (-_rank(each[0][0]), -each[1], each[0][1]))
        rows = [(severity.value, rule, str(count)) for (severity, rule), count in rules]
        heads = "severity,rule,#alerts"
        yield make_table("Alerts by rule", heads, rows, none="No alerts.", most=MOST_ROWS)
    told = [(each, alert) for each in calls for alert in each.alerts]
    told.sort(key=lambda pair: (-_rank(pair[1].severity), pair[1].at))
    heads = "severity,rule,call began,who,call,place,words"
    lines = [_tell_alert(each, alert) for each, alert in told]
    yield make_table("Alerts", heads, lines, none="No rule has fired.", most=MOST_ROWS)


def _rank(severity: Severity) -> int:
    return list(Severity).index(severity)


def _tell_alert(call: ReportedCall, alert: Alert) -> tuple[str, ...]:
    place = (
        _ABSENT
        if alert.start is None
        else f"{format_position(alert.start / SPEECH_RATE)} {alert.leg}"
    )
    said = "(not said)" if alert.start is None else alert.text or ""
    return (alert.severity.value, alert.rule, *call.head, place, said)


def _list_troubles(calls: Sequence[ReportedCall]) -> Iterator[Table]:
    problems = [
        (*each.head, "; ".join(found)) for each in calls if (found := list(_find_problems(each)))
    ]
    gone = [
        (*each.head, each.entry.state.value, ", ".join(each.gone)) for each in _list_gone(calls)
    ]
    unfinished = [(*each.head, _say_progress(each)) for each in _list_unfinished(calls)]
    yield _list_calls("Quality problems", "problems", problems, "None was found.")
    yield _list_calls("Unfinished transcripts", "words", unfinished, "All are complete.")
    yield _list_calls("Missing recordings", "state,legs", gone, "All are there.")


def _find_problems(call: ReportedCall) -> Iterator[str]:
    return list_problems(call.qualities, call.entry.losses)


def _list_calls(title: str, heads: str, rows: Sequence[Sequence[str]], none: str) -> Table:
    return make_table(title, f"call began,who,call,{heads}", rows, none=none, most=MOST_ROWS)


def _list_unfinished(calls: Sequence[ReportedCall]) -> list[ReportedCall]:
    return _choose(calls, lambda each: each.entry.state is CallState.UNFINISHED)


def _list_gone(calls: Sequence[ReportedCall]) -> list[ReportedCall]:
    return _choose(calls, lambda each: bool(each.gone) or each.entry.state is CallState.MISSING)


def _choose(
    calls: Sequence[ReportedCall], is_meant: Callable[[ReportedCall], bool]
) -> list[ReportedCall]:
    return [each for each in calls if is_meant(each)]


def _say_progress(call: ReportedCall) -> str:
    """Say how far the words of an unfinished call are, by the leg that lags most."""
    reached = [
        row.progress.position / SPEECH_RATE
        for row in call.entry.call.legs
        if not row.progress.is_complete
    ]
    return f"to {format_position(min(reached, default=0.0))} of {format_position(call.duration_s)}"
