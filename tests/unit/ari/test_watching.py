"""Which calls are tapped by themselves: events of a PBX in, decisions out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from streamer.ari.watching import Begin, Decision, End, Label, Noticed, Watch
from streamer.core.watching import WatchRule
from streamer.wire.ari.answers import Bridge, Channel, Party
from streamer.wire.ari.events import (
    BridgeDestroyed,
    ChannelCreated,
    ChannelDestroyed,
    ChannelUpdated,
    EnteredBridge,
    LeftBridge,
    UserEvent,
)
from streamer.wire.ari.ids import make_id


def phone(number: str, **more: Any) -> Channel:
    return Channel(number, f"PJSIP/{number}-00000001", "Up", Party("", number), **more)


@dataclass
class Told:
    """A PBX that tells a watch what happens; variables are empty unless a test names them."""

    rules: tuple[WatchRule, ...] = (WatchRule(),)
    variables: dict[str, tuple[str, str]] = field(default_factory=dict)
    tapped: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.watch = Watch(self.rules, self.tapped.get)
        self.decided: list[Decision] = []
        self.asked: list[str] = []
        self.bridges: dict[str, Bridge] = {}

    def do(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            if isinstance(decision, Noticed):
                self.asked += decision.channels
                for channel in decision.channels:
                    said = self.variables.get(channel, ("", ""))
                    self.do(self.watch.note_variables(channel, *said))
            else:
                self.decided.append(decision)

    def enter(self, name: str, *channels: Channel, **more: Any) -> None:
        for channel in channels:
            bridge = self.bridges.get(name, Bridge(name, kind="basic"))
            inside = tuple(dict.fromkeys([*bridge.channels, channel.id]))
            self.bridges[name] = bridge = replace(bridge, channels=inside, **more)
            self.do(self.watch.take(EnteredBridge(bridge, channel)))

    def leave(self, name: str, channel: Channel) -> None:
        bridge = self.bridges[name]
        left = tuple(one for one in bridge.channels if one != channel.id)
        self.bridges[name] = bridge = replace(bridge, channels=left)
        self.do(self.watch.take(LeftBridge(bridge, channel)))

    def say(self, channel: Channel, **said: str) -> None:
        self.do(self.watch.take(UserEvent("StReamer", said, channel)))

    def begun(self) -> list[Begin]:
        return [one for one in self.decided if isinstance(one, Begin)]


A, B, C = phone("100"), phone("200"), phone("300")


def test_a_call_begins_when_two_are_in_a_bridge_never_before_and_once():
    told = Told()
    told.do(told.watch.take(ChannelCreated(A)))
    told.enter("b", A)
    assert (told.decided, told.asked) == ([], [])
    told.enter("b", B)
    told.enter("b", B)
    told.enter("b", C)
    (begin,) = told.begun()
    assert (begin.channels, begin.room) == (("100", "200"), "")
    assert sorted(told.asked) == ["100", "200"]


def test_what_is_nobody_makes_no_second_party():
    told = Told()
    told.enter("b", A, Channel(make_id(), "Snoop/1-0"), Channel("x", "CBAnn/room1-0;2"))
    told.enter("h", B, C, technology="holding_bridge")
    told.enter(make_id(), B, C)
    assert told.decided == []


def test_calls_that_run_already_begin_by_a_list_with_what_came_while_it_was_read():
    told = Told()
    told.watch.expect_look()
    told.enter("b2", C, phone("400"))
    assert told.decided == []
    told.do(told.watch.look([A, B, C], [Bridge("b", ("100", "200"), "basic")]))
    assert [begin.channels for begin in told.begun()] == [("100", "200"), ("300", "400")]


def test_without_a_list_what_came_meanwhile_counts():
    told = Told()
    told.watch.expect_look()
    told.enter("b", A, B)
    told.do(told.watch.give_up_look())
    assert len(told.begun()) == 1


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (WatchRule(context="from-*"), True),
        (WatchRule(context="ivr"), True),
        (WatchRule(context="other"), False),
        (WatchRule(endpoint="pjsip/100"), True),
        (WatchRule(endpoint="PJSIP/10"), False),
        (WatchRule(caller="1?0"), True),
        (WatchRule(caller="+*"), False),
        (WatchRule(did="4930*"), True),
        (WatchRule(did="7"), True),
        (WatchRule(queue="sales", caller="200"), True),
        (WatchRule(queue="sal"), False),
        (WatchRule(context="from-trunk", caller="200"), False),
    ],
)
def test_a_rule_fits_one_party_in_all_that_it_names(rule, fits):
    first = phone("100", context="from-trunk", exten="49301234")
    told = Told((rule,))
    told.do(told.watch.take(ChannelCreated(first)))
    now = replace(first, context="ivr", exten="7", application="Queue", arguments="sales,tT,,,60")
    told.do(told.watch.take(ChannelUpdated(now)))
    told.enter("b", now, B)
    assert bool(told.decided) is fits


def test_facts_say_who_with_whom_by_which_number_and_queue():
    first = phone("100", exten="49301234", application="Queue", arguments="sales,tT")
    told = Told(variables={"100": ("", "VIP")})
    told.enter("b", first, B)
    (begin,) = told.begun()
    assert begin.facts == {
        "from": "100",
        "to": "200",
        "did": "49301234",
        "queue": "sales",
        "agent": "200",
        "label": "VIP",
    }


def test_a_rule_taps_at_most_so_many_and_what_found_no_room_stays_out():
    told = Told((WatchRule(most=1),))
    told.enter("b", A, B)
    told.enter("c", C, phone("400"))
    (begin,) = told.begun()
    told.do(told.watch.note_end(begin.key, was_stopped=False))
    told.enter("c", C)
    assert len(told.begun()) == 1
    told.enter("d", phone("500"), phone("600"))
    assert len(told.begun()) == 2


def test_a_share_of_calls_is_the_same_for_every_node():
    def count() -> list[tuple[str, ...]]:
        told = Told((WatchRule(percentage=25.0),))
        for n in range(400):
            told.enter(f"b{n}", phone(f"{n}a"), phone(f"{n}b"))
        return [begin.channels for begin in told.begun()]

    assert count() == count()
    assert 70 <= len(count()) <= 130


@pytest.mark.parametrize(
    ("said", "begins"),
    [("start", True), (" START ", True), ("stop", False), ("off", False), ("nonsense", False)],
)
def test_without_rules_only_a_variable_begins_a_call(said, begins):
    told = Told((), variables={"200": (said, "")})
    told.enter("b", A, B)
    assert bool(told.begun()) is begins


@pytest.mark.parametrize("said", ["stop", "off"])
def test_a_variable_keeps_a_call_out_that_a_rule_names(said):
    told = Told(variables={"100": (said, "")})
    told.enter("b", A, B)
    assert told.decided == []
    told.say(B, Action="start")
    assert bool(told.begun()) is (said == "stop")


def test_an_event_starts_a_call_also_if_it_came_before_the_answer():
    told = Told(())
    told.do(told.watch.take(ChannelCreated(A)))
    told.say(A, Action="start", Label="early")
    assert told.decided == []
    told.enter("b", A, B)
    (begin,) = told.begun()
    assert begin.facts["label"] == "early"


def test_events_stop_label_and_start_again():
    told = Told()
    told.enter("b", A, B)
    (begin,) = told.begun()
    told.say(B, action="LABEL", label="x" * 500)
    told.say(A, Action="stop")
    assert told.decided[1:] == [Label(begin.key, "x" * 100), End(begin.key)]
    told.do(told.watch.note_end(begin.key, was_stopped=True))
    told.enter("b", A, B)
    assert len(told.begun()) == 1
    told.say(B, Action="start")
    assert len(told.begun()) == 2


def test_events_of_others_and_about_nobody_change_nothing():
    told = Told(())
    told.enter("b", A, B)
    told.do(told.watch.take(UserEvent("Other", {"Action": "start"}, A)))
    told.do(told.watch.take(UserEvent("Streamer", {"Action": "start"}, None)))
    told.say(A, Action="dance")
    told.say(A)
    assert told.decided == []


def test_a_call_that_was_stopped_is_not_begun_again_elsewhere_one_that_was_lost_is():
    for was_stopped in (True, False):
        told = Told()
        told.enter("b", A, B)
        told.do(told.watch.note_end(told.begun()[0].key, was_stopped=was_stopped))
        told.enter("b", A, B)
        assert len(told.begun()) == 1
        told.enter("c", A, C)
        assert len(told.begun()) == (1 if was_stopped else 2)


def test_whom_a_tapped_call_has_taken_in_begins_none():
    told = Told()
    told.enter("b", A, B)
    told.tapped["300"] = told.begun()[0].key
    told.enter("c", C, phone("400"))
    assert len(told.begun()) == 1


def test_a_room_is_one_call_or_one_for_each_stay_of_a_member():
    room = {"kind": "base", "creator": "ConfBridge"}
    told = Told()
    told.enter("r", A, B, C, **room)
    assert [(one.room, one.is_member) for one in told.begun()] == [("r", False)]
    told = Told((WatchRule(caller="[12]00", boundary="member"),))
    told.enter("r", C, A, B, **room)
    (first,) = told.begun()
    assert (first.channels, first.room, first.is_member) == (("100",), "r", True)
    told.leave("r", A)
    told.do(told.watch.note_end(first.key, was_stopped=False))
    assert [one.channels for one in told.begun()] == [("100",), ("200",)]


def test_a_call_that_cannot_be_tapped_is_not_tried_again_and_again():
    told = Told((WatchRule(caller="[12]00", boundary="member"),))
    told.enter("r", C, A, B, kind="base")
    for _ in range(5):
        told.do(told.watch.note_end(told.begun()[-1].key, was_stopped=False))
    assert [one.channels for one in told.begun()] == [("100",), ("200",)]


def test_what_is_gone_is_forgotten():
    told = Told()
    told.enter("b", A, B)
    told.do(told.watch.note_end(told.begun()[0].key, was_stopped=False))
    for channel in (A, B):
        told.leave("b", channel)
        told.do(told.watch.take(ChannelDestroyed(channel, 16, "")))
    told.do(told.watch.take(BridgeDestroyed(told.bridges["b"])))
    assert (told.watch.channels, told.watch.bridges, told.watch._done) == ([], {}, set())
    assert told.watch.note_variables("100", "start", "") == []
    assert told.watch.note_end(99, was_stopped=False) == []
