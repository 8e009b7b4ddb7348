"""A call that an application asks for is told, and refused, as the captured ones were."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from streamer.simulator.ari import bridges, externals, originations, snoops
from streamer.simulator.ari.faults import Faults, RefusalError
from streamer.simulator.ari.originations import Switchboard, read_caller_id
from streamer.simulator.ari.pbx import SimulatedPbx
from tests.unit.simulator.ari.captured import list_captured, tell_stories
from tests.unit.simulator.ari.test_taps import WEBSOCKET
from tests.unit.wire.ari.traces import list_calls

BOARD = Switchboard(missing={"PJSIP/999", "PJSIP/500"})
ASKED = [call for call in list_calls("ari_sip_originate") if call["path"] == "/channels"]
ASKED = [call for call in ASKED if call["method"] == "POST"]


@pytest.fixture
def told() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def pbx(told):
    return SimulatedPbx(lambda: datetime(2026, 11, 28, tzinfo=UTC), told.append)


def read(pbx, call):
    query = {name: str(value) for name, value in call["params"].items()}
    variables = (call["body"] or {}).get("variables", {})
    return originations.read_wanted(pbx, query.get("channelId", ""), query, variables, BOARD)


def is_of_a_party(event):
    about = event.get("channel") or event.get("peer")
    return about is not None and about["name"].startswith("PJSIP/")


def bridge_with_a_medium(pbx, channel):
    asked = externals.read_medium(pbx, WEBSOCKET | {"transport_data": "f(json)"}, Faults())
    medium = externals.make_medium(pbx, asked)
    snoops.enter_application(pbx, medium, "tap", "")
    bridge = bridges.make_bridge(pbx, "", {})
    bridges.add_channels(pbx, bridge["id"], {"channel": f"{channel['id']},{medium['id']}"})


def test_calls_that_are_answered_or_not_are_told_as_the_captured_ones_were(pbx, told):
    first, _, _, second, third = ASKED
    wanted = read(pbx, first)
    channel = originations.dial_out(pbx, wanted)
    shown = dict(channel)
    originations.ring(pbx, channel, wanted)
    originations.answer(pbx, channel, wanted, None)
    bridge_with_a_medium(pbx, channel)
    snoops.hang_up(pbx, channel)
    unanswered = originations.dial_out(pbx, read(pbx, second))
    originations.ring(pbx, unanswered, read(pbx, second))
    originations.give_up(pbx, unanswered, is_busy=False)
    wanted = read(pbx, third)
    there = originations.dial_out(pbx, wanted)
    originations.ring(pbx, there, wanted)
    originations.answer(pbx, there, wanted, None)
    originations.hang_up_there(pbx, there)
    captured = list_captured("ari_sip_originate")
    ours, theirs = (tell_stories(filter(is_of_a_party, one)) for one in (told, captured))
    assert ours == theirs
    assert list(shown) == list(first["answer"])


@pytest.mark.parametrize("number", [1, 2])
def test_an_endpoint_that_is_not_registered_is_refused_as_the_captured_ones_were(pbx, number):
    with pytest.raises(RefusalError) as refused:
        read(pbx, ASKED[number])
    assert refused.value.status == ASKED[number]["status"]
    assert refused.value.body == '{"error": "Allocation failed"}'


@pytest.mark.parametrize(
    ("query", "variables", "status"),
    [
        ({"app": "tap"}, {}, 400),
        ({"endpoint": "100", "app": "tap"}, {}, 400),
        ({"endpoint": "PJSIP/100"}, {}, 400),
        ({"endpoint": "PJSIP/100", "app": "tap"}, {"x": 1}, 400),
        ({"endpoint": "PJSIP/100", "app": "tap", "timeout": "soon"}, {}, 400),
        ({"endpoint": "PJSIP/100", "app": "tap", "channelId": "us"}, {}, 409),
    ],
)
def test_a_wrong_call_is_refused_as_by_asterisk(pbx, query, variables, status):
    pbx.create("Local/x", state="Up", id="used")
    with pytest.raises(RefusalError) as refused:
        originations.read_wanted(pbx, query.get("channelId", ""), query, variables, BOARD)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("text", "caller"),
    [
        ("Robot <555>", ("Robot", "555")),
        ('"A B" <+49>', ("A B", "+49")),
        ("777", ("", "777")),
        ("<5>", ("", "5")),
        ("", ("", "")),
    ],
)
def test_a_caller_id_has_a_name_and_a_number(text, caller):
    assert read_caller_id(text) == caller


@pytest.mark.parametrize(
    ("endpoint", "name", "number"),
    [
        ("PJSIP/100", "PJSIP/100-00000000", "100"),
        ("PJSIP/0301234@trunk", "PJSIP/trunk-00000000", ""),
        ("SIP/trunk/0301234", "SIP/trunk-00000000", ""),
    ],
)
def test_a_channel_is_named_after_its_telephone_or_trunk(pbx, endpoint, name, number):
    query = {"endpoint": endpoint, "app": "tap", "timeout": "-1"}
    channel = originations.dial_out(pbx, originations.read_wanted(pbx, "", query, {}, BOARD))
    assert (channel["name"], channel["caller"]["number"]) == (name, number)
