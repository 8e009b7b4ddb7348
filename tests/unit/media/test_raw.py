from pathlib import Path

import pytest

from streamer.errors import UsageError
from streamer.media.raw import CODECS, Codec, RawFormat, find_named, parse_raw


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("slin", RawFormat(Codec.SLIN, 8_000)),
        ("slin:44100", RawFormat(Codec.SLIN, 44_100)),
        ("ulaw:16000", RawFormat(Codec.ULAW, 16_000)),
        ("g722", RawFormat(Codec.G722, 16_000)),
        ("g726-24", RawFormat(Codec.G726_24, 8_000)),
        ("gsm", RawFormat(Codec.GSM, 8_000)),
    ],
)
def test_a_codec_may_have_a_rate(text, raw):
    assert parse_raw(text) == raw


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_is_written_as_it_is_said(codec):
    assert str(parse_raw(codec)).partition(":")[0] == codec


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("slinn", "did you mean slin"),
        ("vox", "choose one of slin, ulaw"),
        ("", "choose one of"),
        ("g722:8000", "has one rate, 16000"),
        ("gsm:8000", "has one rate"),
        ("slin:", "the rate is samples a second"),
        ("slin:999999", "from 1000 to 192000"),
        ("slin:8k", "the rate is"),
    ],
)
def test_what_cannot_be_meant_is_refused(text, words):
    with pytest.raises(UsageError, match=words):
        parse_raw(text)


def test_files_with_a_header_or_another_name_are_not_raw():
    assert find_named(Path("x.sln16"), b"RIFF....WAVE") is None
    assert find_named(Path("x.wav"), b"\0" * 20) is None
    assert find_named(Path("X.SLN16"), b"\0" * 20) == RawFormat(Codec.SLIN, 16_000)
    assert find_named(Path("x.sln44"), b"\0" * 20) == RawFormat(Codec.SLIN, 44_100)
