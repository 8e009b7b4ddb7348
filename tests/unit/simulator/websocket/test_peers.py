"""What Asterisk and Twilio make of what is sent to them."""

from __future__ import annotations

import json
import math

import pytest

from streamer.simulator.websocket.asterisk import FULL_AT, XOFF_AT, XON_AT
from streamer.simulator.websocket.heard import Ending, Heard
from streamer.simulator.websocket.peers import make_peer
from streamer.wire.websocket.base import FlowChanged, MarkReached, MediaFormat, Said, Upgrade
from streamer.wire.websocket.chan_websocket import ChanWebSocket, Commands
from streamer.wire.websocket.twilio import StreamSpeaker

FRAME = b"\x00\x40" * 320
SLIN16 = MediaFormat("slin", 16_000)


def asterisk(*, is_json=False):
    heard = Heard(SLIN16, 0.0)
    return make_peer("chan-websocket", heard, call="17.1", format=SLIN16, now=0.0, is_json=is_json)


def twilio():
    format = MediaFormat("ulaw", 8_000)
    return make_peer("twilio", Heard(format, 0.0), call="1", format=format, now=0.0)


def read(lines):
    decoder = ChanWebSocket(Upgrade("/"))
    return [message for line in lines for message in decoder.take_text(line)]


@pytest.mark.parametrize("is_json", [False, True])
def test_a_mark_is_reached_when_what_was_before_it_has_been_played(is_json):
    peer = asterisk(is_json=is_json)
    commands = Commands()
    commands.learn(is_json=is_json)
    assert list(peer.take(FRAME * 3, 0.0)) == []
    assert list(peer.take(commands.mark("m"), 0.0)) == []
    assert list(peer.advance(0.05)) == []
    assert peer.due < math.inf
    assert read(peer.advance(0.061)) == [MarkReached("m")]
    assert peer.due == math.inf


def test_a_mark_behind_nothing_is_reached_at_once():
    assert read(asterisk().take("MARK_MEDIA m", 1.0)) == [MarkReached("m")]


def test_a_flush_drops_what_is_queued():
    peer = asterisk()
    list(peer.take(FRAME * 100, 0.0))
    list(peer.take("FLUSH_MEDIA", 0.0))
    assert read(peer.take("MARK_MEDIA m", 0.0)) == [MarkReached("m")]


def test_a_long_queue_is_told_and_one_that_is_short_again():
    peer = asterisk()
    said = [line for _ in range(XOFF_AT // 100) for line in peer.take(FRAME * 100, 0.0)]
    assert read(said) == [FlowChanged(may_send=False)]
    drained_at = (XOFF_AT - XON_AT) * 0.02
    assert list(peer.advance(drained_at)) == []
    assert read(peer.advance(drained_at + 0.021)) == [FlowChanged(may_send=True)]


def test_what_has_no_room_is_dropped_and_noted():
    peer = asterisk()
    for _ in range(FULL_AT // 100 + 1):
        list(peer.take(FRAME * 100, 0.0))
    assert any("beyond a queue of 1000" in note for note in peer.notes)
    assert peer.count(0.0).samples[16_000] == FULL_AT * 320


def test_part_of_a_frame_is_dropped_and_noted():
    peer = asterisk()
    list(peer.take(FRAME + b"ab", 0.0))
    assert peer.count(0.0).samples[16_000] == 320
    assert any("behind whole frames" in note for note in peer.notes)


@pytest.mark.parametrize("is_json", [False, True])
def test_hanging_up_ends_the_call(is_json):
    peer, commands = asterisk(is_json=is_json), Commands()
    commands.learn(is_json=is_json)
    list(peer.take(commands.hang_up(), 0.0))
    assert peer.verdict
    assert peer.verdict.ending is Ending.ASKED


def test_a_message_that_is_too_long_ends_the_call():
    peer = asterisk()
    list(peer.take(bytes(65_501), 0.0))
    assert peer.verdict
    assert peer.verdict.ending is Ending.DROPPED


@pytest.mark.parametrize("line", ["HELLO", "hangup", "", "MARK_MEDIA " + "x" * 200, "{}"])
@pytest.mark.parametrize("is_json", [False, True])
def test_what_asterisk_does_not_know_is_noted_and_the_call_goes_on(line, is_json):
    peer = asterisk(is_json=is_json)
    read(peer.take(line, 0.0))
    assert peer.notes
    assert peer.verdict is None


def test_the_state_is_told_as_it_was_measured():
    peer = asterisk()
    list(peer.take(FRAME * 2, 0.0))
    assert list(peer.take("GET_STATUS", 0.0)) == [
        (
            "STATUS channel_id:17.1 queue_length:2 xon_level:800 xoff_level:900 queue_full:false"
            " bulk_media:false media_paused:false"
        )
    ]
    (said,) = read(asterisk(is_json=True).take('{"command":"GET_STATUS"}', 0.0))
    assert isinstance(said, Said)


def test_a_drained_queue_is_reported_once():
    peer = asterisk()
    list(peer.take(FRAME, 0.0))
    assert list(peer.take("REPORT_QUEUE_DRAINED", 0.0)) == []
    assert list(peer.advance(0.021)) == ["QUEUE_DRAINED"]
    assert list(peer.advance(1.0)) == []


@pytest.mark.parametrize("command", ["ANSWER", "PAUSE_MEDIA", "CONTINUE_MEDIA"])
def test_other_commands_are_taken_in_silence(command):
    peer = asterisk()
    assert list(peer.take(command, 0.0)) == []
    assert peer.notes == []


def test_twilio_answers_a_mark_when_it_has_played_what_was_before():
    peer, speaker = twilio(), StreamSpeaker("MZ1")
    list(peer.take(speaker.audio(bytes(800)), 1.0))
    assert list(peer.take(speaker.mark("m"), 1.0)) == []
    assert peer.due == pytest.approx(1.1)
    (line,) = peer.advance(1.11)
    assert json.loads(line)["mark"] == {"name": "m"}
    assert peer.count(2.0).samples == {8_000: 800}


def test_twilio_answers_the_marks_of_what_is_cleared():
    peer, speaker = twilio(), StreamSpeaker("MZ1")
    list(peer.take(speaker.audio(bytes(8_000)), 1.0))
    list(peer.take(speaker.mark("m"), 1.0))
    assert len(list(peer.take(speaker.flush(), 1.1))) == 1


@pytest.mark.parametrize(
    "message",
    [
        b"audio",
        "hello",
        '{"event":"media"}',
        StreamSpeaker("other").flush(),
        '{"event":"x","streamSid":"MZ1"}',
        '{"event":"media","streamSid":"MZ1","media":{"payload":"!"}}',
    ],
)
def test_what_twilio_does_not_know_is_noted(message):
    peer = twilio()
    assert list(peer.take(message, 0.0)) == []
    assert peer.notes
    assert peer.count(1.0).frames == 0


@pytest.mark.parametrize("source", ["yeastar", "audio-stream"])
def test_the_others_play_nothing(source):
    peer = make_peer(source, Heard(SLIN16, 0.0), call="c", format=SLIN16, now=0.0)
    list(peer.take(b"ab", 0.0))
    list(peer.take("text", 0.0))
    list(peer.take("text", 0.0))
    assert peer.notes == [
        "a message of bytes was ignored (1 times)",
        "a message of text was ignored (2 times)",
    ]
