"""A simulated call tells what a captured one told, event by event."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from streamer.simulator.ari.pbx import SimulatedPbx, show_moment
from tests.unit.wire.ari.traces import list_events

_NOT_SIMULATED = {"ChannelVarset", "ContactStatusChange", "DeviceStateChanged"}
_DIFFERENT = ("timestamp", "creationtime", "protocol_id", "asterisk_id", "application")
"""What is another one in each call, or is added by the socket."""


def _name_again(value: Any, names: dict[str, str]) -> Any:
    """Return a value with ids and names numbered in the order in which they come."""
    if isinstance(value, dict):
        return {
            name: names.setdefault(one, f"{len(names)}")
            if name in ("id",) or (name == "name" and str(one).startswith("PJSIP/"))
            else _name_again(one, names)
            for name, one in sorted(value.items())
            if name not in _DIFFERENT
        }
    if isinstance(value, list):
        return [names.get(one, one) if isinstance(one, str) else one for one in value]
    return value


def _is_of_the_call(event: dict[str, Any]) -> bool:
    about = event.get("channel") or event.get("peer")
    is_party = about is None or about["name"].startswith("PJSIP/")
    is_bridge = "bridge" not in event or event["bridge"]["bridge_class"] == "basic"
    return event["type"] not in _NOT_SIMULATED and is_party and is_bridge


def test_a_simulated_call_is_told_as_the_captured_one_was():
    told: list[dict[str, Any]] = []
    pbx = SimulatedPbx(lambda: datetime(2026, 11, 28, tzinfo=UTC), told.append)
    call = pbx.start_call()
    call.answer()
    call.hang_up()
    captured = [e for e in map(json.loads, list_events("ari_sip_tap")) if _is_of_the_call(e)]
    ours, theirs = dict[str, str](), dict[str, str]()
    assert [_name_again(event, ours) for event in told] == [
        _name_again(event, theirs) for event in captured
    ]


def test_nothing_of_a_call_is_left_and_a_second_end_is_none():
    told: list[dict[str, Any]] = []
    pbx = SimulatedPbx(lambda: datetime(2026, 11, 28, tzinfo=UTC), told.append)
    ringing, answered = pbx.start_call(), pbx.start_call("102", "103")
    answered.answer()
    answered.hold()
    answered.unhold()
    for call in (ringing, answered, answered):
        call.hang_up()
    assert (pbx.channels, pbx.bridges, pbx.variables) == ({}, {}, {})
    assert [event["type"] for event in told].count("ChannelDestroyed") == 4


def test_a_moment_is_written_as_ari_does():
    moment = datetime(2026, 11, 28, 7, 28, 50, 622_400, UTC)
    assert show_moment(moment) == "2026-11-28T07:28:50.622+0000"
