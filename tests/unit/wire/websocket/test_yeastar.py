"""Yeastar's messages: legs and calls by their names, ends, and examples that are no JSON."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, strategies as st

from streamer.wire.websocket.base import (
    CallBegun,
    LegBegun,
    LegEnded,
    Media,
    MediaFormat,
    Odd,
    Said,
    Upgrade,
)
from streamer.wire.websocket.yeastar import FRAME_BYTES, MOST_LEGS, Yeastar, encode_message
from tests.unit.wire.websocket.messages import (
    BOMBS,
    audio_of,
    documents,
    take,
    without_media,
)

CALL, CHANNEL = "1755940023.7", "PJSIP/1009-0000001a"
SOME = base64.b64encode(b"\1\2" * 640).decode()


def shape(query=None, *, rate=0):
    return Yeastar(Upgrade("/yeastar", query or {}), rate=rate)


def line(audio=SOME, *, call=CALL, channel=CHANNEL, number="1009", status="process", callflow=""):
    return encode_message(
        audio, call=call, channel=channel, number=number, status=status, callflow=callflow
    )


def test_the_first_message_of_a_channel_names_its_call_and_its_leg():
    assert take(shape(rate=8_000), [line(callflow="queue")]) == [
        CallBegun(CALL, {"callflow": "queue"}),
        LegBegun(
            CHANNEL,
            format=MediaFormat("slin", 8_000),
            number="1009",
            channel=CHANNEL,
            frame_bytes=FRAME_BYTES,
        ),
        Media(CHANNEL, b"\1\2" * 640),
    ]


def test_two_channels_on_one_connection_are_two_legs_of_one_call():
    said = take(shape(), [line(), line(channel="b", number="0170"), line(), line(channel="b")])
    assert [m.key for m in said if isinstance(m, LegBegun)] == [CHANNEL, "b"]
    assert len([m for m in said if isinstance(m, CallBegun)]) == 1
    assert [m.key for m in said if isinstance(m, Media)] == [CHANNEL, "b", CHANNEL, "b"]


@pytest.mark.parametrize(
    ("rate", "query", "format"),
    [
        (0, {}, None),
        (8_000, {}, MediaFormat("slin", 8_000)),
        (16_000, {}, MediaFormat("slin", 16_000)),
        (8_000, {"rate": "16000"}, MediaFormat("slin", 16_000)),
        (8_000, {"rate": "many"}, MediaFormat("slin", 8_000)),
        (8_000, {"rate": "15999"}, MediaFormat("slin", 8_000)),
        (11_025, {}, None),
        (0, {"rate": "15999"}, None),
    ],
)
def test_the_rate_is_the_settings_or_has_to_be_found_out(rate, query, format):
    said = take(shape(query, rate=rate), [line()])
    assert [m.format for m in said if isinstance(m, LegBegun)] == [format]


def test_the_end_of_a_channel_is_the_end_of_its_leg_alone():
    said = take(shape(), [line(), line(channel="b"), line("", status="end"), line(channel="b")])
    assert LegEnded(CHANNEL) in said
    assert said[-1] == Media("b", b"\1\2" * 640)


def test_audio_in_the_last_message_is_kept():
    assert take(shape(), [line(status="end")])[-2:] == [
        Media(CHANNEL, b"\1\2" * 640),
        LegEnded(CHANNEL),
    ]


def test_a_channel_that_has_ended_does_not_come_back():
    said = take(shape(), [line(), line("", status="end"), line()])
    assert isinstance(said[-1], Odd)


@pytest.mark.parametrize("status", ["", "begin", "Process"])
def test_audio_of_an_unknown_status_is_kept(status):
    assert audio_of(take(shape(), [line(status=status)]), CHANNEL)


def test_a_second_call_on_a_connection_is_said_once_and_kept_with_the_first():
    said = take(shape(), [line(), line(call="x", channel="b"), line(call="x", channel="b")])
    assert len([m for m in said if isinstance(m, CallBegun)]) == 1
    assert [m.text for m in said if isinstance(m, Said)] == [
        "this connection carries another call too, which is kept with it: x"
    ]
    assert len(audio_of(said, "b")) == 2 * FRAME_BYTES


def test_calls_and_channels_without_number_do_not_grow_without_bound():
    lines = [line(call=f"c{n}", channel=f"p{n}") for n in range(3 * MOST_LEGS)]
    said = take(shape(), lines)
    assert len([m for m in said if isinstance(m, LegBegun)]) == MOST_LEGS
    assert len([m for m in said if isinstance(m, Said)]) < 20
    assert len([m for m in said if isinstance(m, Odd)]) == 2 * MOST_LEGS


@pytest.mark.parametrize(
    "text",
    [
        '{"callid":"1.7" "channelid":"P]SIP/1009","audio":""}',
        "{'callid':'1.7','channelid':'a','audio':''}",
        '{"callid":”1.7”,"channelid":"a"}',
        '{"callid":"1.7","channelid":"","audio":""}',
        '{"channelid":"a","audio":""}',
        '{"callid":"1.7","channelid":"a","audio":"!!!!"}',
        '{"callid":"1.7","channelid":"a","audio":"AAAAA"}',
        '{"callid":"1.7","channelid":"a","audio":"Ä"}',
        '{"callid":"1.7","channelid":"a","audio":["AAAA"]}',
        '{"callid":"1.7","channelid":"a","audio":1234}',
        '{"callid":{"a":1},"channelid":"a"}',
        '["callid"]',
    ],
)
def test_what_is_broken_is_counted_and_costs_nothing_behind_it(text):
    said = take(shape(), [text, line()])
    assert isinstance(said[0], Odd)
    assert said[0].size == len(text.encode())
    assert audio_of(said, CHANNEL) == b"\1\2" * 640


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_a_bomb_is_counted(bomb):
    said = take(shape(), [bomb, b"\0" * 1000, line()])
    assert [type(message) for message in said[:2]] == [Odd, Odd]
    assert audio_of(said, CHANNEL)


def test_names_are_taken_as_they_are():
    said = take(shape(), [line(call="../../x", channel="/etc/passwd\n")])
    assert said[0] == CallBegun("../../x")
    assert said[1].key == "/etc/passwd\n"


def test_numbers_where_strings_belong_are_read_as_digits():
    text = json.dumps({"callid": 17, "channelid": 4, "number": 100, "status": None, "audio": None})
    call, leg = take(shape(), [text])
    assert (call.call, leg.key, leg.number) == ("17", "4", "100")


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10)


@given(audio=st.binary(max_size=40), call=names, channel=names, number=names, rate=st.just(8_000))
def test_a_message_is_read_back(audio, call, channel, number, rate):
    text = line(base64.b64encode(audio).decode(), call=call, channel=channel, number=number)
    said = take(shape(rate=rate), [text])
    begun, leg = without_media(said)
    assert (begun.call, leg.key, leg.number) == (call, channel, number)
    assert audio_of(said, channel) == audio


@given(
    st.lists(
        st.binary(max_size=8)
        | st.text(max_size=40)
        | documents(
            "callid", "channelid", "number", "callflow", "status", "audio", words=["end", SOME]
        )
    )
)
def test_no_sequence_of_messages_raises(messages):
    said = take(shape(), messages)
    begun: set[str] = set()
    for message in said:
        if isinstance(message, LegBegun):
            assert message.key not in begun
            begun.add(message.key)
        elif isinstance(message, Media | LegEnded):
            assert message.key in begun
