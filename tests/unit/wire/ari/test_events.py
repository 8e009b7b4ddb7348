"""Events and answers, as Asterisk sent them in every captured trace, and as nobody should send them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamer.wire.ari import answers
from streamer.wire.ari.answers import Channel, Party
from streamer.wire.ari.events import (
    ApplicationReplaced,
    AttendedTransferred,
    BlindTransferred,
    BridgesMerged,
    ChannelDestroyed,
    Dialled,
    EnteredBridge,
    Held,
    KeyReleased,
    LeftBridge,
    Message,
    Other,
    StasisStarted,
    Unheld,
    Unreadable,
    UserEvent,
    parse_event,
)
from tests.unit.wire.ari.traces import EVENT_TRACES, list_calls, list_events
from tests.unit.wire.websocket.messages import BOMBS, documents

IGNORED = {"ChannelVarset", "ContactStatusChange", "DeviceStateChanged"}
CHANNEL = {"id": "1.2", "name": "PJSIP/100-1"}
FOUND = Channel("1.2", "PJSIP/100-1")
BRIDGE = {"id": "b", "channels": ["1.2"]}
LISTS: dict[str, Callable[[Any], list[Any]]] = {
    "/channels": answers.read_channels,
    "/bridges": answers.read_bridges,
    "/applications": answers.read_applications,
}
TYPES = [
    *("ChannelCreated", "StasisStart", "BridgeMerged", "ChannelHold", "ChannelDtmfReceived"),
    *("ChannelDestroyed", "Dial", "ChannelUserevent", "BridgeAttendedTransfer"),
    *("BridgeBlindTransfer", "ApplicationReplaced", "ChannelEnteredBridge", "ChannelConnectedLine"),
]
KEYS = [
    *("type", "channel", "bridge", "bridge_from", "args", "peer", "caller", "userevent", "id"),
    *("channels", "name", "number", "cause", "timestamp", "duration_ms", "digit", "dialplan"),
    *("replace_channel", "transferer_first_leg", "transferer_second_leg", "creationtime"),
]


def events(name: str) -> list[Any]:
    return [parse_event(text).event for text in list_events(name)]


def sure(value: Any) -> Any:
    assert value is not None
    return value


def decode(**fields):
    return parse_event(json.dumps(fields)).event


@pytest.mark.parametrize("name", EVENT_TRACES)
def test_every_captured_event_is_decoded_or_one_that_changes_nothing(name):
    messages = [parse_event(text) for text in list_events(name)]
    assert messages
    others = {message.event.type for message in messages if isinstance(message.event, Other)}
    assert others <= IGNORED
    assert not [message for message in messages if isinstance(message.event, Unreadable)]
    assert all(message.at and message.application == "tap" for message in messages)


def test_every_captured_channel_has_all_that_it_said():
    seen = [
        event.channel
        for name in EVENT_TRACES
        for event in events(name)
        if hasattr(event, "channel")
    ]
    assert len(seen) > 400
    assert all(channel.id and channel.name and channel.state for channel in seen)
    assert all(channel.created and channel.context for channel in seen)


@pytest.mark.parametrize("name", [*EVENT_TRACES, "ari_snoop_externalmedia"])
def test_every_captured_answer_is_read(name):
    for call in list_calls(name):
        match call["answer"]:
            case list() as listed:
                assert len(LISTS[call["path"]](listed)) == len(listed)
            case {"value": value} as answer:
                assert answers.read_value(answer) == value
            case {"name": str(), "bridge_class": _} as answer:
                assert sure(answers.read_bridge(answer)).kind == "stasis"
            case {"name": str(), "state": _} as answer:
                assert sure(answers.read_channel(answer)).name == answer["name"]
            case {"message": said} | {"error": said}:
                assert answers.read_reason(call["answer"]) == said
            case other:
                assert other is None or other["name"] == "tap"


def test_a_captured_channel_is_read_whole():
    call = next(c for c in list_calls("ari_sip_attended") if c["path"] == "/channels")
    raw = next(one for one in call["answer"] if one["caller"]["number"] == "100")
    assert answers.read_channel(raw) == Channel(
        raw["id"],
        raw["name"],
        "Up",
        Party("Phone 100", "100"),
        Party("Phone 200", "200"),
        "phones",
        "200",
        "Dial",
        "PJSIP/200,60,t",
        datetime.strptime(raw["creationtime"], "%Y-%m-%dT%H:%M:%S.%f%z"),
    )


def test_a_hold_names_the_channel_of_the_party_that_holds():
    held = [event for event in events("ari_sip_hold") if isinstance(event, Held | Unheld)]
    assert [type(event) for event in held][:2] == [Held, Unheld]
    assert len({event.channel.id for event in held[:2]}) == 1


def test_a_blind_transfer_says_who_was_sent_where():
    (transfer,) = [e for e in events("ari_sip_blind") if isinstance(e, BlindTransferred)]
    assert (transfer.context, transfer.exten, transfer.result) == ("phones", "300", "Success")
    assert sure(transfer.transferee).caller.number == "100"


def test_an_attended_transfer_says_who_met_whom_in_which_bridge():
    (transfer,) = [e for e in events("ari_sip_attended") if isinstance(e, AttendedTransferred)]
    assert sure(transfer.transferee).caller.number == "100"
    assert sure(transfer.target).caller.number == "300"
    assert transfer.first_leg.caller.number == transfer.second_leg.caller.number == "200"
    assert transfer.bridge


def test_losers_of_a_queue_end_with_cause_26():
    ended = [e for e in events("ari_sip_queue") if isinstance(e, ChannelDestroyed)]
    assert 26 in {event.cause for event in ended}


def test_who_is_in_a_bridge_follows_from_who_entered_and_left_it():
    inside: Counter[str] = Counter()
    for event in events("ari_sip_tap"):
        match event:
            case EnteredBridge(bridge, channel):
                inside[bridge.id] += 1
                assert channel.id in bridge.channels
            case LeftBridge(bridge, channel):
                inside[bridge.id] -= 1
                assert channel.id not in bridge.channels
    assert set(inside.values()) == {0}


def test_what_no_trace_has_is_decoded_as_asterisk_documents_it():
    merged = decode(type="BridgeMerged", bridge=BRIDGE, bridge_from=BRIDGE | {"id": "c"})
    assert isinstance(merged, BridgesMerged)
    assert (merged.bridge.id, merged.merged_from.id) == ("b", "c")
    key = decode(type="ChannelDtmfReceived", channel=CHANNEL, digit="5", duration_ms=120)
    assert key == KeyReleased(FOUND, "5", 120)
    assert decode(type="ApplicationReplaced", application="a") == ApplicationReplaced("a")
    said = {"eventname": "Streamer", "Action": "start", "Label": "sales"}
    event = decode(type="ChannelUserevent", eventname="Streamer", userevent=said, channel=CHANNEL)
    assert event == UserEvent("Streamer", {"Action": "start", "Label": "sales"}, FOUND)
    started = decode(type="StasisStart", channel=CHANNEL, args=["a", 1], replace_channel=CHANNEL)
    assert started == StasisStarted(FOUND, ("a", "1"), FOUND)
    assert decode(type="Dial", peer=CHANNEL, dialstatus="BUSY") == Dialled(FOUND, None, "BUSY")


def test_when_an_event_happened_is_in_utc():
    text = '{"type": "X", "timestamp": "2026-11-28T08:28:50.622+0100", "application": "a"}'
    at = datetime(2026, 11, 28, 7, 28, 50, 622_000, UTC)
    assert parse_event(text) == Message(Other("X"), at, "a")


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("channel", [None, 5, [], {}, {"id": ""}, {"id": ".."}, {"id": "x" * 400}])
def test_an_event_about_a_channel_that_cannot_be_asked_for_is_none(type, channel):
    event = decode(type=type, channel=channel, bridge=channel, peer=channel)
    assert isinstance(event, Unreadable | UserEvent | ApplicationReplaced)


@pytest.mark.parametrize("text", BOMBS)
def test_no_message_can_raise(text):
    assert isinstance(parse_event(text).event, Unreadable)


@given(documents(*KEYS, words=TYPES))
def test_no_fields_can_raise(text):
    assert isinstance(parse_event(text), Message)


@given(st.sampled_from(TYPES), documents(*KEYS), documents(*KEYS))
def test_no_fields_of_a_known_type_can_raise(type, outer, inner):
    fields = {"channel": json.loads(inner), "bridge": json.loads(inner)} | json.loads(outer)
    message = parse_event(json.dumps(fields | {"type": type}))
    assert isinstance(message, Message)


@given(documents(*KEYS))
def test_no_answer_can_raise(text):
    value = answers.parse_document(text)
    for document in (value, [value], text, None, 1):
        answers.read_channels(document)
        answers.read_bridges(document)
        answers.read_applications(document)
        answers.read_value(document)
        answers.read_version(document)
        answers.read_reason(document)


def test_an_answer_says_its_version():
    assert answers.read_version({"system": {"version": "23.4.1"}}) == "23.4.1"


def test_an_answer_that_is_too_long_is_none():
    assert answers.parse_document(" " * (answers.MOST_ANSWER + 1)) is None
