"""Calls that are tapped by themselves through ARI: which ones, from when to when, by which node, and what is left."""

from __future__ import annotations

import json

import pytest

from streamer.core.events import CallEnded, CallStarted, LegAttached, LegEnded
from streamer.errors import UnreachableError
from streamer.simulator.ari import snoops
from streamer.simulator.ari.rooms import SimulatedQueue, SimulatedRoom
from streamer.simulator.ari.sound import Speech
from streamer.simulator.ari.transfers import transfer_blindly
from streamer.sources.ari import claiming
from streamer.tap.addresses import AddressTakenError
from streamer.wire.ari.ids import derive_id
from tests.fakes.ari_tap import OTHER, PHRASE, open_pbx, recording
from tests.fakes.ari_watch import watching
from tests.fakes.replay import until

VOICES = (Speech(PHRASE, repeats=True), Speech(OTHER, repeats=True))


@pytest.fixture
async def pbx():
    async with open_pbx() as opened:
        yield opened


async def test_a_call_is_tapped_once_it_is_answered_and_left_clean(pbx, recordings):
    async with watching(pbx, recordings, {"context": "phones"}) as node:
        call = pbx.ari.pbx.start_call(voices=VOICES)
        assert node.events(CallStarted) == []
        call.answer()
        await node.until_tapped(1)
        (ours,) = pbx.ari.listeners.list_all()
        assert not ours.everything["device_names"]
        call.hang_up()
        await node.until_ended()
    (described,) = node.described()
    assert described["source"] == "ari"
    facts = described["facts"]
    assert (facts["from"], facts["to"], facts["did"]) == ("100", "200", "200")
    assert [leg["number"] for leg in described["legs"]] == ["100", "200"]
    assert described["reason"] == "hang-up"
    assert pbx.left() == []


def answer_call(pbx, *numbers):
    call = pbx.ari.pbx.start_call(*numbers, voices=VOICES)
    call.answer()
    return call


async def test_calls_that_run_already_are_tapped_once_though_events_come_twice(pbx, recordings):
    pbx.ari.faults.doubles = True
    calls = [answer_call(pbx, str(first), str(first + 1)) for first in (100, 200, 300)]
    async with watching(pbx, recordings, {}) as node:
        await node.until_tapped(3)
        await pbx.ari.drop_events()
        after = transfer_blindly(calls[0], "400", voice=VOICES[1])
        after.answer()
        await until(lambda: len(node.events(LegAttached)) == 7)
        for call in (after, *calls[1:]):
            call.hang_up()
        await node.until_ended(3)
    assert len(node.events(CallStarted)) == 3
    assert sorted(len(call["legs"]) for call in node.described()) == [2, 2, 3]
    assert pbx.left() == []


async def test_only_calls_that_a_rule_names_are_tapped_and_at_most_so_many(pbx, recordings):
    rules = {"endpoint": "PJSIP/1*", "most": 1}, {"caller": "500"}
    async with watching(pbx, recordings, *rules) as node:
        first = answer_call(pbx, "100", "200")
        await node.until_tapped(1)
        answer_call(pbx, "110", "210")  # finds no room
        answer_call(pbx, "300", "310")  # no rule
        answer_call(pbx, "500", "510")
        await node.until_tapped(2)
        first.hang_up()
        await node.until_ended()
        answer_call(pbx, "120", "220")
        await node.until_tapped(3)
    assert sorted(call["facts"]["from"] for call in node.described()) == ["100", "120", "500"]
    assert pbx.left() == []


async def test_a_queue_is_told_by_its_name_with_the_agent_who_answered(pbx, recordings):
    async with watching(pbx, recordings, {"queue": "sales"}) as node:
        queue = SimulatedQueue(pbx.ari.pbx)
        queue.call("100", voice=VOICES[0])
        queue.ring("200", "201")
        queue.answer(queue.agents[1], voice=VOICES[1])
        await node.until_tapped(1)
        queue.hang_up()
        await node.until_ended()
    (described,) = node.described()
    told = {name: described["facts"][name] for name in ("from", "queue", "agent", "to")}
    assert told == {"from": "100", "queue": "sales", "agent": "201", "to": "201"}


