"""Who is on the phone, after every step of the captured sequences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamer.ari.roster import ENDED, TYPES, Line, Roster, is_party, list_changes, read_codec
from streamer.wire.ari.answers import Bridge, Channel
from streamer.wire.ari.events import ChannelCreated, ChannelDestroyed, ChannelUpdated, parse_event
from streamer.wire.ari.ids import make_id
from tests.unit.wire.ari.traces import EVENT_TRACES, list_calls, list_events

CHANNEL = Channel("1.2", "PJSIP/100-1", "Up")


def rosters(name):
    """The lines after each event of a trace that begins with nothing."""
    roster = Roster()
    roster.begin([], [])
    for text in list_events(name):
        roster.take(parse_event(text).event)
        yield roster.list_lines({})


def numbers(lines):
    return {line.channel.caller.number for line in lines if line.bridge}


@pytest.mark.parametrize("name", EVENT_TRACES)
def test_only_parties_are_listed_and_each_channel_once(name):
    for lines in rosters(name):
        ids = [line.channel.id for line in lines]
        assert len(set(ids)) == len(ids)
        assert all(line.channel.name.startswith(("PJSIP/", "Local/")) for line in lines)


@pytest.mark.parametrize("name", ["ari_sip_tap", "ari_sip_hold", "ari_sip_blind", "ari_sip_queue"])
def test_nobody_is_left_when_all_have_hung_up(name):
    assert list(rosters(name))[-1] == []


@pytest.mark.parametrize("name", EVENT_TRACES)
def test_events_that_come_twice_change_nothing(name):
    once, twice = Roster(), Roster()
    for roster in (once, twice):
        roster.begin([], [])
    for text in list_events(name):
        event = parse_event(text).event
        once.take(event)
        twice.take(event)
        twice.take(event)
        assert once.list_lines({}) == twice.list_lines({})


@pytest.mark.parametrize("name", EVENT_TRACES)
def test_the_events_that_are_asked_for_are_enough(name):
    whole, asked = Roster(), Roster()
    for roster in (whole, asked):
        roster.begin([], [])
    for text in list_events(name):
        event = parse_event(text).event
        whole.take(event)
        if any(f'"type": "{type}"' in text for type in TYPES):
            asked.take(event)
            assert not list_changes(whole.list_lines({}), asked.list_lines({}))


def test_a_transfer_brings_the_new_party_into_the_bridge_of_the_old_one():
    together = [numbers(lines) for lines in rosters("ari_sip_blind")]
    assert {"100", "200"} in together
    assert {"100", "300"} in together
    assert together.index({"100", "200"}) < together.index({"100", "300"})


def test_what_was_listed_by_asterisk_is_what_events_had_told():
    (listed,) = [c["answer"] for c in list_calls("ari_sip_tap") if c["path"] == "/channels"][:1]
    states = [{line.channel.id for line in lines} for lines in rosters("ari_sip_tap")]
    assert {one["id"] for one in listed} in states


def test_a_channel_that_ends_while_the_list_is_read_is_not_listed():
    roster = Roster()
    roster.take(ChannelDestroyed(CHANNEL, 16, ""))
    roster.take(ChannelCreated(replace(CHANNEL, id="1.3")))
    roster.begin([CHANNEL], [])
    assert [line.channel.id for line in roster.list_lines({})] == ["1.3"]
    roster.expect_list()
    roster.take(ChannelDestroyed(replace(CHANNEL, id="1.3"), 16, ""))
    roster.begin([replace(CHANNEL, id="1.3")], [])
    assert roster.list_lines({}) == []


def test_variables_and_recordings_are_found_by_id_or_name():
    roster = Roster()
    roster.begin([CHANNEL], [Bridge("b", ("1.2",))])
    assert roster.unread == {"1.2"}
    roster.note_variables("1.2", "1.1", "ulaw")
    roster.note_variables("9.9", "9.9", "alaw")
    line = Line(CHANNEL, "b", "1.1", "ulaw", None)
    assert roster.list_lines({"other": "call"}) == [line]
    assert roster.list_lines({"1.2": "call"}) == [replace(line, tapped="call")]
    assert roster.list_lines({"PJSIP/100-1": "call"}) == [replace(line, tapped="call")]


def test_changes_are_what_is_new_another_one_or_gone():
    before = [Line(CHANNEL), Line(replace(CHANNEL, id="1.3"), "b")]
    now = [replace(before[0], codec="ulaw"), Line(replace(CHANNEL, id="1.4"))]
    changes = list_changes(before, now)
    assert [(line.channel.id, line.channel.state) for line in changes] == [
        ("1.2", "Up"),
        ("1.4", "Up"),
        ("1.3", ENDED),
    ]
    assert changes[-1].has_ended
    assert changes[-1].bridge is None
    assert list_changes(now, now) == []


def test_a_step_in_the_dialplan_is_no_change():
    roster = Roster()
    roster.begin([CHANNEL], [])
    before = roster.list_lines({})
    roster.take(ChannelUpdated(replace(CHANNEL, application="Dial", arguments="PJSIP/200")))
    assert list_changes(before, roster.list_lines({})) == []


@pytest.mark.parametrize(
    ("channel", "is_one"),
    [
        (Channel("1", "PJSIP/100-1"), True),
        (Channel("1", "Local/100@phones-1;2"), True),
        (Channel("1", "AudioSocket/h:1-x", application="AppDial"), True),
        (Channel("1", "AudioSocket/h:1-x", application="Stasis"), False),
        (Channel("1", "WebSocket/INCOMING/0x1", application="AppDial2"), False),
        (Channel("1", "Snoop/1.2-0"), False),
        (Channel("1", "CBAnn/room-0;1"), False),
        (Channel(make_id(), "PJSIP/100-1"), False),
    ],
)
def test_who_is_a_party(channel, is_one):
    assert is_party(channel) is is_one


@pytest.mark.parametrize(
    ("value", "codec"), [("(ulaw)", "ulaw"), ("(ulaw|alaw)", "ulaw|alaw"), ("", None), ("()", None)]
)
def test_a_codec_is_read_without_its_brackets(value, codec):
    assert read_codec(value) == codec
