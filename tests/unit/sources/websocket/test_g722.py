"""A leg in G.722 has the samples that FFmpeg's codec gives."""

import sys

from hypothesis import given, strategies as st

from streamer.media import g722 as other
from streamer.sources.websocket import g722
from streamer.sources.websocket.audio import explain_unreadable
from streamer.wire.websocket.base import MediaFormat


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_any_bytes_are_decoded_as_by_ffmpeg(parts):
    ours, theirs = g722.Decoder(), other.Decoder()
    pcm = b"".join(map(ours.decode, parts))
    assert pcm == b"".join(map(theirs.decode, parts))
    assert len(g722.Encoder().encode(pcm)) == len(pcm) // 4


def test_without_the_library_it_is_said_what_to_dial(monkeypatch):
    monkeypatch.setitem(sys.modules, "G722", None)
    why = explain_unreadable(MediaFormat("g722", 16_000))
    assert "which is not read here without the package G722" in why
    assert "dial it with c(slin16)" in why
