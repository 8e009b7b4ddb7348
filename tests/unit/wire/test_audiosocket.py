"""AudioSocket frames, however the stream is cut: captured bytes, what may be sent, and what nobody thought of."""

from __future__ import annotations

import base64
import json
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from streamer.wire.audiosocket import (
    DIGITS,
    RATES,
    TERMINATE,
    Audio,
    Digit,
    Failed,
    Identified,
    Malformed,
    Message,
    Parser,
    Silence,
    Terminated,
    Unknown,
    encode_audio,
    encode_digit,
    encode_identifier,
)
from tests.conftest import TRACES

NAMES = sorted(path.stem for path in TRACES.glob("audiosocket_*.jsonl"))
AUDIO_KINDS = {f"0x{kind:02x}" for kind in RATES}
SOME_UUID = UUID("40325ec2-5efd-4bd3-805f-53576e581d13")


def read_trace(name):
    """The bytes that Asterisk sent, and its frames as the capture decoded them."""
    lines = [json.loads(line) for line in (TRACES / f"{name}.jsonl").read_text().splitlines()]
    frames = [line for line in lines if line.get("kind") == "tcp" and line["dir"] == "in"]
    return b"".join(base64.b64decode(frame["data"]) for frame in frames), frames


def parse_in_slices(data, size):
    parser = Parser()
    messages = [
        message
        for start in range(0, len(data), size)
        for message in parser.feed(data[start : start + size])
    ]
    assert parser.unread == 0
    return messages


def kind_of(message):
    match message:
        case Identified():
            return "0x01"
        case Digit():
            return "0x03"
        case Audio(rate):
            return next(f"0x{kind:02x}" for kind, known in RATES.items() if known == rate)
    raise AssertionError(message)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 2, 3, 323, 100_000])
def test_every_trace_reads_the_same_in_slices_of_any_size(name, size):
    data, frames = read_trace(name)
    messages = parse_in_slices(data, size)
    assert [kind_of(message) for message in messages] == [f["frame"]["kind"] for f in frames]
    assert isinstance(messages[0], Identified)
    audio = b"".join(m.payload for m in messages if isinstance(m, Audio))
    assert len(audio) == sum(
        f["frame"]["length"] for f in frames if f["frame"]["kind"] in AUDIO_KINDS
    )


def test_the_digits_of_a_captured_call_are_those_that_were_pressed():
    data, _ = read_trace("audiosocket_app_dtmf")
    assert "".join(m.digit or "?" for m in Parser().feed(data) if isinstance(m, Digit)) == "1234#"


def test_a_captured_16_khz_call_says_its_rate():
    data, _ = read_trace("audiosocket_dial_slin16")
    audio = [m for m in Parser().feed(data) if isinstance(m, Audio)]
    assert {(m.rate, len(m.payload)) for m in audio} == {(16_000, 640)}


@pytest.mark.parametrize(("kind", "rate"), RATES.items())
def test_audio_of_every_rate_is_encoded_in_one_piece_and_read_back(kind, rate):
    pcm = b"\x01\x02" * (rate // 50)
    data = encode_audio(pcm, rate)
    assert data[:3] == bytes([kind]) + len(pcm).to_bytes(2, "big")
    assert list(Parser().feed(data)) == [Audio(rate, pcm)]


@pytest.mark.parametrize(
    ("pcm", "rate"), [(b"", 8000), (b"x", 8000), (b"xx", 8001), (b"xx" * 32_768, 8000)]
)
def test_what_would_end_the_call_is_not_encoded(pcm, rate):
    with pytest.raises(ValueError, match=r"AudioSocket|bytes"):
        encode_audio(pcm, rate)


def test_what_a_stand_in_sends_is_read_back():
    data = encode_identifier(SOME_UUID) + b"".join(map(encode_digit, sorted(DIGITS))) + TERMINATE
    first, *digits, last = Parser().feed(data)
    assert (first, last) == (Identified(SOME_UUID), Terminated())
    assert "".join(m.digit or "?" for m in digits if isinstance(m, Digit)) == "".join(
        sorted(DIGITS)
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x02\x00\x00", Silence()),
        (b"\x02\x00\x02ab", Silence()),
        (b"\xff\x00\x00", Failed(None)),
        (b"\xff\x00\x01\x04", Failed(4)),
        (b"\x03\x00\x01d", Digit("D")),
        (b"\x10\x00\x00", Audio(8000, b"")),
        (b"\x10\x01\x41" + bytes(321), Audio(8000, bytes(321))),
        (b"\x19\x00\x02ab", Unknown(0x19, 2)),
        (b"\x80\xff\xff" + bytes(65_535), Unknown(0x80, 65_535)),
    ],
)
def test_kinds_that_are_rare_or_unknown_are_told_apart(data, message):
    assert list(Parser().feed(data)) == [message]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x01\x00\x0f" + bytes(15), Malformed(15)),
        (b"\x01\x00\x24" + bytes(36), Malformed(36)),
        (b"\x01\x00\x00", Malformed(0)),
        (b"\x03\x00\x00", Digit(None)),
        (b"\x03\x00\x02ab", Digit(None, b"ab")),
        (b"\x03\x00\x0212", Digit(None, b"12")),
        (b"\x03\x00\x01e", Digit(None, b"e")),
        (b"\x03\x00\x01f", Digit(None, b"f")),
        (b"\x03\x00\x01!", Digit(None, b"!")),
        (b"\x03\x00\x01\xb5", Digit(None, b"\xb5")),
        (b"\x03\x00\x01\0", Digit(None, b"\0")),
    ],
)
def test_a_payload_that_cannot_be_is_told_apart_and_costs_nothing_behind_it(data, message):
    assert list(Parser().feed(data + b"\x03\x00\x015")) == [message, Digit("5")]


def test_half_a_frame_is_waited_for_and_counted():
    parser = Parser()
    assert list(parser.feed(b"\x10\x01")) == []
    assert list(parser.feed(b"\x40" + bytes(319))) == []
    assert parser.unread == 322
    assert list(parser.feed(b"\x00")) == [Audio(8000, bytes(320))]


@given(st.binary(max_size=400), st.lists(st.integers(1, 50), max_size=40))
def test_any_bytes_in_any_slices_give_the_same_messages(data, sizes):
    def run(pieces):
        parser, messages = Parser(), list[Message]()
        for piece in pieces:
            messages += parser.feed(piece)
        return messages, parser.unread

    slices, start = [], 0
    for size in sizes:
        slices.append(data[start : start + size])
        start += size
    slices.append(data[start:])
    assert run(slices) == run([data])


def test_what_came_before_a_malformed_frame_is_not_lost():
    messages = Parser().feed(encode_audio(bytes(320), 8000) + b"\x03\x00\x02no")
    assert next(messages) == Audio(8000, bytes(320))
    assert next(messages) == Digit(None, b"no")
