"""What needs attention stands first, and a filter finds and leaves out what is typed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streamer.calls.catalog import CallState, Entry
from streamer.core.alert import Alert, Severity
from streamer.core.audio import Leg
from streamer.store import CallRow, LegRow, Progress
from tui.layout.board import FILTERED, describe, make_searchable
from tui.state.arrangement import Order, Shown, arrange, parse_query, rate_attention
from tui.state.leg_states import LegNow, LegState, LiveCall
from tui.state.list_details import CallDetails

NOW = datetime(2026, 11, 20, 15, 4, 5, tzinfo=UTC)


def show(number, *, is_live=True, legs=(), lag_s=0.0, alerts=(), length_s=10.0, caller="100"):
    call_id = f"20261120-15000{number}-aaaa"
    leg = Leg("caller", "f425f017-bfb6-411b-b8a5-cdda01827e39", number=caller)
    rows = (LegRow(leg, Path("x.wav"), Progress()),)
    call = CallRow(call_id, "s", NOW, None, None, None, Path("x"), rows, 1, "My account number")
    state = CallState.LIVE if is_live else CallState.COMPLETE
    fired = tuple(Alert(call_id, f"rule {each}", each, NOW) for each in alerts)
    details = CallDetails(is_live=is_live, lag_s=lag_s, live=LiveCall(tuple(legs)))
    return Shown(Entry(call, state), details, {"caller": length_s / 2}, fired, length_s)


def numbers(rows):
    return [int(shown.entry.call.id[14]) for shown in rows]


SILENT = LegNow("caller", LegState.NO_AUDIO, since_s=6.0)


def test_by_attention_alerts_stand_before_silence_before_late_words_and_past_calls_last():
    late = LegNow("caller", LegState.BEHIND, lag_s=9.0)
    rows = [
        show(1),
        show(2, legs=[late]),
        show(3, legs=[SILENT]),
        show(4, alerts=[Severity.WARNING]),
        show(5, alerts=[Severity.INFO, Severity.CRITICAL]),
        show(6, is_live=False, alerts=[Severity.CRITICAL]),
        show(7),
    ]
    assert numbers(arrange(rows, Order.ATTENTION)) == [5, 4, 3, 2, 7, 1, 6]


def test_a_short_silence_is_no_reason_to_move():
    assert rate_attention(show(1, legs=[LegNow("caller", LegState.NO_AUDIO, since_s=3.0)])) == 0
    assert rate_attention(show(1, legs=[SILENT])) == 2


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.NEWEST, [3, 2, 1]),
        (Order.LONGEST, [2, 3, 1]),
        (Order.BEHIND, [1, 3, 2]),
        (Order.TALK, [2, 3, 1]),
        (Order.WHO, [1, 2, 3]),
    ],
)
def test_every_other_order_sorts_live_calls_by_one_thing(order, expected):
    rows = [
        show(1, lag_s=4.0, length_s=1.0, caller="100"),
        show(2, length_s=9.0, caller="200"),
        show(3, lag_s=1.0, length_s=5.0, caller="300"),
    ]
    assert numbers(arrange(rows, order)) == expected


def test_the_orders_go_round():
    order = Order.ATTENTION
    for _ in Order:
        order = order.next()
    assert order is Order.ATTENTION


@pytest.mark.parametrize(
    ("typed", "is_shown"),
    [
        ("", True),
        ("100", True),
        ("account", True),
        ("ACCOUNT 100", True),
        ("account nobody", False),
        ("!nobody", True),
        ("!account", False),
        ("100 !account", False),
        ("!", True),
        ('"account number"', True),
        ('"number account"', False),
        ('!"account number"', False),
        ("from:100", True),
        ("from:account", False),
        ("words:account", True),
        ("to:100", False),
        ("state:live", True),
        ("!state:live", False),
        ("legs:", True),
        ('legs:"no audio"', True),
        ("legs:speaking", False),
        ("alert:", True),
        ("alert:critical", False),
        ("!alert:warning", False),
        ("keys:", False),
        ("!keys:", True),
        ("id:20261120-150001", True),
        ("sip:100", False),
        ('"account', True),
    ],
)
def test_a_filter_looks_for_every_word_and_leaves_out_those_with_an_exclamation_mark(
    typed, is_shown
):
    shown = show(1, legs=[SILENT], alerts=[Severity.WARNING])
    cells = make_searchable(shown, describe(shown, NOW, 80))
    query = parse_query(typed, FILTERED)
    assert (not query or query.matches(cells)) is is_shown


def test_the_gravest_alert_is_shown_and_of_those_the_newest():
    call = show(1)
    fired = [
        Alert("c", name, severity, NOW + timedelta(seconds=s))
        for s, (name, severity) in enumerate(
            [("old", Severity.CRITICAL), ("new", Severity.CRITICAL), ("last", Severity.INFO)]
        )
    ]
    shown = Shown(call.entry, alerts=fired)
    assert shown.alert is fired[1]
