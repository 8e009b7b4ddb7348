"""The parties of a spied call, which come as two calls, are one in the list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamer.calls.catalog import CallState, Entry
from streamer.calls.spied import group_spied, merge_spied
from streamer.core.audio import Leg
from streamer.store import CallRow, LegRow, Progress

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
SPY = {"via": "spy", "from": "100", "to": "200"}


def entry(number, label, facts=SPY, *, after_s=0, is_live=True, words="", duration=None):
    leg = LegRow(Leg(label, f"uuid-{number}"), Path(f"{label}.wav"), Progress())
    at = AT + timedelta(seconds=after_s)
    name = f"20261120-15000{number}-aaaa"
    call = CallRow(name, "audiosocket", at, None, None, duration, Path(name), (leg,), 1, words)
    state = CallState.LIVE if is_live else CallState.COMPLETE
    return Entry(call, state, facts=facts)


def group(*entries):
    return [[each.call.id[14] for each in group] for group in group_spied(entries)]


def test_two_parties_with_the_same_numbers_at_the_same_time_are_one_call():
    assert group(entry(2, "customer"), entry(1, "agent")) == [["2", "1"]]


def test_everything_else_stays_apart():
    assert group(entry(2, "agent"), entry(1, "agent")) == [["2"], ["1"]], "the same party"
    assert group(entry(2, "customer"), entry(1, "agent", after_s=99)) == [["2"], ["1"]]
    assert group(entry(2, "customer"), entry(1, "agent", is_live=False)) == [["2"], ["1"]]
    assert group(entry(2, "customer", {"via": "spy"}), entry(1, "agent", {"via": "spy"})) == [
        ["2"],
        ["1"],
    ], "nobody knows who called whom"
    ordinary = {"from": "100", "to": "200"}
    assert group(entry(2, "customer", ordinary), entry(1, "agent", ordinary)) == [["2"], ["1"]]


def test_the_one_call_has_both_legs_with_who_called_first_and_the_newest_words():
    agent = entry(1, "agent", words="Old.", duration=16_000)
    merged = merge_spied([agent, entry(2, "customer", words="New.", duration=32_000)])
    assert [row.leg.label for row in merged.call.legs] == ["customer", "agent"]
    assert (merged.call.id, merged.call.last_words) == (agent.call.id, "New.")
    assert (merged.call.duration, str(merged.sides)) == (32_000, "100 → 200")
    assert merge_spied([agent]) is agent
