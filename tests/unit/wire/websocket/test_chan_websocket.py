"""chan_websocket: captured connections, each event in both spellings, and what no Asterisk sends."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from streamer.wire.websocket.base import (
    CallBegun,
    CallEnded,
    FlowChanged,
    KeyPressed,
    LegBegun,
    MarkReached,
    Media,
    MediaFormat,
    Odd,
    Said,
    Upgrade,
)
from streamer.wire.websocket.chan_websocket import (
    KEY,
    MOST_AUDIO,
    MOST_COMMAND,
    ChanWebSocket,
    encode_json,
    encode_plain,
    parse_plain,
)
from tests.conftest import TRACES
from tests.unit.wire.websocket.messages import (
    BOMBS,
    audio_of,
    documents,
    read_trace,
    take,
    without_media,
)

NAMES = sorted(path.stem for path in TRACES.glob("chan_websocket_*.jsonl"))
ID = "40325ec2-5efd-4bd3-805f-53576e581d13"
START = {
    "event": "MEDIA_START",
    "connection_id": "conn1",
    "channel": "WebSocket/conn1/0x7f",
    "channel_id": "17.2",
    "format": "slin16",
    "optimal_frame_size": "640",
    "ptime": "20",
}
PLAIN, JSON = encode_plain(START), encode_json(START)


def shape(path="/media", **query):
    return ChanWebSocket(Upgrade(path, query))


def read(line, decoder=None):
    return list((decoder or shape()).take_text(line))


def call_of(messages):
    return next(message.call for message in messages if isinstance(message, CallBegun))


def leg_of(messages):
    return next(message for message in messages if isinstance(message, LegBegun))


@pytest.mark.parametrize("name", NAMES)
def test_every_captured_connection_is_one_call_with_one_leg_of_slin16(name):
    upgrade, messages = read_trace(name)
    said = take(ChanWebSocket(upgrade), messages)
    call, leg = without_media(said)[:2]
    assert isinstance(call, CallBegun)
    assert call.call
    assert leg.format == MediaFormat("slin", 16_000)
    assert (leg.frame_bytes, leg.ptime_ms) == (640, 20)
    assert leg.channel.startswith("WebSocket/")
    assert audio_of(said, KEY) == b"".join(m for m in messages if isinstance(m, bytes))
    assert not [message for message in said if isinstance(message, Odd)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 2, 3, 323, 100_000])
def test_audio_of_a_captured_connection_is_the_same_in_slices_of_any_size(name, size):
    upgrade, messages = read_trace(name)
    sliced = [
        piece
        for message in messages
        for piece in (
            [message]
            if isinstance(message, str)
            else [message[start : start + size] for start in range(0, len(message), size)]
        )
    ]
    whole, cut = take(ChanWebSocket(upgrade), messages), take(ChanWebSocket(upgrade), sliced)
    assert audio_of(cut, KEY) == audio_of(whole, KEY)
    assert without_media(cut) == without_media(whole)


def test_a_captured_call_of_a_phone_says_its_number_and_its_key():
    said = without_media(take(*_trace("chan_websocket_sip_echo_dtmf_hold")))
    assert said[0] == CallBegun("1795854063.5", {"from": "100"})
    assert said[1].number == "100"
    assert said[2:] == [KeyPressed(KEY, "7")]


@pytest.mark.parametrize("name", ["chan_websocket_json", "chan_websocket_plaintext"])
def test_captured_answers_are_a_state_and_a_mark(name):
    status, mark = without_media(take(*_trace(name)))[2:]
    assert status.text == (
        "STATUS queue_length:0 xon_level:800 xoff_level:900 queue_full:false bulk_media:false"
        " media_paused:false"
    )
    assert mark == MarkReached("mark-1")


@pytest.mark.parametrize(
    ("path", "query", "variables", "call"),
    [
        ("/media", {}, {}, "17.2"),
        ("/media/lab", {}, {}, "17.2"),
        (f"/media/{ID}", {}, {}, ID),
        (f"/v1/talk/asterisk/ctx/{ID}", {"ctx": "other"}, {}, ID),
        ("/v1/talk/asterisk/ctx/my%20id/", {}, {}, "my id"),
        ("/v1/talk/asterisk/ctx/", {}, {}, "17.2"),
        ("/", {"contextId": "a", "ctx": "b", "uuid": "c"}, {}, "a"),
        ("/", {"ctx": "b", "uuid": "c"}, {}, "b"),
        ("/", {"uuid": "../../etc/passwd"}, {}, "../../etc/passwd"),
        ("/", {"callid": "17.1"}, {}, "17.1"),
        ("/", {"callid": "17.1"}, {"RAPIDA_CONTEXT_ID": "ctx"}, "ctx"),
        ("/", {"uuid": "c"}, {"RAPIDA_CONTEXT_ID": "ctx"}, "c"),
        ("/", {}, {"DIALEDPEERNUMBER": "conn1", "MY_CALL": ID.upper()}, ID.upper()),
        ("/", {}, {"MEDIA_WEBSOCKET_CONNECTION_ID": ID}, "17.2"),
        ("/", {}, {"RAPIDA_CONTEXT_ID": ""}, "17.2"),
        ("/", {}, {"RAPIDA_CONTEXT_ID": None, "uuid": 12}, "12"),
    ],
)
def test_the_call_is_named_by_path_query_variable_and_channel_in_this_order(
    path, query, variables, call
):
    said = take(shape(path, **query), [encode_json(START | {"channel_variables": variables})])
    assert call_of(said) == call


def test_an_id_in_the_upgrade_is_known_before_any_message():
    assert list(shape(uuid="c", caller="100", dnid="200").begin()) == [
        CallBegun("c", {"from": "100", "to": "200"})
    ]
    assert list(shape().begin()) == []


def test_audio_before_media_start_is_kept():
    assert take(shape(), [b"ab", PLAIN]) == [
        Media(KEY, b"ab"),
        CallBegun("17.2"),
        LegBegun(
            KEY,
            format=MediaFormat("slin", 16_000),
            channel="WebSocket/conn1/0x7f",
            frame_bytes=640,
            ptime_ms=20,
        ),
    ]


def test_a_channel_name_may_hold_colons():
    line = encode_plain(START | {"channel": "WebSocket/a:b/0x1"})
    assert leg_of(read(line)).channel == "WebSocket/a:b/0x1"


def test_an_older_asterisk_that_says_less_is_understood():
    (call, leg) = read("MEDIA_START connection_id:c channel:WebSocket/c/0x1 format:ulaw")
    assert call == CallBegun("WebSocket/c/0x1")
    assert (leg.format, leg.frame_bytes, leg.ptime_ms) == (MediaFormat("ulaw", 8_000), 0, 0)


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("ulaw", MediaFormat("ulaw", 8_000)),
        ("alaw", MediaFormat("alaw", 8_000)),
        ("g722", MediaFormat("g722", 16_000)),
        ("opus", MediaFormat("opus", 48_000)),
        ("slin", MediaFormat("slin", 8_000)),
        ("slin12", MediaFormat("slin", 12_000)),
        ("slin16", MediaFormat("slin", 16_000)),
        ("slin24", MediaFormat("slin", 24_000)),
        ("slin32", MediaFormat("slin", 32_000)),
        ("slin44", MediaFormat("slin", 44_100)),
        ("slin48", MediaFormat("slin", 48_000)),
        ("slin96", MediaFormat("slin", 96_000)),
        ("slin192", MediaFormat("slin", 192_000)),
        ("g729", MediaFormat("g729", 0)),
        ("", MediaFormat("", 0)),
    ],
)
@pytest.mark.parametrize("encode", [encode_plain, encode_json])
def test_every_format_has_its_rate_and_one_that_nobody_reads_has_none(name, format, encode):
    assert leg_of(read(encode(START | {"format": name}))).format == format


@pytest.mark.parametrize(
    ("field", "value", "read_as"),
    [
        ("optimal_frame_size", 640, (640, 20)),
        ("optimal_frame_size", "x", (0, 20)),
        ("optimal_frame_size", -5, (0, 20)),
        ("optimal_frame_size", 1 << 70, (0, 20)),
        ("optimal_frame_size", 640.5, (0, 20)),
        ("optimal_frame_size", True, (0, 20)),
        ("ptime", 60, (640, 60)),
        ("ptime", "²", (640, 0)),
        ("ptime", [20], (640, 0)),
    ],
)
def test_sizes_are_taken_as_they_come_and_impossible_ones_are_none(field, value, read_as):
    leg = leg_of(read(encode_json(START | {field: value})))
    assert (leg.frame_bytes, leg.ptime_ms) == read_as


@pytest.mark.parametrize(
    ("plain", "fields", "message"),
    [
        ("DTMF_END digit:1 channel_id:1.2", {"digit": "1"}, KeyPressed(KEY, "1")),
        ("DTMF_END digit:a", {"digit": "a"}, KeyPressed(KEY, "A")),
        ("DTMF_END digit:#", {"digit": "#"}, KeyPressed(KEY, "#")),
        ("DTMF_END digit:E", {"digit": "E"}, KeyPressed(KEY, None, b"E")),
        ("DTMF_END digit:12", {"digit": 12}, KeyPressed(KEY, None, b"12")),
        ("DTMF_END", {"digit": None}, KeyPressed(KEY, None)),
        ("MEDIA_XOFF", {"channel_id": "1.2"}, FlowChanged(may_send=False)),
        ("MEDIA_XON", {}, FlowChanged(may_send=True)),
        ("MEDIA_MARK_PROCESSED m:1", {"correlation_id": "m:1"}, MarkReached("m:1")),
        ("MEDIA_MARK_PROCESSED", {}, MarkReached("")),
        ("QUEUE_DRAINED", {"channel_id": "1.2"}, Said("QUEUE_DRAINED")),
        (
            "MEDIA_BUFFERING_COMPLETED b",
            {"correlation_id": "b"},
            Said("MEDIA_BUFFERING_COMPLETED correlation_id:b"),
        ),
        (
            "ERROR channel_id:1.2 error_text:no such a:b thing",
            {"channel_id": "1.2", "error_text": "no such a:b thing"},
            Said("ERROR no such a:b thing"),
        ),
        ("MEDIA_STOP", {}, CallEnded()),
    ],
)
def test_every_event_means_the_same_in_both_spellings(plain, fields, message):
    assert read(plain) == [message]
    assert read(json.dumps({"event": plain.split()[0]} | fields)) == [message]


@pytest.mark.parametrize(
    "line", ["HELLO", "media_start", "{}", '{"event":5}', '{"event":null}', "a b"]
)
def test_an_unknown_line_is_counted_and_shown(line):
    (message,) = read(line)
    assert message == Odd(f"no event of chan_websocket: {line}", len(line))


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_a_bomb_is_odd_and_the_next_line_is_read(bomb):
    decoder = shape()
    assert not any(isinstance(message, LegBegun) for message in read(bomb, decoder))
    assert any(isinstance(message, LegBegun) for message in read(JSON, decoder))


def test_an_odd_line_is_shown_by_its_beginning():
    (message,) = read("x" * 1_000_000)
    assert message.size == 1_000_000
    assert len(message.message) < 300


def test_a_second_media_start_changes_nothing():
    said = take(shape(), [PLAIN, PLAIN])
    assert [type(message) for message in said] == [CallBegun, LegBegun, Odd]


def test_an_empty_message_is_odd():
    assert [type(message) for message in take(shape(), [b""])] == [Odd]


def test_a_number_where_a_string_belongs_is_read_as_digits():
    said = read(json.dumps(START | {"channel_id": 17, "channel": {"a": 1}, "format": ["x"]}))
    assert (call_of(said), leg_of(said).channel, leg_of(said).format) == (
        "17",
        "",
        MediaFormat("", 0),
    )


def test_half_a_character_never_reaches_a_file():
    said = read('{"event":"MEDIA_START","channel_id":"\\ud800"}')
    assert call_of(said) == "?"


def test_commands_are_written_as_the_first_line_was():
    plain, spoken = shape(), shape()
    read(PLAIN, plain)
    read(JSON, spoken)
    read(PLAIN, spoken)
    for decoder in (shape(), plain):
        assert decoder.speaker.hang_up() == "HANGUP"
        assert decoder.speaker.mark("m-1") == "MARK_MEDIA m-1"
        assert decoder.speaker.flush() == "FLUSH_MEDIA"
    assert spoken.speaker.hang_up() == '{"command":"HANGUP"}'
    assert spoken.speaker.mark("m-1") == '{"command":"MARK_MEDIA","correlation_id":"m-1"}'
    assert spoken.speaker.answer() == '{"command":"ANSWER"}'
    assert spoken.speaker.status() == '{"command":"GET_STATUS"}'


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "\x1b", "m" * MOST_COMMAND, "é" * 60])
@pytest.mark.parametrize("line", [PLAIN, JSON])
def test_a_mark_that_asterisk_would_drop_is_not_sent(name, line):
    decoder = shape()
    read(line, decoder)
    with pytest.raises(ValueError, match="mark|128"):
        decoder.speaker.mark(name)


def test_audio_is_sent_as_it_is_up_to_what_asterisk_takes():
    assert shape().speaker.audio(bytes(MOST_AUDIO)) == bytes(MOST_AUDIO)
    for size in (0, MOST_AUDIO + 1):
        with pytest.raises(ValueError, match="bytes of audio"):
            shape().speaker.audio(bytes(size))


@given(
    st.lists(
        st.binary(max_size=20)
        | st.text(max_size=60)
        | st.sampled_from([PLAIN, JSON, "MEDIA_XOFF", "DTMF_END digit:1", "ERROR error_text:"])
        | documents(
            "event",
            *START,
            "digit",
            "correlation_id",
            "channel_variables",
            words=["STATUS", "MEDIA_START"],
        )
    )
)
def test_no_sequence_of_messages_raises(messages):
    decoder = shape()
    said = take(decoder, messages)
    assert len([m for m in said if isinstance(m, LegBegun)]) <= 1
    assert audio_of(said, KEY) == b"".join(m for m in messages if isinstance(m, bytes))
    assert decoder.speaker.hang_up()


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=12
)


@given(channel=words, channel_id=words, size=st.integers(1, MOST_AUDIO), ptime=st.integers(1, 1000))
def test_a_valid_media_start_is_read_back_from_both_spellings(channel, channel_id, size, ptime):
    fields = START | {
        "channel": channel,
        "channel_id": channel_id,
        "optimal_frame_size": str(size),
        "ptime": str(ptime),
    }
    plain, spoken = read(encode_plain(fields)), read(encode_json(fields))
    assert plain == spoken
    assert call_of(plain) == channel_id
    leg = leg_of(plain)
    assert (leg.channel, leg.frame_bytes, leg.ptime_ms) == (channel, size, ptime)


@given(words)
def test_a_mark_that_is_sent_comes_back_by_its_name(name):
    try:
        command = shape().speaker.mark(name)
    except ValueError:
        return
    word = command.removeprefix("MARK_MEDIA ")
    assert read(f"MEDIA_MARK_PROCESSED {word}") == [MarkReached(name)]


@given(st.text(max_size=80))
def test_any_plain_line_has_an_event(line):
    assert "event" in parse_plain(line)


def _trace(name):
    upgrade, messages = read_trace(name)
    return ChanWebSocket(upgrade), messages
