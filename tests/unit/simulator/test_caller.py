"""What a caller sends and when, without a socket or a clock."""

import json
import wave
from uuid import UUID

import pytest

from streamer.errors import UsageError
from streamer.simulator.caller import (
    DIGIT_S,
    Playback,
    load_caller,
    script_caller,
    script_mislabelled,
    with_digits,
    with_hole,
    with_stall,
)
from streamer.simulator.script import EndKind
from streamer.wire.audiosocket import RATES, Audio, Digit, Parser
from streamer.wire.formats import Format
from streamer.wire.g711 import Law, decode
from tests.conftest import TRACES

SECOND = b"\x00\x10\x00\xf0" * 4000


def messages_of(script):
    return list(Parser().feed(b"".join(frame.data for frame in script.frames)))


def write_wav(path, channels):
    with wave.open(str(path), "wb") as wav:
        wav.setparams((channels, 2, 48_000, 0, "NONE", ""))
        wav.writeframes(b"\x00\x10" * channels * 48_000)
    return path


@pytest.mark.parametrize("rate", RATES.values())
def test_a_file_is_sent_at_any_rate_in_frames_of_20_ms(tmp_path, rate):
    script = load_caller(write_wav(tmp_path / "a.wav", 2), rate=rate)
    messages = messages_of(script)
    assert {message.rate for message in messages} == {rate}
    assert {len(message.payload) for message in messages[:-1]} == {rate // 50 * 2}
    assert sum(len(m.payload) for m in messages) == pytest.approx(2 * rate, abs=300)
    assert script.frames[40].at == pytest.approx(0.8)


def test_the_last_frame_may_be_shorter():
    script = script_caller(SECOND[:916], rate=8000, name="a")
    assert [len(message.payload) for message in messages_of(script)] == [320, 320, 276]
    assert script.ends_at == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("format", "size"), [(Format.ULAW, 160), (Format.ALAW, 160), (Format.SLIN16, 640)]
)
def test_a_format_without_a_label_is_sent_as_8_khz_slin(tmp_path, format, size):
    script = load_caller(write_wav(tmp_path / "a.wav", 1), format=format)
    assert script.rate == 8000
    assert {frame.data[0] for frame in script.frames} == {0x10}
    assert {len(message.payload) for message in messages_of(script)[:-1]} == {size}


def test_g711_is_sent_as_such_even_with_an_odd_byte_at_the_end():
    script = script_mislabelled(SECOND[:974], Format.ULAW, name="a")
    payload = b"".join(message.payload for message in messages_of(script))
    assert len(payload) == 487
    assert abs(int.from_bytes(decode(payload[:1], Law.MU), "little") - 0x1000) < 256


def test_a_hole_moves_what_follows_and_a_stall_bunches_it():
    script = script_caller(SECOND * 2, rate=8000, name="a")
    holed = with_hole(script, at=1, seconds=3)
    assert [frame.at for frame in holed.frames[49:51]] == pytest.approx([0.98, 4.0])
    assert holed.ends_at == pytest.approx(5.0)
    stalled = with_stall(script, at=0.5, seconds=1)
    assert [frame.at for frame in stalled.frames[25:75]] == [1.5] * 50
    assert stalled.ends_at == pytest.approx(2.0)


def test_keys_come_one_by_one_when_they_are_let_go_and_no_audio_comes_meanwhile():
    script = with_digits(script_caller(SECOND, rate=8000, name="a"), at=0.5, digits="12#")
    digits = [
        (frame.at, message.digit)
        for frame, message in zip(script.frames, messages_of(script), strict=True)
        if isinstance(message, Digit)
    ]
    assert [digit for _, digit in digits] == ["1", "2", "#"]
    assert [at for at, _ in digits] == pytest.approx([0.6, 0.7, 0.8])
    spoken = [frame.at for frame in script.frames if frame.data[0] == 0x10]
    assert not [at for at in spoken if 0.5 <= at < 0.5 + 3 * DIGIT_S - 0.001]
    assert len(spoken) == 50
    assert script.ends_at == pytest.approx(1.3)


