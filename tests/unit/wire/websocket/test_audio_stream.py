"""FreeSWITCH and jambonz: what the text says, mono, mixed and stereo, and what comes later."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from streamer.wire.websocket.audio_stream import (
    JAMBONZ,
    LEFT,
    MIXED,
    RIGHT,
    AudioStream,
    JambonzSpeaker,
    join_stereo,
    split_stereo,
)
from streamer.wire.websocket.base import (
    CallBegun,
    KeyPressed,
    LegBegun,
    MarkReached,
    Media,
    MediaFormat,
    Odd,
    Said,
    Upgrade,
)
from tests.unit.wire.websocket.messages import BOMBS, audio_of, documents, take, without_media

LISTEN = {
    "callSid": "a1",
    "direction": "inbound",
    "from": "100",
    "to": "200",
    "callerName": "Desk",
    "sampleRate": 16000,
    "mixType": "stereo",
}


def shape(query=None, *, rate=0, subprotocols=()):
    return AudioStream(Upgrade("/audio-stream", query or {}, {}, subprotocols), rate=rate)


def legs_of(messages):
    return [message for message in messages if isinstance(message, LegBegun)]


def test_stereo_of_jambonz_is_a_leg_for_each_side():
    said = take(shape(), [json.dumps(LISTEN), b"LlRrLLRR"])
    slin = MediaFormat("slin", 16_000)
    assert said == [
        CallBegun("a1", {"from": "100", "to": "200"}),
        LegBegun(LEFT, format=slin, number="100", name="Desk"),
        LegBegun(RIGHT, format=slin, number="200"),
        Media(LEFT, b"LlLL"),
        Media(RIGHT, b"RrRR"),
    ]


@pytest.mark.parametrize("mix", ["mono", "mixed", "", None, 2, ["stereo"]])
def test_anything_else_is_one_leg(mix):
    said = take(shape(), [json.dumps(LISTEN | {"mixType": mix}), b"abcd"])
    assert [leg.key for leg in legs_of(said)] == [MIXED]
    assert audio_of(said, MIXED) == b"abcd"


@pytest.mark.parametrize("first", ["", "hello", "caller=100", "[1]", "null"])
def test_any_text_may_come_first_and_none_has_to(first):
    assert take(shape(), [first, b"ab"]) == take(shape(), [b"ab"])
    assert take(shape(), [b"ab"]) == [CallBegun(""), LegBegun(MIXED), Media(MIXED, b"ab")]


@pytest.mark.parametrize(
    ("text", "query", "setting", "rate"),
    [
        ({}, {}, 0, None),
        ({}, {}, 8_000, 8_000),
        ({}, {"rate": "16000"}, 8_000, 16_000),
        ({"sampleRate": 24_000}, {"rate": "16000"}, 8_000, 24_000),
        ({"sample_rate": "48000"}, {}, 0, 48_000),
        ({"sampleRate": "16k"}, {}, 0, 16_000),
        ({"sampleRate": -1}, {}, 8_000, 8_000),
        ({"sampleRate": 1e9}, {}, 0, None),
        ({"sampleRate": "9" * 5_000}, {}, 0, None),
        ({"sampleRate": 12}, {}, 0, None),
    ],
)
def test_the_rate_is_that_of_the_text_the_query_or_the_setting(text, query, setting, rate):
    (leg,) = legs_of(take(shape(query, rate=setting), [json.dumps(text)]))
    assert leg.format == (MediaFormat("slin", rate) if rate else None)


@pytest.mark.parametrize("query", [{"mix": "stereo"}, {"mixType": "Stereo"}, {"channels": "2"}])
def test_stereo_may_be_said_in_the_query(query):
    assert [leg.key for leg in legs_of(take(shape(query), [b"LlRr"]))] == [LEFT, RIGHT]


@pytest.mark.parametrize(
    ("text", "query", "call"),
    [
        ({"callSid": "a", "callId": "b"}, {}, "a"),
        ({"uuid": "u", "callSid": "a"}, {}, "u"),
        ({"Unique-ID": "x"}, {}, "x"),
        ({"call_uuid": "../x"}, {}, "../x"),
        ({"callSid": "a"}, {"ctx": "c"}, "c"),
        ({}, {"callid": "q"}, "q"),
        ({"uuid": {"a": 1}, "callid": 5}, {}, "5"),
    ],
)
def test_the_call_is_named_by_a_registered_id_or_else_by_the_peers(text, query, call):
    assert take(shape(query), [json.dumps(text)])[0].call == call


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"event": "dtmf", "dtmf": "2", "duration": "1600"}, KeyPressed(LEFT, "2")),
        ({"event": "dtmf", "dtmf": 7}, KeyPressed(LEFT, "7")),
        ({"event": "dtmf"}, KeyPressed(LEFT, None)),
        ({"type": "mark", "data": {"name": "m", "event": "playout"}}, MarkReached("m")),
    ],
)
def test_later_texts_are_keys_and_marks(event, message):
    assert take(shape(), [json.dumps(LISTEN), json.dumps(event)])[-1] == message


@pytest.mark.parametrize(
    "text",
    ["bye", '{"reason":"stopped"}', '{"type":"mark","data":{"name":"m","event":"cleared"}}'],
)
def test_any_other_text_is_for_the_user(text):
    assert take(shape(), [json.dumps(LISTEN), text])[-1] == Said(text)


def test_a_long_text_is_cut():
    assert len(take(shape(), ["", "x" * 100_000])[-1].text) == 500


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
@pytest.mark.parametrize("place", [0, 1])
def test_a_bomb_costs_no_audio(bomb, place):
    messages: list[str | bytes] = [json.dumps(LISTEN), b"LlRr"]
    messages.insert(place, bomb)
    said = take(shape({"mix": "stereo"}), messages)
    assert audio_of(said, LEFT) == b"Ll"


def test_broken_json_about_the_call_is_counted():
    assert [type(m) for m in take(shape(), ["{'a':1}", b"ab"])] == [
        Odd,
        CallBegun,
        LegBegun,
        Media,
    ]


def test_only_jambonz_can_be_sent_to():
    assert shape().speaker is None
    assert shape(subprotocols=("audio.drachtio.org",)).speaker is None
    assert isinstance(shape(subprotocols=(JAMBONZ,)).speaker, JambonzSpeaker)


def test_jambonz_is_sent_samples_and_wishes():
    speaker = JambonzSpeaker()
    assert speaker.audio(b"ab") == b"ab"
    assert json.loads(speaker.mark("m")) == {"type": "mark", "data": {"name": "m"}}
    assert json.loads(speaker.flush()) == {"type": "killAudio"}
    assert json.loads(speaker.hang_up()) == {"type": "disconnect"}


@pytest.mark.parametrize("size", [0, 3, 1 << 20])
def test_what_is_no_message_of_samples_is_not_sent(size):
    with pytest.raises(ValueError, match="16-bit"):
        JambonzSpeaker().audio(bytes(size))


@given(st.lists(st.binary(max_size=9), max_size=12))
def test_stereo_in_slices_of_any_size_is_split_as_a_whole(pieces):
    data = b"".join(pieces)
    left, right = split_stereo(data[: len(data) - len(data) % 4])
    said = take(shape({"mix": "stereo"}), pieces)
    assert (audio_of(said, LEFT), audio_of(said, RIGHT)) == (left, right)


@given(st.binary(max_size=60).map(lambda data: data[: len(data) - len(data) % 4]))
def test_what_is_split_is_joined_again(data):
    assert join_stereo(*split_stereo(data)) == data


@given(
    st.lists(
        st.binary(max_size=8)
        | st.text(max_size=40)
        | documents(
            *LISTEN, "event", "type", "data", "dtmf", "mix", words=["stereo", "mark", "dtmf"]
        )
    ),
    st.sampled_from([{}, {"mix": "stereo"}, {"rate": "8000"}]),
)
def test_no_sequence_of_messages_raises(messages, query):
    said = take(shape(query), messages)
    begun = [leg.key for leg in legs_of(said)]
    assert begun in ([], [MIXED], [LEFT, RIGHT])
    assert {m.key for m in said if isinstance(m, Media | KeyPressed)} <= set(begun)
    assert len([m for m in without_media(said) if isinstance(m, CallBegun)]) == min(1, len(begun))
