"""Transfers, conferences and queues are told as the captured ones were."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from streamer.simulator.ari.pbx import SimulatedPbx
from streamer.simulator.ari.rooms import SimulatedQueue, SimulatedRoom
from streamer.simulator.ari.scenarios import SCENARIOS, Stage
from streamer.simulator.ari.transfers import transfer_attended, transfer_blindly
from streamer.wire.ari.events import UserEvent, parse_event
from tests.unit.simulator.ari.captured import list_captured, tell_stories

Event = dict[str, Any]


def is_of_the_call(event: Event) -> bool:
    about = event.get("channel") or event.get("peer")
    is_party = about is None or about["name"].startswith("PJSIP/")
    is_bridge = "bridge" not in event or event["bridge"]["bridge_class"] != "stasis"
    return is_party and is_bridge


def read(name: str) -> list[list[str]]:
    return tell_stories(filter(is_of_the_call, list_captured(name)))


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def pbx(told):
    return SimulatedPbx(lambda: datetime(2026, 11, 28, tzinfo=UTC), told.append)


def is_empty(pbx):
    return (pbx.channels, pbx.bridges, pbx.inside, pbx.variables) == ({}, {}, {}, {})


def test_a_blind_transfer(pbx, told):
    call = pbx.start_call()
    call.answer()
    after = transfer_blindly(call, "300")
    after.answer()
    assert pbx.variables[after.called["id"]]["CHANNEL(linkedid)"] == call.caller["id"]
    after.hang_up()
    assert tell_stories(told) == read("ari_sip_blind")
    assert is_empty(pbx)


def test_an_attended_transfer(pbx, told):
    call = pbx.start_call()
    call.answer()
    call.hold()
    asked = pbx.start_call("200", "300")
    asked.answer()
    after = transfer_attended(call, asked)
    assert pbx.variables[after.called["id"]]["CHANNEL(linkedid)"] == call.caller["id"]
    after.hang_up()
    assert tell_stories(told) == read("ari_sip_attended")
    assert is_empty(pbx)


def test_a_conference(pbx, told):
    room = SimulatedRoom(pbx)
    members = [room.join(number) for number in ("100", "200", "300")]
    for member in members:
        room.leave(member)
    assert tell_stories(told) == read("ari_sip_confbridge")
    assert is_empty(pbx)


def test_an_announcer_is_in_its_room_and_goes_with_it(pbx):
    room = SimulatedRoom(pbx, has_announcer=True)
    member = room.join("100")
    assert [one["name"].split("/")[0] for one in pbx.channels.values()] == ["PJSIP", "CBAnn"]
    room.leave(member)
    assert is_empty(pbx)


def test_a_queue_with_a_loser(pbx, told):
    queue = SimulatedQueue(pbx)
    queue.call("100")
    queue.ring("200", "201")
    queue.answer(queue.agents[0])
    queue.hang_up()
    assert tell_stories(told) == read("ari_sip_queue")
    assert is_empty(pbx)


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("hold", "ChannelUnhold"),
        ("blind", "BridgeBlindTransfer"),
        ("attended", "BridgeAttendedTransfer"),
        ("confbridge", "ChannelLeftBridge"),
        ("queue", "ChannelEnteredBridge"),
        ("dtmf", "ChannelDtmfReceived"),
        ("codec", "ChannelHangupRequest"),
    ],
)
async def test_a_scenario_plays_to_its_end_and_leaves_nothing(pbx, told, name, type):
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    await SCENARIOS[name](Stage(pbx, wait))
    assert type in {event["type"] for event in told}
    assert sum(waited) < 60
    assert is_empty(pbx)
    created = [e["channel"]["id"] for e in told if e["type"] == "ChannelCreated"]
    destroyed = [e["channel"]["id"] for e in told if e["type"] == "ChannelDestroyed"]
    assert sorted(created) == sorted(destroyed)


async def test_a_codec_is_what_the_channel_says_and_no_event_tells(pbx, told):
    call = pbx.start_call()
    call.answer()
    before = len(told)
    call.change_codec("g722")
    variables = pbx.variables[call.caller["id"]]
    assert variables["CHANNEL(audionativeformat)"] == "(g722)"
    assert len(told) == before


def test_what_a_dialplan_tells_is_read_as_ours(pbx, told):
    call = pbx.start_call()
    pbx.say_user_event("Streamer", {"Action": "start"}, call.caller)
    event = parse_event(json.dumps(told[-1])).event
    assert isinstance(event, UserEvent)
    assert (event.name, dict(event.fields)) == ("Streamer", {"Action": "start"})
