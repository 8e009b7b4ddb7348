"""A report says what is there, escapes what is hostile, and fits its place."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from streamer.calls.catalog import CallState, Entry
from streamer.calls.report import composing, html, txt
from streamer.calls.report.composing import Period, ReportedCall, compose
from streamer.calls.report.document import Chart, Table
from streamer.core.alert import Alert, Severity
from streamer.core.audio import AudioLoss, Leg
from streamer.core.events import SPEECH_RATE, EndReason
from streamer.exporters.lines import measure
from streamer.recording.quality import LegQuality
from streamer.store import CallRow, LegRow, Progress

NOON = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)
PERIOD = Period(NOON - timedelta(hours=12), None, NOON + timedelta(hours=12))
GOOD = LegQuality("caller", -20.0, 0.0, 0.1, 0.002, 0.0, 0.0, has_sound=True)
HOSTILE = (
    "<script>alert(1)</script>",
    "\x1b[31mred\x1b[0m\x9b",
    "a\u202egpj.exe\u2066",
    "\"' onload=x></svg><img src=x>",
    "{{ 7*7 }}{% raw %}",
    "&lt;b&gt;",
    "one\r\ntwo\u2028three",
    "漢字" * 90,
    "x" * 5000,
    "",
)


def make_call(number=1, *, name="Ann", state=CallState.COMPLETE, facts=None, at=NOON, **more):
    legs = (Leg("caller", "PJSIP/1", name=name), Leg("agent", "PJSIP/2"))
    progress = Progress(30 * SPEECH_RATE, 3, is_complete=state is CallState.COMPLETE)
    row = CallRow(
        id=f"20261120-1205{number:02}-ab12",
        source="test",
        started_at=at,
        ended_at=None,
        reason=None if state is CallState.LIVE else EndReason.HANG_UP,
        duration=65 * SPEECH_RATE,
        folder=Path("x"),
        legs=tuple(LegRow(leg, Path("x.wav"), progress) for leg in legs),
        segments=1,
        last_words="",
    )
    entry = Entry(row, state, more.pop("losses", {}), facts=facts or {})
    return ReportedCall(entry, 40.0, **more)


def make_alert(call, rule="refund", severity=Severity.WARNING, text="I want it back"):
    place = (None, None, None, None, None) if text is None else ("caller", 1, 0, 9, text)
    return Alert(call.entry.call.id, rule, severity, NOON, *place)


def find(report, title):
    return next(part for part in report.parts if part.title == title)


def test_calls_are_counted_by_hour_state_and_end():
    calls = [
        make_call(1),
        make_call(2, at=NOON + timedelta(hours=2)),
        make_call(3, state=CallState.LIVE),
    ]
    report = compose(calls, PERIOD)
    hours = find(report, "Calls by hour of the day")
    assert [bar.value for bar in hours.bars] == [2, 0, 1]
    assert hours.bars[0].label == f"{NOON.astimezone():%H}:00"
    states = find(report, "Calls by state of their transcript").bars
    assert [(bar.label, bar.value) for bar in states] == [("live", 1), ("complete", 2)]
    ends = find(report, "Calls by how they ended").bars
    assert [(bar.label, bar.value) for bar in ends] == [("hang-up", 2), ("not yet", 1)]
    assert dict(report.facts)["calls"] == "3"
    assert dict(report.facts)["talk time"] == "2:00"


def test_days_are_counted_where_there_are_several():
    calls = [make_call(n, at=NOON + timedelta(days=n)) for n in range(3)]
    assert [bar.value for bar in find(compose(calls, PERIOD), "Calls by day").bars] == [1, 1, 1]
    titles = [part.title for part in compose(calls[:2], PERIOD).parts]
    assert "Calls by day" not in titles


def test_agents_and_queues_are_summed_and_the_unknown_stand_last():
    calls = [
        make_call(1),
        make_call(2, facts={"agent": "Zoe"}),
        make_call(3, facts={"agent": "Zoe "}),
    ]
    report = compose(calls, PERIOD)
    assert find(report, "By agent").rows == (
        ("Zoe", "2", "2:10", "1:20", "0"),
        ("-", "1", "1:05", "0:40", "0"),
    )
    assert [row[:2] for row in find(report, "By queue").rows] == [("-", "3")]


def test_alerts_are_counted_by_rule_and_told_with_their_words_the_gravest_first():
    call = make_call()
    alerts = (
        make_alert(call),
        make_alert(call, "greeting", Severity.INFO, None),
        make_alert(call, "fraud", Severity.CRITICAL, "your password please"),
    )
    report = compose([replace(call, alerts=alerts)], PERIOD)
    assert find(report, "Alerts by rule").rows == (
        ("critical", "fraud", "1"),
        ("warning", "refund", "1"),
        ("info", "greeting", "1"),
    )
    told = find(report, "Alerts").rows
    assert [row[-2:] for row in told] == [
        ("0:00 caller", "your password please"),
        ("0:00 caller", "I want it back"),
        ("-", "(not said)"),
    ]
    assert [bar.value for bar in find(report, "Alerts by severity").bars] == [1, 1, 1]


@pytest.mark.parametrize(
    ("agent", "losses", "problem"),
    [
        ({"has_sound": False}, {}, "one way: no sound from agent"),
        ({"clipped": 0.02}, {}, "agent: 2.0% clipped"),
        ({"gap_s": 3.0}, {}, "agent: a gap of 3.0 s"),
        ({}, {"agent": AudioLoss(lost_s=2.5, length_s=60)}, "agent: 2.5 s missing"),
        ({}, {"agent": AudioLoss(missing_s=2.0, length_s=60)}, "agent: 2.0 s missing"),
        ({"gap_s": 3.0, "hold_s": 30.0}, {}, None),
        ({}, {"agent": AudioLoss(missing_s=0.5, length_s=60)}, None),
        ({"clipped": None, "has_sound": None}, {}, None),
    ],
)
def test_what_is_bad_about_a_recording_is_said(agent, losses, problem):
    qualities = {"caller": GOOD, "agent": replace(GOOD, leg="agent", **agent)}
    report = compose([make_call(losses=losses, qualities=qualities)], PERIOD)
    rows = find(report, "Quality problems").rows
    assert [row[-1] for row in rows] == ([problem] if problem else [])


def test_all_that_is_bad_about_a_call_stands_in_one_row():
    losses = {"caller": AudioLoss(lost_s=0.01)}
    qualities = {"caller": replace(GOOD, gap_s=2.0)}
    report = compose([make_call(losses=losses, qualities=qualities)], PERIOD)
    (row,) = find(report, "Quality problems").rows
    assert row[-1] == "caller: a gap of 2.0 s; caller: under 0.1 s missing"


def test_a_row_that_is_too_wide_has_its_words_on_lines_of_their_own():
    call = make_call(facts={"from": "+49301234"})
    report = compose([replace(call, alerts=(make_alert(call, text="back " * 20),))], PERIOD)
    lines = txt.render(report).splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("warning  refund  2026"))
    assert lines[first].endswith(f"{call.entry.call.id}  0:00")
    assert lines[first + 1 : first + 3] == ["    caller", "    " + "back " * 14 + "back"]
    assert lines[first + 3].startswith("    back back")


def test_a_call_without_any_sound_is_told():
    qualities = {label: replace(GOOD, leg=label, has_sound=False) for label in ("caller", "agent")}
    report = compose([make_call(qualities=qualities)], PERIOD)
    assert find(report, "Quality problems").rows[0][-1] == "no sound at all"


def test_unfinished_transcripts_and_missing_recordings_are_listed():
    calls = [
        make_call(1, state=CallState.UNFINISHED),
        make_call(2, state=CallState.MISSING, gone=("caller", "agent")),
        make_call(3, gone=("agent",)),
    ]
    report = compose(calls, PERIOD)
    (unfinished,) = find(report, "Unfinished transcripts").rows
    assert unfinished[2:] == ("20261120-120501-ab12", "to 0:30 of 1:05")
    gone = find(report, "Missing recordings").rows
    assert [row[-2:] for row in gone] == [("missing", "caller, agent"), ("complete", "agent")]
    assert dict(report.facts)["calls without recordings"] == "2"


def test_of_too_many_rows_their_number_is_said(monkeypatch):
    monkeypatch.setattr(composing, "MOST_ROWS", 2)
    calls = [make_call(n, state=CallState.UNFINISHED) for n in range(5)]
    report = compose(calls, PERIOD)
    assert len(find(report, "Unfinished transcripts").rows) == 2
    assert "and 3 more" in txt.render(report)
    assert "and 3 more" in html.render(report)


def hostile_report():
    calls = []
    for number, text in enumerate(HOSTILE):
        facts = {"agent": text, "queue": text, "from": text}
        call = make_call(number, name=text, facts=facts, state=CallState.UNFINISHED, gone=(text,))
        calls.append(replace(call, alerts=(make_alert(call, rule=text, text=text),)))
    return compose(calls, PERIOD)


def has_unsafe(document):
    kinds = {unicodedata.category(c) for c in document if c != "\n"}
    return bool(kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"})


def test_text_fits_80_columns_whatever_it_is_about():
    for report in (hostile_report(), compose([make_call()], PERIOD), compose([], PERIOD)):
        document = txt.render(report)
        assert max(map(measure, document.splitlines())) <= txt.WIDTH
        assert not has_unsafe(document)
        assert document.endswith("\n")
    assert "漢字" in txt.render(hostile_report()), "words without blanks are broken, not cut"


class Page(HTMLParser):
    """Notes the tags of a page, and that each is closed."""

    VOID = frozenset({"meta"})

    def __init__(self, document):
        super().__init__()
        self.tags = []
        self.attributes = []
        self.open = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_page_has_no_scripts_loads_nothing_and_escapes_what_is_hostile():
    harmless = Page(html.render(compose([make_call()], PERIOD)))
    document = html.render(hostile_report())
    page = Page(document)
    assert page.open == []
    assert not set(page.tags) & {"script", "img", "link", "iframe", "object", "b"}
    assert set(page.attributes) <= set(harmless.attributes)
    assert not any(name.startswith("on") or name in ("src", "href") for name in page.attributes)
    assert "{{ 7*7 }}" in document
    assert not has_unsafe(document)
    assert "url(" not in document
    assert "@import" not in document


def test_every_chart_of_a_page_has_its_numbers_as_text_and_both_themes_have_colours():
    call = make_call()
    report = compose([replace(call, alerts=(make_alert(call),))], PERIOD)
    document = html.render(report)
    charts = [part for part in report.parts if isinstance(part, Chart)]
    assert document.count('<svg viewBox="0 0 640') == document.count('role="img"') == len(charts)
    assert "critical: 0; warning: 1; info: 0</desc>" in document
    assert "prefers-color-scheme: dark" in document
    tables = [part for part in report.parts if isinstance(part, Table) and part.rows]
    assert document.count("<table>") == len(tables)


def test_a_report_of_no_calls_says_so():
    report = compose([], PERIOD)
    assert dict(report.facts)["calls"] == "0"
    for render in (txt.render, html.render):
        assert "No rule has fired." in render(report)
