import asyncio

import pytest

from streamer.sources.playout import (
    MOST_AT_ONCE,
    MOST_ECHOED_FRAMES,
    PERIOD_S,
    Announcement,
    Echo,
    FrameClock,
    Playout,
    Tone,
    frame_size,
)
from streamer.wire.audiosocket import RATES, Audio, Parser
from tests.fakes.replay import PATIENCE_S


class Line(asyncio.WriteTransport):
    """A connection whose peer reads as long as the test lets it."""

    def __init__(self):
        super().__init__()
        self.writes = []
        self.is_full = False

    def write(self, data):
        self.writes.append(bytes(data))

    def get_write_buffer_size(self):
        return 1 if self.is_full else 0

    def frames(self):
        return list(Parser().feed(b"".join(self.writes)))


@pytest.mark.parametrize("rate", sorted(RATES.values()))
def test_silence_is_one_whole_frame_a_write_at_the_rate_of_the_peer(rate):
    line = Line()
    playout = Playout(line, None, rate=rate, fills_silence=True)
    playout.play(1)
    playout.play(3)
    assert line.frames() == [Audio(rate, bytes(frame_size(rate)))] * 2, "silence is not made up for"
    assert all(len(write) == 3 + frame_size(rate) for write in line.writes)
    assert playout.sent.frames == 2


def test_a_playback_is_made_up_for_and_silence_follows_it():
    line = Line()
    said = bytes(range(1, 251)) * 4
    playout = Playout(line, Announcement(lambda _: said), rate=8000, fills_silence=True)
    playout.play(2)
    playout.play(5)
    frames = line.frames()
    assert b"".join(frame.payload for frame in frames) == said.ljust(320 * 4, b"\0") + bytes(320)
    assert len(line.writes) == len(frames) == 5


def test_without_silence_only_the_playback_is_sent():
    line = Line()
    playout = Playout(
        line, Announcement(lambda _: bytes(range(64))), rate=8000, fills_silence=False
    )
    playout.play(5)
    playout.play(5)
    assert len(line.writes) == 1


def test_a_peer_that_does_not_read_gets_nothing_more_and_loses_no_word():
    line = Line()
    said = bytes(range(1, 251)) * 4
    playout = Playout(line, Announcement(lambda _: said), rate=8000, fills_silence=True)
    playout.play(1)
    line.is_full = True
    playout.play(1)
    playout.play(1)
    line.is_full = False
    playout.play(10)
    assert b"".join(f.payload for f in line.frames()).startswith(said)
    assert playout.sent.dropped == 2
    assert playout.sent.bytes == sum(map(len, line.writes))


@pytest.mark.parametrize("rate", [8000, 44_100])
def test_the_tone_has_no_seams(rate):
    tone = Tone(440)
    pcm = b"".join(tone.next_frame(rate) or b"" for _ in range(150))
    samples = [int.from_bytes(pcm[n : n + 2], "little", signed=True) for n in range(0, len(pcm), 2)]
    rises = sum(a < 0 <= b for a, b in zip(samples, samples[1:], strict=False))
    assert rises in range(1318, 1321), "440 a second for 3 s"
    steepest = max(abs(a - b) for a, b in zip(samples, samples[1:], strict=False))
    assert steepest <= 8192 * 2 * 3.1416 * 440 / rate + 1
    assert max(samples) <= 8192


def test_an_echo_waits_for_a_little_and_forgets_what_is_old():
    echo = Echo()
    assert echo.next_frame(8000) is None
    echo.hear(b"\1\0" * 160, 8000)
    assert echo.next_frame(8000) is None, "one frame alone would stutter"
    echo.hear(b"\2\0" * 160, 8000)
    assert echo.next_frame(8000) == b"\1\0" * 160
    assert echo.next_frame(8000) == b"\2\0" * 160
    assert echo.next_frame(8000) is None
    for number in range(50):
        echo.hear(bytes([number, 0]) * 160, 8000)
    kept = []
    while (frame := echo.next_frame(8000)) is not None:
        kept.append(frame[0])
    assert kept == list(range(50 - MOST_ECHOED_FRAMES, 50))


async def test_the_frame_clock_counts_frames_by_the_clock_and_ends_with_its_last_player():
    frame_clock, beats, done = FrameClock(), [], asyncio.Event()
    loop = asyncio.get_running_loop()

    def play(frames):
        beats.append((loop.time(), frames))
        if len(beats) == 10:
            frame_clock.stop(play)
            done.set()

    frame_clock.start(play)
    async with asyncio.timeout(PATIENCE_S):
        await done.wait()
    (first, _), (last, _) = beats[0], beats[-1]
    due = sum(frames for _, frames in beats[1:])
    assert abs((last - first) / PERIOD_S - due) <= 1
    frame_clock.stop(play)
    frame_clock.start(play)  # and again
    done.clear()
    beats.clear()
    async with asyncio.timeout(PATIENCE_S):
        await done.wait()


async def test_what_a_long_standstill_has_missed_is_not_made_up_for(monkeypatch):
    frame_clock, due, done = FrameClock(), [], asyncio.Event()
    loop = asyncio.get_running_loop()
    now, late = loop.time, [0.0]
    monkeypatch.setattr(loop, "time", lambda: now() + late[0])

    def play(frames):
        due.append(frames)
        late[0] = 60.0
        if len(due) == 2:
            frame_clock.stop(play)
            done.set()

    frame_clock.start(play)
    await done.wait()
    assert due[1] == MOST_AT_ONCE


async def test_a_player_that_fails_does_not_silence_the_others():
    frame_clock, beats, done = FrameClock(), [], asyncio.Event()

    def fail(_):
        beats.append("failed")
        raise OSError("the announcement cannot be read")

    def play(_):
        beats.append("played")
        if beats.count("played") == 3:
            done.set()

    frame_clock.start(fail)
    frame_clock.start(play)
    await asyncio.wait_for(done.wait(), 30)
    frame_clock.stop(play)
    assert beats.count("failed") == 1
