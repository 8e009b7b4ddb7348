"""Who called whom, by what is known: the PBX, a file's name, the user's names, the labels."""

from __future__ import annotations

import pytest

from streamer.calls.sides import find_sides
from streamer.core.audio import Leg

CALLER, AGENT = Leg("caller", "PJSIP/100-1"), Leg("agent", "PJSIP/200-1")
UUID_LEG = Leg("caller", "f425f017-bfb6-411b-b8a5-cdda01827e39")


@pytest.mark.parametrize(
    ("legs", "facts", "names", "shown"),
    [
        ([CALLER, AGENT], {}, {}, "caller → agent"),
        ([AGENT, CALLER], {}, {}, "caller → agent"),
        ([CALLER, AGENT], {}, {"agent": "Ann"}, "caller → Ann"),
        ([Leg("a", "1", number="100"), Leg("b", "2", number="200")], {}, {}, "100 → 200"),
        ([Leg("a", "1", number="100", name="Bo"), Leg("b", "2")], {}, {}, "Bo → b"),
        ([UUID_LEG], {}, {}, "caller"),
        ([UUID_LEG], {"from": "100", "to": "800"}, {}, "100 → 800"),
        ([Leg("caller", "u", number="100")], {"from": "100", "to": "800"}, {}, "100 → 800"),
        ([UUID_LEG], {"from": "100", "to": "800"}, {"caller": "Bo"}, "Bo → 800"),
        ([Leg("agent", "u")], {"from": "100", "to": "200"}, {}, "100 → 200"),
        ([Leg("agent", "u")], {}, {"agent": "Ann"}, "Ann"),
        ([UUID_LEG], {"number": "555", "agent": "Ann"}, {}, "555 → Ann"),
        ([UUID_LEG], {"number": "555", "agent": "Ann", "direction": "out"}, {}, "Ann → 555"),
        ([CALLER, AGENT], {"direction": "outbound"}, {}, "agent → caller"),
        ([CALLER, AGENT, Leg("guest", "3")], {}, {}, "caller → guest, agent"),
    ],
)
def test_each_source_of_names_is_used(legs, facts, names, shown):
    assert str(find_sides(legs, facts, names)) == shown


def test_a_side_is_found_by_its_number_and_by_every_name_of_it():
    legs = [Leg("caller", "1", number="+49301", name="Bo Park"), AGENT]
    sides = find_sides(legs, {}, {"caller": "Mr Park"})
    assert all(sides.caller.has(part) for part in ("4930", "bo", "MR PARK", "caller"))
    assert not sides.caller.has("agent")
    assert sides.called.has("agent")


@pytest.mark.parametrize(
    ("told", "direction"), [("in", "in"), ("Incoming", "in"), ("outbound", "out"), ("up", "")]
)
def test_the_direction_is_read_in_the_words_of_several_systems(told, direction):
    assert find_sides([CALLER], {"direction": told}, {}).direction == direction


def test_a_callee_is_called_whichever_way_the_call_went():
    legs = (Leg("callee", "PJSIP/101", 8_000, "101"),)
    assert str(find_sides(legs, {"direction": "outbound", "to": "101"}, {})) == "101"
    two = (*legs, Leg("caller", "PJSIP/7", 8_000, "7"))
    assert str(find_sides(two, {"direction": "outbound", "to": "101"}, {})) == "7 → 101"
