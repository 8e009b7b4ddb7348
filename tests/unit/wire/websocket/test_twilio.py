"""Media Streams as each cloud spells them, what is sent back to each, and what nobody sends."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamer.wire.websocket.base import (
    CallBegun,
    CallEnded,
    KeyPressed,
    LegBegun,
    MarkReached,
    Media,
    MediaFormat,
    Odd,
    Said,
    Upgrade,
)
from streamer.wire.websocket.twilio import STREAM_IDS, TRACKS, StreamSpeaker, Twilio
from tests.unit.wire.websocket.messages import BOMBS, audio_of, documents, take, without_media

ULAW = MediaFormat("ulaw", 8_000)
CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}'
TWILIO: dict[str, Any] = {
    "event": "start",
    "sequenceNumber": "1",
    "start": {
        "accountSid": "AC1",
        "streamSid": "MZ1",
        "callSid": "CA1",
        "tracks": ["inbound", "outbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"from": "+4930", "to": "+4940", "agent": "7"},
    },
    "streamSid": "MZ1",
}
TELNYX: dict[str, Any] = {
    "event": "start",
    "sequence_number": "1",
    "start": {
        "user_id": "u",
        "call_control_id": "v2:x",
        "call_session_id": "ff55a038",
        "from": "+1555",
        "to": "+1666",
        "media_format": {"encoding": "PCMA", "sample_rate": 8000, "channels": 1},
    },
    "stream_id": "32DE",
}
PLIVO: dict[str, Any] = {
    "sequenceNumber": 0,
    "event": "start",
    "start": {
        "callId": "c1",
        "streamId": "s1",
        "accountId": "a",
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-l16", "sampleRate": 16000},
    },
    "extra_headers": "{}",
}
EXOTEL: dict[str, Any] = {
    "event": "start",
    "stream_sid": "MZ2",
    "start": {
        "stream_sid": "MZ2",
        "call_sid": "CA2",
        "from": "+91",
        "to": "+92",
        "media_format": {"encoding": "audio/x-raw", "sample_rate": "8000", "bit_rate": "16"},
    },
}


def shape(rate=0):
    return Twilio(Upgrade("/twilio"), rate=rate)


def media(payload=b"\xff" * 160, track="inbound"):
    audio = base64.b64encode(payload).decode()
    fields = {"chunk": "1", "timestamp": "20", "payload": audio}
    return json.dumps({"event": "media", "media": fields | ({"track": track} if track else {})})


def started(start=TWILIO):
    decoder = shape()
    return decoder, take(decoder, [CONNECTED, json.dumps(start)])


def test_two_tracks_are_two_legs_of_one_call_with_their_numbers():
    _, said = started()
    assert said == [
        CallBegun("CA1", {"from": "+4930", "to": "+4940", "agent": "7"}),
        LegBegun("inbound", format=ULAW, number="+4930"),
        LegBegun("outbound", format=ULAW, number="+4940"),
    ]


@pytest.mark.parametrize(
    ("start", "call", "format"),
    [
        (TWILIO, "CA1", ULAW),
        (TELNYX, "ff55a038", MediaFormat("alaw", 8_000)),
        (PLIVO, "c1", MediaFormat("slin", 16_000)),
        (EXOTEL, "CA2", MediaFormat("slin", 8_000)),
    ],
)
def test_each_clouds_start_and_first_audio_make_a_leg(start, call, format):
    decoder, said = started(start)
    said += decoder.take_text(media(b"abcd"))
    assert said[0].call == call
    legs = [m for m in said if isinstance(m, LegBegun)]
    assert (legs[0].key, legs[0].format) == ("inbound", format)
    assert said[-1] == Media("inbound", b"abcd")


def test_a_track_that_is_not_named_is_the_inbound_one():
    decoder, said = started(EXOTEL)
    assert [type(m) for m in said] == [CallBegun]
    assert list(decoder.take_text(media(b"ab", track=""))) == [
        LegBegun("inbound", format=MediaFormat("slin", 8_000), number="+91"),
        Media("inbound", b"ab"),
    ]


@pytest.mark.parametrize(
    ("tracks", "keys"),
    [
        (["inbound"], ["inbound"]),
        (["inbound_track"], ["inbound"]),
        ("both_tracks", ["inbound", "outbound"]),
        (["both"], ["inbound", "outbound"]),
        ("outbound", ["outbound"]),
        ([5, None, {"a": 1}], []),
        ({}, []),
    ],
)
def test_tracks_are_read_in_each_spelling(tracks, keys):
    _, said = started(TWILIO | {"start": TWILIO["start"] | {"tracks": tracks}})
    assert [m.key for m in said if isinstance(m, LegBegun)] == keys


@pytest.mark.parametrize(
    ("encoding", "rate", "format"),
    [
        ("audio/x-mulaw", 8_000, ULAW),
        ("PCMU", None, ULAW),
        ("mulaw", 44_100, ULAW),
        ("PCMA", 8_000, MediaFormat("alaw", 8_000)),
        ("G722", 8_000, MediaFormat("g722", 16_000)),
        ("OPUS", 8_000, MediaFormat("opus", 48_000)),
        ("L16", 24_000, MediaFormat("slin", 24_000)),
        ("L16", "16000", MediaFormat("slin", 16_000)),
        ("audio/x-l16;rate=16000", None, MediaFormat("slin", 16_000)),
        ("L16@24000h", None, MediaFormat("slin", 24_000)),
        ("L16", True, MediaFormat("slin", 8_000)),
        ("audio/l16;rate=999999", None, MediaFormat("slin", 8_000)),
        ("AMR-WB", 16_000, MediaFormat("amr-wb", 0)),
        (None, None, ULAW),
        ({}, [], ULAW),
    ],
)
def test_codecs_are_known_by_each_of_their_names(encoding, rate, format):
    said = {"encoding": encoding, "sampleRate": rate}
    _, came = started(TWILIO | {"start": TWILIO["start"] | {"mediaFormat": said}})
    assert {m.format for m in came if isinstance(m, LegBegun)} == {format}


def test_audio_before_the_start_is_kept():
    said = take(shape(), [media(b"ab", "outbound"), json.dumps(TELNYX)])
    assert [type(m) for m in said] == [Media, CallBegun, LegBegun]
    assert said[2].key == "outbound"


@pytest.mark.parametrize("name", ["contextId", "ctx", "uuid"])
def test_a_registered_id_may_stand_in_the_parameters(name):
    own = {name: "../a"}
    _, said = started(TWILIO | {"start": TWILIO["start"] | {"customParameters": own}})
    assert said[0].call == "../a"


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (
            {"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": "1"}},
            KeyPressed("inbound", "1"),
        ),
        ({"event": "dtmf", "dtmf": {"digit": 5}}, KeyPressed("inbound", "5")),
        (
            {"event": "dtmf", "dtmf": {"track": "../x", "digit": "w"}},
            KeyPressed("inbound", None, b"W"),
        ),
        ({"event": "dtmf"}, KeyPressed("inbound", None)),
        ({"event": "mark", "mark": {"name": "m"}}, MarkReached("m")),
        ({"event": "playedStream", "name": "m"}, MarkReached("m")),
        ({"event": "stop", "stop": {"callSid": "CA1"}}, CallEnded()),
        ({"event": "stop", "stop": {"reason": "callended"}}, CallEnded(text="callended")),
        ({"event": "stop"}, CallEnded()),
        (
            {"event": "error", "payload": {"code": 100002, "title": "unknown", "detail": "x"}},
            Said("error 100002 unknown x"),
        ),
    ],
)
def test_every_other_event_is_told_apart(event, message):
    decoder, _ = started()
    assert list(decoder.take_text(json.dumps(event))) == [message]


@pytest.mark.parametrize(
    "text",
    [
        '{"event":"unknown"}',
        '{"event":"media"}',
        '{"event":"media","media":{"payload":"!!"}}',
        '{"event":"media","media":{"payload":""}}',
        '{"event":"media","media":{"payload":123}}',
        '{"event":"media","media":{"payload":["AAAA"]}}',
        '{"event":"media","media":{"track":"third","payload":"AAAA"}}',
        '{"event":"media","media":"AAAA"}',
        '{"event":"start","start":[]}',
        "MEDIA_START",
        json.dumps(TWILIO),
    ],
)
def test_what_is_broken_is_counted_and_costs_nothing_behind_it(text):
    decoder, _ = started()
    assert [type(m) for m in decoder.take_text(text)] == [Odd]
    assert list(decoder.take_text(media(b"ab"))) == [Media("inbound", b"ab")]


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_a_bomb_is_counted(bomb):
    decoder = shape()
    assert {type(m) for m in take(decoder, [bomb, b"bytes"])} == {Odd}
    assert any(isinstance(m, LegBegun) for m in decoder.take_text(json.dumps(TWILIO)))


def test_nothing_is_sent_before_the_start():
    assert shape().speaker is None


@pytest.mark.parametrize(
    ("start", "own"),
    [
        (TWILIO, {"streamSid": "MZ1"}),
        (TELNYX, {"stream_id": "32DE"}),
        (EXOTEL, {"stream_sid": "MZ2"}),
    ],
)
def test_each_cloud_is_answered_in_its_own_spelling(start, own):
    speaker = started(start)[0].speaker
    assert (
        json.loads(speaker.audio(b"ab")) == {"event": "media", "media": {"payload": "YWI="}} | own
    )
    assert json.loads(speaker.mark("m")) == {"event": "mark", "mark": {"name": "m"}} | own
    assert json.loads(speaker.flush()) == {"event": "clear"} | own
    assert speaker.hang_up() is None


def test_plivo_is_sent_what_it_alone_takes():
    speaker = started(PLIVO)[0].speaker
    own = {"streamId": "s1"}
    payload = {"payload": "YWI=", "contentType": "audio/x-l16", "sampleRate": 16_000}
    assert json.loads(speaker.audio(b"ab")) == {"event": "playAudio", "media": payload} | own
    assert json.loads(speaker.mark("m")) == {"event": "checkpoint", "name": "m"} | own
    assert json.loads(speaker.flush()) == {"event": "clearAudio"} | own


@pytest.mark.parametrize("size", [0, 1 << 20])
def test_impossible_amounts_of_audio_are_not_sent(size):
    with pytest.raises(ValueError, match="bytes of audio"):
        StreamSpeaker("s").audio(bytes(size))


@given(payload=st.binary(min_size=1, max_size=50), name=st.sampled_from(STREAM_IDS), mark=st.text())
def test_what_is_sent_reads_as_what_comes(payload, name, mark):
    speaker = StreamSpeaker("s", name)
    decoder, _ = started()
    sent = json.loads(speaker.audio(payload)) | {"event": "media"}
    assert audio_of(decoder.take_text(json.dumps(sent)), "inbound") == payload
    asked = json.loads(speaker.mark(mark))
    asked["event"] = "playedStream" if asked["event"] == "checkpoint" else "mark"
    assert list(decoder.take_text(json.dumps(asked))) == [MarkReached(mark)]


@given(
    st.lists(
        st.binary(max_size=8)
        | st.text(max_size=40)
        | st.sampled_from([json.dumps(TWILIO), media(), media(track="outbound")])
        | documents(
            "event",
            "start",
            "media",
            "track",
            "tracks",
            "payload",
            "dtmf",
            "mark",
            "mediaFormat",
            "encoding",
            "sampleRate",
            "streamSid",
            "stop",
            words=["start", "media", "dtmf", "mark", "stop", "error", "outbound", "L16"],
        )
    )
)
def test_no_sequence_of_messages_raises(messages):
    said = take(shape(), messages)
    legs = [m.key for m in said if isinstance(m, LegBegun)]
    assert len(legs) == len(set(legs))
    assert set(legs) <= set(TRACKS)
    assert {m.key for m in said if isinstance(m, Media | KeyPressed)} <= set(TRACKS)
    assert len([m for m in without_media(said) if isinstance(m, CallBegun)]) <= 1
