"""What a tap does to a simulated PBX is told, and answered, as a captured one was."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from streamer.simulator.ari import bridges, externals, snoops
from streamer.simulator.ari.faults import Faults, RefusalError
from streamer.simulator.ari.pbx import SimulatedPbx
from streamer.simulator.ari.sound import MUSIC, SILENCE, Speech, convert, convert_back, hear, say
from tests.unit.simulator.ari.captured import list_captured, tell_stories
from tests.unit.wire.ari.traces import list_calls

UUID = "eb97029c-1aa1-477f-9ec2-1ad661906ef6"
AUDIOSOCKET = {
    "app": "tap",
    "external_host": "127.0.0.1:9292",
    "transport": "tcp",
    "encapsulation": "audiosocket",
    "format": "slin16",
    "data": UUID,
}
WEBSOCKET = {
    "app": "tap",
    "external_host": "INCOMING",
    "transport": "websocket",
    "encapsulation": "none",
    "connection_type": "server",
    "format": "slin16",
}


@pytest.fixture
def told() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def pbx(told):
    return SimulatedPbx(lambda: datetime(2026, 11, 28, tzinfo=UTC), told.append)


def make_tap(pbx, target, spy, query=AUDIOSOCKET):
    snoop = snoops.make_snoop(pbx, target["id"], "", {"spy": spy, "app": "tap"})
    snoops.enter_application(pbx, snoop, "tap", "", is_told=True)
    asked = externals.read_medium(pbx, query | {"data": str(uuid4())}, Faults())
    medium = externals.make_medium(pbx, asked)
    externals.answer_medium(pbx, medium, asked)
    is_audiosocket = asked.transport == "audiosocket"
    snoops.enter_application(pbx, medium, "tap", asked.data if is_audiosocket else "")
    bridge = bridges.make_bridge(pbx, "", {"type": "mixing"})
    bridges.add_channels(pbx, bridge["id"], {"channel": f"{snoop['id']},{medium['id']}"})
    return snoop, medium, bridge


def test_a_tap_over_audiosocket_is_told_as_the_captured_one_was(pbx, told):
    call = pbx.start_call()
    call.answer()
    snoop, medium, bridge = make_tap(pbx, call.caller, "in")
    for channel in (snoop, medium):
        snoops.hang_up(pbx, channel)
    pbx.end_bridge(bridge)
    _, medium, bridge = make_tap(pbx, call.caller, "in")
    call.hang_up()
    snoops.hang_up(pbx, medium)
    pbx.end_bridge(bridge)
    assert tell_stories(told) == tell_stories(list_captured("ari_sip_externalmedia_audiosocket"))
    assert (pbx.channels, pbx.bridges, pbx.inside) == ({}, {}, {})


def test_taps_over_a_websocket_are_told_as_the_captured_ones_were(pbx, told):
    call = pbx.start_call()
    call.answer()
    options = WEBSOCKET | {"transport_data": "f(json)"}
    taps = [
        make_tap(pbx, channel, spy, options)
        for channel in (call.caller, call.called)
        for spy in ("in", "out")
    ]
    call.hold()
    call.unhold()
    call.hang_up()
    for _, medium, bridge in taps:
        snoops.hang_up(pbx, medium)
        pbx.end_bridge(bridge)
    assert tell_stories(told) == tell_stories(list_captured("ari_sip_hold"))


def test_what_is_made_is_answered_as_the_captured_pbx_did(pbx):
    call = pbx.start_call()
    call.answer()
    captured = list_calls("ari_sip_externalmedia_audiosocket")
    answers = {one["path"].split("/")[-1]: one["answer"] for one in captured if one["answer"]}
    snoop = snoops.make_snoop(pbx, call.caller["id"], "", {"spy": "in", "app": "tap"})
    medium = externals.make_medium(pbx, externals.read_medium(pbx, AUDIOSOCKET, Faults()))
    bridge = bridges.make_bridge(pbx, "", {"type": "mixing"})
    shown = externals.show_medium(pbx, medium)
    for ours, name in ((snoop, "snoop"), (shown, "externalMedia"), (bridge, "bridges")):
        theirs = answers[name]
        assert list(ours) == list(theirs)
        assert ours.get("channelvars", {}).keys() == theirs.get("channelvars", {}).keys()


def test_media_over_a_websocket_say_where_they_wait(pbx):
    medium = externals.make_medium(pbx, externals.read_medium(pbx, WEBSOCKET, Faults()))
    shown = externals.show_medium(pbx, medium)
    assert shown["channelvars"]["MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE"] == "640"
    assert shown["state"] == "Down"


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ({"spy": "in"}, 400, "Application name is required"),
        ({"spy": "up", "app": "tap"}, 400, "Invalid direction specified for spy"),
        ({"app": "tap"}, 400, "Direction must be specified for at least spy or whisper"),
        ({"spy": "in", "app": "tap", "id": "x"}, 404, "Provided channel was not found"),
        ({"spy": "in", "app": "tap", "name": "used"}, 500, "Snoop channel could not be created"),
        ({"spy": "in", "app": "tap", "name": "US"}, 500, "Snoop channel could not be created"),
    ],
)
def test_a_wrong_snoop_is_refused_as_by_asterisk(pbx, query, status, message):
    target = pbx.start_call().caller["id"]
    snoops.make_snoop(pbx, target, "used", {"spy": "in", "app": "tap"})
    with pytest.raises(RefusalError, match=message) as refused:
        snoops.make_snoop(pbx, query.get("id", target), query.get("name", ""), query)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"app": ""}, 400),
        ({"format": ""}, 400),
        ({"external_host": "nowhere"}, 400),
        ({"data": ""}, 400),
        ({"data": "no-uuid"}, 500),
        ({"format": "opus48"}, 500),
        ({"channelId": "us"}, 500),
        ({"transport": "tls"}, 501),
    ],
)
def test_wrong_media_are_refused_as_by_asterisk(pbx, change, status):
    pbx.create("Local/x", state="Up", id="used")
    with pytest.raises(RefusalError) as refused:
        externals.read_medium(pbx, AUDIOSOCKET | change, Faults())
    assert refused.value.status == status


@pytest.mark.parametrize("change", [{"channelId": "us"}, {"transport_data": "f(xml)"}])
def test_what_would_crash_a_real_one_is_known(pbx, change):
    pbx.create("Local/x", state="Up", id="used")
    with pytest.raises(externals.CrashError):
        externals.read_medium(pbx, WEBSOCKET | change, Faults())


@pytest.mark.parametrize(
    ("version", "query", "status"),
    [
        ("16.30.0", AUDIOSOCKET, 501),
        ("18.0.0", AUDIOSOCKET, None),
        ("20.15.2", WEBSOCKET, 501),
        ("20.16.0", WEBSOCKET, None),
        ("22.5.0", WEBSOCKET, 501),
        ("23.4.1", WEBSOCKET, None),
        ("24.0.0-rc1", WEBSOCKET, None),
        ("master", WEBSOCKET, 501),
    ],
)
def test_what_a_version_does_not_know_it_does_not_do(pbx, version, query, status):
    faults = Faults(version=version)
    if status is None:
        assert externals.read_medium(pbx, query, faults).application == "tap"
        return
    with pytest.raises(RefusalError) as refused:
        externals.read_medium(pbx, query, faults)
    assert refused.value.status == status


def test_a_channel_comes_into_a_bridge_only_from_an_application(pbx):
    call = pbx.start_call()
    bridge = bridges.make_bridge(pbx, "", {})
    for channel, status in ((call.caller["id"], 422), ("gone", 400), ("", 400)):
        with pytest.raises(RefusalError) as refused:
            bridges.add_channels(pbx, bridge["id"], {"channel": channel})
        assert refused.value.status == status


def test_a_bridge_of_a_call_is_none_of_an_application(pbx):
    call = pbx.start_call()
    call.answer()
    assert call.bridge
    for id, status in ((call.bridge["id"], 409), ("gone", 404)):
        with pytest.raises(RefusalError) as refused:
            bridges.find_bridge(pbx, id)
        assert refused.value.status == status


@pytest.mark.parametrize("party", ["caller", "called"])
def test_either_party_may_hold_and_hang_up(pbx, told, party):
    call = pbx.start_call()
    call.answer()
    channel = getattr(call, party)
    call.hold(channel)
    assert hear(pbx, call.called["id"] if party == "caller" else call.caller["id"]) is MUSIC
    call.unhold(channel)
    call.hang_up(channel, cause=19, text="User alerting, no answer")
    held = [event for event in told if event["type"] in ("ChannelHold", "ChannelHangupRequest")]
    assert {event["channel"]["id"] for event in held} == {channel["id"]}
    ended = [event for event in told if event["type"] == "ChannelDestroyed"]
    assert [event["cause"] for event in ended] == [19, 19]
    assert (pbx.channels, pbx.bridges) == ({}, {})


def test_a_ringing_channel_is_silent_until_it_is_answered(pbx):
    call = pbx.start_call(voices=(Speech(b"\1\2" * 320), None))
    snoop, medium, _ = make_tap(pbx, call.caller, "in")
    assert say(pbx, snoop["id"]) is SILENCE
    call.answer()
    assert say(pbx, snoop["id"]) == b"\1\2" * 320
    assert hear(pbx, medium["id"]) == b"\1\2" * 320
    pbx.at += 1.0
    assert say(pbx, snoop["id"]) == SILENCE


def test_both_parties_are_mixed_and_never_wrap(pbx):
    loud = Speech(b"\xff\x7f" * 320)
    call = pbx.start_call(voices=(loud, loud))
    call.answer()
    snoop, *_ = make_tap(pbx, call.caller, "both")
    assert say(pbx, snoop["id"]) == loud.pcm


@pytest.mark.parametrize("format", ["slin", "ulaw", "alaw", "slin16"])
def test_what_is_converted_comes_back_nearly_as_it_was(format):
    frame = array("h", [n * 40 - 6_400 for n in range(320)])
    back = array("h", convert_back(convert(frame.tobytes(), format), format))
    assert len(back) == len(frame)
    assert max(abs(one - two) for one, two in zip(frame, back, strict=True)) < 300