def test_keys_after_the_end_keep_the_caller_on_the_line():
    script = with_digits(script_caller(SECOND, rate=8000, name="a"), at=3, digits="1")
    assert script.frames[-1].at == script.ends_at == pytest.approx(3.1)


def test_a_key_that_no_telephone_has_is_refused():
    with pytest.raises(ValueError, match="not a DTMF digit"):
        with_digits(script_caller(SECOND, rate=8000, name="a"), at=0, digits="1x")


def test_a_playback_gives_each_frame_once_and_says_what_comes_next():
    script = script_caller(SECOND, rate=8000, name="a")
    playback = Playback(script)
    assert playback.due == 0.0
    assert playback.take(0.0) == [script.frames[0].data]
    assert playback.take(0.019) == []
    assert playback.due == pytest.approx(0.02)
    assert len(playback.take(0.5)) == 25
    assert not playback.is_over(0.99)
    assert len(playback.take(9.0)) == 24
    assert playback.due == pytest.approx(1.0)
    assert playback.is_over(1.0)


def test_a_hang_up_ends_the_playback_early_and_a_late_one_keeps_it_silent():
    script = script_caller(SECOND, rate=8000, name="a")
    early, late = Playback(script, hangs_up_at=0.5), Playback(script, hangs_up_at=7.0)
    assert len(early.take(9.0)) == 26
    assert early.is_over(0.5)
    assert len(late.take(6.0)) == 50
    assert not late.is_over(6.0)
    assert late.due == 7.0


def test_a_loop_goes_on_until_the_hang_up():
    script = script_caller(SECOND, rate=8000, name="a")
    endless = Playback(script, loop=True)
    assert len(endless.take(2.999)) == 150
    assert endless.due == pytest.approx(3.0)
    assert not endless.is_over(1e9)
    assert len(Playback(script, loop=True, hangs_up_at=2.49).take(9.0)) == 125


def test_a_loop_of_nothing_ends():
    assert Playback(script_caller(b"", rate=8000, name="a"), loop=True, hangs_up_at=1).take(9) == []


def test_a_trace_keeps_its_uuid_times_and_rate():
    script = load_caller(TRACES / "audiosocket_dial_slin16.jsonl", rate=8000)
    assert isinstance(script.uuid, UUID)
    assert script.rate == 16_000
    assert script.frames[0].at == pytest.approx(0.524811 - 0.024147)
    assert script.ends_at == pytest.approx(4.483275 - 0.024147)
    assert script.end is EndKind.HANG_UP
    assert all(isinstance(message, Audio) for message in messages_of(script))


def test_a_trace_keeps_its_keys():
    digits = [
        message.digit or "?"
        for message in messages_of(load_caller(TRACES / "audiosocket_app_dtmf.jsonl"))
        if isinstance(message, Digit)
    ]
    assert "".join(digits) == "1234#"


def test_a_trace_that_did_not_end_with_the_end_of_its_stream_is_broken_off(tmp_path):
    lines = (TRACES / "audiosocket_app_silence_timeout.jsonl").read_text().splitlines()
    lines[-1] = json.dumps({"t": 1.5, "dir": "in", "kind": "close", "data": "ECONNRESET"})
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines))
    assert load_caller(path).end is EndKind.BREAK


META = '{"meta": {"protocol": "audiosocket"}}\n'


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "not json",
        "[1]",
        META,
        META + '{"t": 1}',
        META + '{"t": 1, "dir": "in", "kind": "tcp", "data": "AAAA"}',
        META + '{"t": NaN, "dir": "in", "kind": "tcp", "data": "AQAQQDJewl79S9OAX1NXblgdEw=="}',
        META + '{"t": 1, "dir": "in", "kind": "tcp", "data": "AQADQDJe"}',
        (TRACES / "stream_gap.jsonl").read_text(),
    ],
)
def test_a_file_that_is_no_trace_of_audiosocket_is_refused(tmp_path, content):
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    with pytest.raises(UsageError, match="is not a trace of AudioSocket"):
        load_caller(path)


@pytest.mark.parametrize("content", [None, b"", b"RIFF"])
def test_a_file_that_is_missing_or_no_audio_is_refused(tmp_path, content):
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError):
        load_caller(path)
