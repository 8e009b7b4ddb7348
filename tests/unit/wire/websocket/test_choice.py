"""Which shape a connection has, and what is said of one that has none."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from streamer.wire.websocket.base import Upgrade
from streamer.wire.websocket.choice import (
    PATHS,
    SHAPES,
    Refusal,
    choose,
    choose_subprotocol,
    explain_unknown,
)
from tests.unit.wire.websocket.messages import BOMBS, documents


def source_of(made):
    return next((name for name, make in SHAPES.items() if make is made), made)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("/media", "chan-websocket"),
        ("/media/", "chan-websocket"),
        ("/media/lab", "chan-websocket"),
        ("/v1/talk/asterisk/ctx/40325ec2", "chan-websocket"),
        ("/v1/talk/asterisk/ctx/", "chan-websocket"),
        ("/yeastar", "yeastar"),
        ("/yeastar/office/2", "yeastar"),
        ("/twilio", "twilio"),
        ("/audio-stream", "audio-stream"),
    ],
)
def test_a_known_path_decides_at_once_whatever_else_comes(path, source):
    for message in (None, b"ab", '{"event":"start"}'):
        made = choose(Upgrade(path, subprotocols=("media", "x")), message)
        assert source_of(made) == source


@pytest.mark.parametrize("path", ["/", "", "/mediator", "/v1/talk/asterisk/ctx/a/event", "media"])
@pytest.mark.parametrize(
    ("subprotocol", "source"),
    [
        ("media", "chan-websocket"),
        ("audio.jambonz.org", "audio-stream"),
        ("audio.drachtio.org", "audio-stream"),
    ],
)
def test_elsewhere_a_known_sub_protocol_decides(path, subprotocol, source):
    upgrade = Upgrade(path, subprotocols=("chat", subprotocol))
    assert source_of(choose(upgrade)) == source
    assert choose_subprotocol(upgrade) == subprotocol


@pytest.mark.parametrize(
    ("message", "source"),
    [
        ("MEDIA_START format:ulaw", "chan-websocket"),
        ("MEDIA_START\tformat:ulaw", "chan-websocket"),
        ('{"event":"MEDIA_START"}', "chan-websocket"),
        ('{"event":"connected","protocol":"Call"}', "twilio"),
        ('{"event":"start","start":{}}', "twilio"),
        ('{"channelid":"a","callid":"b","audio":""}', "yeastar"),
        ('{"callSid":"a","sampleRate":8000,"mixType":"mono"}', "audio-stream"),
    ],
)
def test_with_neither_the_first_text_is_waited_for_and_decides(message, source):
    upgrade = Upgrade("/", subprotocols=("chat",))
    assert choose(upgrade) is None
    assert choose(upgrade, b"audio") is None
    assert source_of(choose(upgrade, message)) == source


@pytest.mark.parametrize(
    "message", ["hello", "{}", '{"event":5}', '{"callid":"a"}', "MEDIA_STARTED", "", "[]"]
)
def test_what_nobody_speaks_is_refused_with_what_came(message):
    refusal = choose(Upgrade("/x\x1b[2J", subprotocols=("chat\n",)), message)
    assert isinstance(refusal, Refusal)
    assert "/x\\x1b[2J" in refusal.line
    assert "chat\\n" in refusal.line
    assert message in refusal.line
    assert all(path in refusal.line for path in PATHS)
    assert refusal.line.isprintable()


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_a_bomb_is_refused_with_a_short_line(bomb):
    refusal = choose(Upgrade("/" * 10_000, subprotocols=("a" * 10_000,) * 100), bomb)
    assert isinstance(refusal, Refusal)
    assert len(refusal.line) < 1_200


def test_a_connection_that_says_nothing_is_explained_too():
    assert "which did not come" in explain_unknown(Upgrade("/"), None)
    assert "(none)" in explain_unknown(Upgrade("/"), None)
    assert "7 bytes that are no text" in explain_unknown(Upgrade("/"), b"1234567")


@pytest.mark.parametrize("path", ["/yeastar", "/", "/media"])
def test_a_sub_protocol_of_another_shape_is_not_answered(path):
    assert choose_subprotocol(Upgrade(path, subprotocols=("chat",))) == ""
    assert choose_subprotocol(Upgrade("/yeastar", subprotocols=("media",))) == ""
    assert choose_subprotocol(Upgrade("/media", subprotocols=("x", "media"))) == "media"


@given(
    st.text(max_size=20),
    st.lists(st.text(max_size=8), max_size=3),
    st.none() | st.binary(max_size=8) | st.text(max_size=20) | documents("event", "callid"),
)
def test_no_connection_raises(path, subprotocols, message):
    made = choose(Upgrade(path, subprotocols=tuple(subprotocols)), message)
    assert made is None or isinstance(made, Refusal) or made in SHAPES.values()
