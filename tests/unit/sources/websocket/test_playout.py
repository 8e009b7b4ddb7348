"""What goes back over a WebSocket, frame by frame."""

import pytest

from streamer.media import g722
from streamer.sources.base import Sent
from streamer.sources.playout import Announcement, Echo, Tone
from streamer.sources.websocket.audio import encode
from streamer.sources.websocket.playout import MARK, WebPlayout
from streamer.wire.websocket.base import MediaFormat
from streamer.wire.websocket.chan_websocket import Commands

SLIN = MediaFormat("slin", 8000)
PCM = b"".join(n.to_bytes(2, "little") for n in range(1000, 1400))  # 2.5 frames of 20 ms


class Line:
    """What is sent, and what the peer has not read."""

    def __init__(self, playback, format=SLIN, *, frame_bytes=0):
        self.sent: list[str | bytes] = []
        self.unsent = 0
        self.counts = Sent()
        self.playout = WebPlayout(
            Commands(),
            playback,
            format,
            frame_bytes=frame_bytes,
            sent=self.counts,
            send=self.sent.append,
            unsent=lambda: self.unsent,
        )

    @property
    def audio(self) -> bytes:
        return b"".join(one for one in self.sent if isinstance(one, bytes))

    @property
    def words(self) -> list[str]:
        return [one for one in self.sent if isinstance(one, str)]


def test_g722_is_coded_in_one_go_and_filled_up_with_silence():
    line = Line(Announcement(lambda rate: PCM * 2), MediaFormat("g722", 16_000), frame_bytes=240)
    for _ in range(6):
        line.playout.play(1)
    filled = (PCM * 2).ljust(3 * 960, b"\0")
    assert line.audio == g722.Encoder().encode(filled)[:480]
    assert [len(one) for one in line.sent if isinstance(one, bytes)] == [240, 240]


@pytest.mark.parametrize("codec", ["slin", "ulaw", "alaw"])
@pytest.mark.parametrize("milliseconds", [0, 10, 20, 30, 60])
def test_audio_goes_in_whole_frames_of_the_peer_whatever_their_size(codec, milliseconds):
    format = MediaFormat(codec, 8000)
    size = len(encode(bytes(16 * milliseconds), format))
    line = Line(Announcement(lambda rate: PCM), format, frame_bytes=size)
    for _ in range(6):
        line.playout.play(1)
    coded = encode(PCM, format)
    assert line.audio[: len(coded)] == coded
    assert set(line.audio[len(coded) :]) <= set(encode(bytes(2), format))
    assert all(len(one) % (size or 1) == 0 for one in line.sent if isinstance(one, bytes))
    assert line.words == [f"MARK_MEDIA {MARK}"]


def test_as_many_frames_go_as_are_due_and_are_counted():
    line = Line(Tone(440))
    line.playout.play(1)
    line.playout.play(3)
    assert (line.counts.frames, line.counts.bytes) == (4, 4 * 320)


def test_nothing_goes_while_the_queue_of_the_peer_is_full_and_then_it_goes_on():
    line = Line(Announcement(lambda rate: PCM))
    line.playout.play(1)
    line.playout.may_send = False
    line.playout.play(5)
    assert line.audio == PCM[:320]
    line.playout.may_send = True
    line.playout.play(5)
    assert line.audio[: len(PCM)] == PCM


def test_nothing_is_piled_up_for_a_peer_that_does_not_read():
    line = Line(Announcement(lambda rate: PCM))
    line.unsent = 1
    line.playout.play(3)
    assert (line.sent, line.counts.dropped) == ([], 1)
    line.unsent = 0
    line.playout.play(1)
    assert line.audio == PCM[:320]


def test_what_is_queued_is_dropped_only_if_anything_was_sent():
    line = Line(Echo())
    line.playout.play(1)
    line.playout.flush()
    assert line.sent == []
    line = Line(Tone(440))
    line.playout.play(1)
    line.playout.flush()
    assert line.words == ["FLUSH_MEDIA"]


def test_a_mark_comes_once_after_each_run_of_sound():
    echo = Echo()
    line = Line(echo)
    for _ in range(2):
        echo.hear(PCM + PCM, 8000)
        for _ in range(8):
            line.playout.play(1)
    assert line.words == [f"MARK_MEDIA {MARK}"] * 2


def test_a_size_of_frame_that_cannot_be_meant_is_not_waited_for():
    line = Line(Tone(440), frame_bytes=65_500)
    line.playout.play(2)
    assert line.counts.frames == 2