async def test_a_dialplan_can_start_keep_out_and_label_by_variables(pbx, recordings):
    async with watching(pbx, recordings, {"caller": "3*"}) as node:
        call = pbx.ari.pbx.start_call("100", "200")
        wanted = pbx.ari.pbx.variables[call.caller["id"]]
        wanted |= {"STREAMER": "start", "STREAMER_LABEL": "VIP"}
        other = pbx.ari.pbx.start_call("300", "310")
        pbx.ari.pbx.variables[other.called["id"]]["STREAMER"] = "off"
        other.answer()
        pbx.ari.pbx.say_user_event("Streamer", {"Action": "start"}, other.caller)
        call.answer()
        await node.until_tapped(1)
    (described,) = node.described()
    assert described["facts"]["label"] == "VIP"
    assert described["facts"]["from"] == "100"


async def test_a_dialplan_can_start_stop_and_label_by_events(pbx, recordings):
    async with watching(pbx, recordings) as node:
        call = answer_call(pbx)
        pbx.ari.pbx.say_user_event("Streamer", {"Action": "start"}, call.caller)
        await node.until_tapped(1)
        said = {"Action": "label", "Label": "second thoughts"}
        pbx.ari.pbx.say_user_event("Streamer", said, call.called)
        pbx.ari.pbx.say_user_event("Streamer", {"Action": "stop"}, call.called)
        await node.until_ended()
        await until(lambda: len(pbx.left()) == 1)  # the application
        pbx.ari.pbx.say_user_event("Streamer", {"Action": "start"}, call.called)
        await node.until_tapped(2)
        assert not call.is_over
    first, second = node.described()
    assert (first["reason"], first["facts"]["label"]) == ("stopped", "second thoughts")
    assert pbx.left() == []


async def test_a_room_is_one_call_until_nobody_is_left_to_talk(pbx, recordings):
    async with watching(pbx, recordings, {"endpoint": "PJSIP/100"}) as node:
        room = SimulatedRoom(pbx.ari.pbx, has_announcer=True)
        first, second = (
            room.join(number, voice=voice)
            for number, voice in zip(("100", "200"), VOICES, strict=True)
        )
        await node.until_tapped(1)
        third = room.join("300")
        await until(lambda: len(node.events(LegAttached)) == 3)
        room.leave(first)
        await until(lambda: len(node.events(LegEnded)) == 1)
        fourth = room.join("400")
        await until(lambda: len(node.events(LegAttached)) == 4)
        assert node.events(CallEnded) == []
        for member in (second, third, fourth):
            room.leave(member)
        await node.until_ended()
    assert len(node.events(CallStarted)) == 1
    assert pbx.left() == []


async def test_where_a_member_bounds_the_call_each_stay_is_one(pbx, recordings):
    rule = {"caller": "1*", "boundary": "member"}
    async with watching(pbx, recordings, rule) as node:
        room = SimulatedRoom(pbx.ari.pbx)
        room.join("900", voice=VOICES[1])  # the agent, who stays
        for stay, number in enumerate(("100", "101"), start=1):
            customer = room.join(number, voice=VOICES[0])
            await node.until_tapped(stay)
            room.leave(customer)
            await node.until_ended(stay)
        assert room.bridge is not None
    numbers = [{leg["number"] for leg in call["legs"]} for call in node.described()]
    assert numbers == [{"900", "100"}, {"900", "101"}]
    assert {call["reason"] for call in node.described()} == {"hang-up"}
    assert pbx.left() == []


