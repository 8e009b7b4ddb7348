"""Messages survive the pipe whole, in pieces of any size, and foreign bytes are refused."""

from __future__ import annotations

import contextlib
import json
import struct

import pytest
from hypothesis import given, strategies as st

from streamer.core.events import Word
from streamer.speech.base import (
    EncoderWindow,
    Hypothesis,
    ModelFacts,
    Suspicion,
    Window,
    WindowKind,
)
from streamer.speech.engine.messages import (
    Broken,
    Done,
    Failed,
    MalformedMessageError,
    Message,
    Parser,
    Ready,
    Transcribe,
    encode_message,
)

FIRST = Window(
    "c/caller", 3, b"\x01\x02" * 5, 16_000, prompt="Emma \ud800 é", temperatures=(0, 0.4)
)
SECOND = Window(
    "c/agent", 1, b"", 0, WindowKind.FINAL, None, beam=5, encoder_window=EncoderWindow.SHORT
)
HYPOTHESIS = Hypothesis(
    0,
    100,
    (Word("你", 0, 50, 0.5), Word("好", 50, 100, 0.25, is_joined=True)),
    -0.5,
    suspicion=Suspicion.TOKEN_CAP,
    encode_s=0.25,
)
MESSAGES: list[Message] = [
    Transcribe(7, (FIRST, SECOND)),
    Ready(ModelFacts("demo", ("en", "de"), 160_000, "cpu", "int8", 2)),
    Broken("no tokenizer.json"),
    Done(7, (HYPOTHESIS, Hypothesis(0, 1))),
    Failed(8, "out of memory"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_messages_come_out_as_they_went_in_whatever_the_pieces(size):
    data = b"".join(encode_message(message) for message in MESSAGES)
    parser = Parser()
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    assert [message for piece in pieces for message in parser.feed(piece)] == MESSAGES


def frame(fields: object, pcm: bytes = b"") -> bytes:
    head = json.dumps(fields).encode()
    return struct.pack(">II", len(head), len(pcm)) + head + pcm


@pytest.mark.parametrize(
    "data",
    [
        b"a library printed this into the pipe",
        struct.pack(">II", 2, 0) + b"{x",
        frame({"kind": "dance"}),
        frame({"job": 1}),
        frame([1, 2]),
        frame({"kind": "done", "job": 1, "hypotheses": [{"start": 0}]}),
        frame({"kind": "transcribe", "job": 1, "windows": []}, b"\0\0"),
        frame({"kind": "transcribe", "job": 1, "windows": ["x"]}),
    ],
)
def test_what_is_not_a_message_is_refused(data):
    with pytest.raises(MalformedMessageError):
        Parser().feed(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(data):
    with contextlib.suppress(MalformedMessageError):
        assert all(isinstance(message, Message) for message in Parser().feed(data))
