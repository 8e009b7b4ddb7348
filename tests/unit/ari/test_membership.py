"""Who belongs to a call, by what a real Asterisk has told; time is that of the captures."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import pytest

from streamer.ari.membership import (
    AWAY_S,
    GRACE_S,
    Decision,
    HoldChanged,
    Join,
    KeyPressed,
    Leave,
    Membership,
)
from streamer.core.events import Cause
from streamer.wire.ari.answers import Bridge, Channel, Party
from streamer.wire.ari.events import (
    AttendedTransferred,
    BlindTransferred,
    BridgeCreated,
    BridgeDestroyed,
    BridgesMerged,
    ChannelCreated,
    ChannelDestroyed,
    ChannelStateChanged,
    ChannelUpdated,
    Dialled,
    EnteredBridge,
    Event,
    HangupRequested,
    Held,
    KeyReleased,
    LeftBridge,
    Message,
    PeersChanged,
    Unheld,
    parse_event,
)
from streamer.wire.ari.requests import Spy
from tests.unit.wire.ari.traces import EVENT_TRACES, read_lines

_BRIDGING = (BridgeCreated, EnteredBridge, LeftBridge, BridgeDestroyed, BridgesMerged)


@dataclass
class Pbx:
    """What a PBX would list at a moment of a capture."""

    channels: dict[str, Channel] = field(default_factory=dict)
    bridges: dict[str, Bridge] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        match event:
            case ChannelDestroyed(channel):
                self.channels.pop(channel.id, None)
            case EnteredBridge(bridge, channel) | LeftBridge(bridge, channel):
                self.bridges[bridge.id] = bridge
                self.channels[channel.id] = channel
            case BridgeDestroyed(bridge):
                self.bridges.pop(bridge.id, None)
            case ChannelCreated(channel) | ChannelStateChanged(channel) | ChannelUpdated(channel):
                self.channels[channel.id] = channel
            case _:
                pass


@dataclass
class Replay:
    """A capture, played to the membership of one channel; `log` has what was decided, and when."""

    membership: Membership
    log: list[tuple[float, Decision]]
    names: dict[str, str]

    def told(self, since: float = 0.0) -> list[str]:
        return [self._say(decision) for at, decision in self.log if at >= since]

    def when(self, text: str) -> float:
        return next(at for at, decision in self.log if self._say(decision) == text)

    def _say(self, decision: Decision) -> str:
        match decision:
            case Join(channel, spy):
                return f"join {_number(channel.name)} {spy.value}"
            case Leave(channel, spy, cause):
                why = f" {cause.number}" if cause else ""
                return f"leave {_number(self.names[channel])} {spy.value}{why}"
            case HoldChanged(channel, is_held):
                return f"{'hold' if is_held else 'unhold'} {_number(self.names[channel])}"
            case KeyPressed(channel, digit):
                return f"key {digit} {_number(self.names[channel])}"


def _number(name: str) -> str:
    return name.partition("/")[2].partition("-")[0]


def replay(
    trace: str, number: str, *, at: float, is_deaf: bool = False, look_s: float = 0.02
) -> Replay:
    """Play a capture to a membership that begins at a second with the first channel of a number.

    `is_deaf` leaves out what is told of bridges, as a PBX may do that sends only what happens to a channel; a look takes `look_s`.
    """
    pbx = Pbx()
    result: Replay | None = None
    look_at: float | None = None
    names: dict[str, str] = {}
    for line in read_lines(f"ari_sip_{trace}", "event"):
        now = line["t"]
        message = parse_event(json.dumps(line["event"]))
        if result is None and now >= at:
            chosen = next(i for i, c in pbx.channels.items() if _number(c.name) == number)
            result = Replay(Membership([chosen]), [], names)
            begun = result.membership.look([*pbx.channels.values()], [*pbx.bridges.values()], at)
            result.log += [(at, decision) for decision in begun]
        if result is not None and look_at is not None and now >= look_at:
            listed = [*pbx.channels.values()], [*pbx.bridges.values()]
            result.log += [(look_at, one) for one in result.membership.look(*listed, look_at)]
            look_at = None
        pbx.take(message.event)
        names |= {channel.id: channel.name for channel in pbx.channels.values()}
        if result is None:
            continue
        if now >= result.membership.due:
            result.log += [(now, one) for one in result.membership.tick(now)]
        if not (is_deaf and isinstance(message.event, _BRIDGING)):
            result.log += [(now, one) for one in result.membership.take(message, now)]
        if result.membership.needs_look and look_at is None:
            result.membership.expect_look()
            look_at = now + look_s
    assert result is not None
    return result


def test_a_held_call_is_marked_once_for_the_party_that_holds():
    call = replay("hold", "100", at=1.0)
    assert call.told() == [
        *("join 100 in", "join 200 in", "hold 200", "unhold 200"),
        *("leave 200 in 16", "leave 100 in 16"),
    ]
    assert call.when("hold 200") == pytest.approx(6.178, abs=0.001)


@pytest.mark.parametrize("number", ["100", "200"])
@pytest.mark.parametrize("is_deaf", [False, True], ids=["hears bridges", "deaf to bridges"])
def test_a_blind_transfer_ends_one_leg_and_brings_the_new_one_within_100_ms(number, is_deaf):
    call = replay("blind", number, at=1.0, is_deaf=is_deaf)
    assert sorted(call.told()[:2]) == ["join 100 in", "join 200 in"]
    assert sorted(call.told()[2:4]) == ["join 300 in", "leave 200 in 16"]
    assert call.told()[4:] == ["leave 300 in 16", "leave 100 in 16"]
    assert call.when("join 300 in") - 6.173 < 0.1


@pytest.mark.parametrize("number", ["100", "200"])
@pytest.mark.parametrize("is_deaf", [False, True], ids=["hears bridges", "deaf to bridges"])
def test_an_attended_transfer_leaves_one_call_with_the_target(number, is_deaf):
    call = replay("attended", number, at=1.0, is_deaf=is_deaf)
    told = call.told()
    assert sorted(told[:2]) == ["join 100 in", "join 200 in"]
    assert told[2:4] == ["hold 200", "unhold 200"]
    assert sorted(told[4:6]) == ["join 300 in", "leave 200 in 16"]
    assert told[6:] == ["leave 300 in 16", "leave 100 in 16"]
    assert call.when("join 300 in") - 7.149 < 0.1


def test_each_member_of_a_conference_is_a_leg_and_announcers_are_none():
    call = replay("confbridge", "200", at=1.0)
    assert sorted(call.told()[:2]) == ["join 100 in", "join 200 in"]
    assert call.told()[2:] == [
        *("join 300 in", "leave 200 in 16", "leave 300 in 16", "leave 100 in 16")
    ]


def test_a_member_who_is_early_gets_the_others_as_they_come():
    call = replay("confbridge", "100", at=0.5)
    assert call.told()[:3] == ["join 100 in", "join 200 in", "join 300 in"]
    assert not [told for told in call.told() if "CBAnn" in told]


@pytest.mark.parametrize("is_deaf", [False, True], ids=["hears bridges", "deaf to bridges"])
def test_only_the_agent_who_answers_a_queue_is_a_leg(is_deaf):
    call = replay("queue", "100", at=1.0, is_deaf=is_deaf)
    assert call.told() == [
        *("join 100 in", "join 200 in"),
        *("leave 200 in 16", "leave 100 in 16"),
    ]
    assert call.when("join 200 in") - 5.051 < 0.1


@pytest.mark.parametrize("name", EVENT_TRACES)
def test_events_that_come_twice_change_nothing_more(name):
    for line in read_lines(name, "event"):
        if line["event"]["type"] == "ChannelCreated":
            channel = line["event"]["channel"]["id"]
            break
    once, twice = Membership([channel]), Membership([channel])
    begin = [Channel(channel, "PJSIP/1-1", "Up", application="Dial")]
    assert once.look(begin, [], 0.0) == twice.look(begin, [], 0.0)
    for line in read_lines(name, "event"):
        message = parse_event(json.dumps(line["event"]))
        decided = once.take(message, line["t"])
        assert twice.take(message, line["t"]) == decided
        assert twice.take(message, line["t"]) == []


A, B, C = (Channel(f"1.{n}", f"PJSIP/{n}00-0", "Up", Party("", f"{n}00")) for n in (1, 2, 3))
ECHO = replace(A, application="Echo")


def bridge(*channels: Channel, id: str = "b", technology: str = "simple_bridge") -> Bridge:
    return Bridge(id, tuple(one.id for one in channels), technology=technology)


def begin(*principals: Channel, channels=(), bridges=()) -> tuple[Membership, list[Decision]]:
    membership = Membership([one.id for one in principals])
    return membership, membership.look([*principals, *channels], bridges, 0.0)


def tell(membership: Membership, *events: Event, at: float = 1.0) -> list[Decision]:
    return [one for event in events for one in membership.take(Message(event), at)]


def test_who_speaks_with_nobody_is_heard_in_both_directions():
    _, decisions = begin(ECHO)
    assert decisions == [Join(ECHO, Spy.SAID), Join(ECHO, Spy.HEARD)]


@pytest.mark.parametrize("application", ["Dial", "Queue", "ConfBridge"])
def test_who_waits_for_somebody_hears_no_words(application):
    waiting = replace(A, application=application)
    _, decisions = begin(waiting)
    assert decisions == [Join(waiting, Spy.SAID)]


def test_what_was_heard_ends_when_its_speaker_is_known():
    membership, _ = begin(ECHO, channels=[B])
    assert tell(membership, EnteredBridge(bridge(A, B), ECHO)) == [
        Leave(A.id, Spy.HEARD),
        Join(B, Spy.SAID),
    ]


def test_others_who_are_parked_with_a_channel_are_no_members():
    _, decisions = begin(A, channels=[B], bridges=[bridge(A, B, technology="holding_bridge")])
    assert [one for one in decisions if isinstance(one, Join) and one.channel == B] == []


def test_an_unknown_channel_in_the_bridge_asks_for_a_look():
    membership, _ = begin(A, channels=[B], bridges=[bridge(A, B)])
    assert not membership.needs_look
    tell(membership, LeftBridge(bridge(A, B, C), B))
    assert membership.needs_look


def test_a_look_finds_what_the_events_of_a_gap_would_have_told():
    membership, _ = begin(A, channels=[B], bridges=[bridge(A, B)])
    membership.expect_look()
    assert tell(membership, ChannelDestroyed(C, 16, "")) == []
    decisions = membership.look([A, C], [bridge(A, C, id="other")], 5.0)
    assert decisions == [Join(C, Spy.SAID), Leave(C.id, Spy.SAID, Cause(16, ""))]
    assert membership.due == 5.0 + GRACE_S
    assert membership.tick(5.0 + GRACE_S) == [Leave(B.id, Spy.SAID)]


def test_why_a_channel_has_ended_may_be_told_after_it_is_listed_no_more():
    membership, _ = begin(A, channels=[B], bridges=[bridge(A, B)])
    assert membership.look([A], [bridge(A)], 5.0) == []
    ended = tell(membership, ChannelDestroyed(B, 17, "busy"), at=5.1)
    assert ended == [Leave(B.id, Spy.SAID, Cause(17, "busy"))]


def test_a_call_whose_looks_fail_takes_the_events_alone():
    membership, _ = begin(A, channels=[B], bridges=[bridge(A, B)])
    membership.expect_look()
    assert tell(membership, ChannelDestroyed(B, 16, "")) == []
    assert membership.give_up_look() == [Leave(B.id, Spy.SAID, Cause(16, ""))]


def test_an_agent_who_stays_when_the_caller_has_gone_is_left_after_a_moment():
    membership, _ = begin(A, channels=[B], bridges=[bridge(A, B)])
    assert tell(membership, ChannelDestroyed(A, 16, "x")) == [Leave(A.id, Spy.SAID, Cause(16, "x"))]
    assert membership.due == 1.0 + GRACE_S
    assert membership.tick(1.0 + GRACE_S) == [Leave(B.id, Spy.SAID)]
    assert tell(membership, EnteredBridge(bridge(B, C, id="next"), C), at=9.0) == []


def test_a_member_who_goes_elsewhere_is_left_and_one_who_comes_back_in_time_is_not():
    membership, _ = begin(A, channels=[B, C], bridges=[bridge(A, B, C)])
    tell(membership, LeftBridge(bridge(A, C), B))
    assert membership.tick(1.0 + AWAY_S / 2) == []
    tell(membership, EnteredBridge(bridge(A, B, C), B), at=2.5)
    assert membership.tick(9.0) == []
    tell(membership, LeftBridge(bridge(A, B), C), at=10.0)
    assert membership.tick(10.0 + AWAY_S) == [Leave(C.id, Spy.SAID)]


def test_keys_and_holds_of_others_and_those_told_twice_are_none():
    membership, _ = begin(A, channels=[B], bridges=[bridge(A, B)])
    key = parse_event(
        json.dumps(
            {
                "type": "ChannelDtmfReceived",
                "digit": "5",
                "channel": {"id": A.id},
                "timestamp": "2026-11-28T07:28:50.622+0000",
            }
        )
    )
    assert membership.take(key, 1.0) == [KeyPressed(A.id, "5")]
    assert membership.take(key, 1.0) == []
    assert tell(membership, KeyReleased(C, "5", 0), Held(C, ""), Unheld(A)) == []
    assert tell(membership, Held(A, ""), Held(A, "")) == [HoldChanged(A.id, True)]


def test_a_transfer_by_a_stranger_changes_no_call():
    membership, _ = begin(A, channels=[B], bridges=[bridge(A, B)])
    tell(membership, BlindTransferred(C, B, "", "", ""), AttendedTransferred(C, C, B, B, "", ""))
    tell(membership, ChannelDestroyed(A, 16, ""))
    assert membership.tick(9.0) == [Leave(B.id, Spy.SAID)]


def test_what_must_be_heard_of_are_members_and_their_bridges():
    membership, _ = begin(A, channels=[B, C], bridges=[bridge(A, B), bridge(C, id="c")])
    assert membership.sources == {"channel:1.1", "channel:1.2", "bridge:b"}


def test_peers_that_are_known_or_announce_ask_for_no_look():
    membership, _ = begin(A, channels=[B], bridges=[bridge(A, B)])
    tell(membership, PeersChanged(A, (B.name, "CBAnn/room-0;2")), HangupRequested(A, 16))
    assert not membership.needs_look
    tell(membership, Dialled(C, A, "RINGING"))
    assert not membership.needs_look
    tell(membership, Dialled(C, A, "ANSWER"))
    assert membership.needs_look