async def test_a_channel_that_is_recorded_already_is_left_to_that_recording(pbx, recordings):
    call = answer_call(pbx)
    async with recording(pbx.settings(recordings), call.caller["name"]) as run:
        await run.until_attached("caller", "callee")
        async with watching(pbx, recordings, {}) as node:
            await until(lambda: "is being recorded already" in node.bus.troubles())
        assert node.events(CallStarted) == []
        await run.until_heard(0)


async def test_of_two_nodes_one_taps_and_the_other_takes_over_when_it_dies(
    pbx, recordings, tmp_path, monkeypatch
):
    monkeypatch.setattr(claiming, "MISSING_S", 0.2)
    monkeypatch.setattr(claiming, "LOOK_S", 0.05)
    async with (
        watching(pbx, recordings, {}) as one,
        watching(pbx, tmp_path / "other", {}) as other,
    ):
        calls = [answer_call(pbx, str(first), str(first + 1)) for first in (100, 200, 300, 400)]
        await until(lambda: len([*one.events(LegAttached), *other.events(LegAttached)]) == 8)
        assert len([*one.events(CallStarted), *other.events(CallStarted)]) == 4
        # What a node leaves that is gone: snoops of an application that nobody is.
        for call in calls:
            call.hang_up()
        await until(lambda: len([*one.events(CallEnded), *other.events(CallEnded)]) == 4)
    assert pbx.left() == []
    assert "500" not in one.bus.troubles() + other.bus.troubles()


@pytest.mark.parametrize("late_end_s", [0.0, 0.1])
async def test_the_snoop_of_a_dead_node_is_taken_over(pbx, recordings, monkeypatch, late_end_s):
    pbx.ari.faults.late_end_s = late_end_s
    monkeypatch.setattr(claiming, "MISSING_S", 0.2)
    monkeypatch.setattr(claiming, "LOOK_S", 0.05)
    call = answer_call(pbx)
    channels = [call.caller["id"], call.called["id"]]
    left = [leave_snoop(pbx, channel, "streamer-0000dead") for channel in channels]
    async with watching(pbx, recordings, {}) as node:
        await node.until_tapped(1)
        shown = [pbx.ari.pbx.channels[one]["dialplan"]["app_data"] for one in left]
        assert "streamer-0000dead" not in shown
        call.hang_up()
        await node.until_ended()
    assert pbx.left() == []


async def test_what_another_node_has_taken_over_is_not_deleted_as_left_over(pbx, recordings):
    call = answer_call(pbx)
    taken = leave_snoop(pbx, call.caller["id"], "streamer-0000a11e")
    own = leave_snoop(pbx, call.called["id"], "streamer-0000dead")
    noted = {
        "url": f"{pbx.url}/ari",
        "application": "streamer-0000dead",
        "channels": [taken, own],
        "bridges": [],
    }
    folder = recordings / "20260101-000000-abcd"
    folder.mkdir(parents=True)
    (folder / "ari.json").write_text(json.dumps(noted))
    async with watching(pbx, recordings):
        pass
    assert pbx.left() == [f"channel {taken}"]
    assert not (folder / "ari.json").exists()


def leave_snoop(pbx, channel, application):
    """Have a snoop in the PBX as a node of another machine has left it."""
    identity = derive_id(channel, "in")
    snoops.make_snoop(pbx.ari.pbx, channel, identity, {"spy": "in", "app": application})
    made = pbx.ari.pbx.channels[identity]
    made["dialplan"] |= {"app_name": "Stasis", "app_data": application}
    return identity


async def test_a_pbx_that_cannot_be_asked_is_said_and_a_second_listener_finds_the_first(
    pbx, recordings
):
    async with watching(pbx, recordings, {}):
        with pytest.raises(AddressTakenError):
            async with watching(pbx, recordings, {}):
                pass
    pbx.ari.faults.has_no_events = True
    with pytest.raises(UnreachableError, match="503"):
        async with watching(pbx, recordings, {}):
            pass
