import asyncio
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest

from streamer.core.audio import AudioChunk, Leg
from streamer.core.encoding import encode_event
from streamer.core.events import Dtmf, EndReason, Hold, Trouble
from streamer.recording.feed import Feed
from streamer.recording.folder import CallFolder
from streamer.recording.writer import create_recording
from streamer.sources.audiosocket.call import AudioSocketCall
from streamer.sources.base import DtmfReceived, HoldReported, LegClosed, LegOpened, Sent
from streamer.sources.one_way import ReturnWatch
from streamer.tap.tap import Stop, _Tap, run_tap
from tests.fakes.replay import RememberingBus, VirtualClock, until

FRAME = 320


async def record_steadily(tmp_path, *, without):
    """Record a minute at 50 frames a second, all but some; return what was said, and call.json."""
    clock, bus = VirtualClock(), RememberingBus()
    leg = Leg("caller", "some channel", 8000)
    call = AudioSocketCall(leg, {}, sent=(Sent(),), leave=lambda: None)
    recording = create_recording(tmp_path, source="audiosocket", url="", legs=(leg,), clock=clock)
    with looking_once_it_is_read(recording, 3000 - len(without)) as looks:
        running = asyncio.ensure_future(run_tap(call, recording, bus, stop=Stop(), clock=clock))
        call.put(LegOpened(0))
        for number in range(3000):
            if number not in without:
                call.put(AudioChunk(0, bytes(FRAME), clock.now + 0.02 * number))
            if number % 100 == 0:
                await asyncio.sleep(0)
        await until(lambda: len(looks) >= 2)
        call.put(LegClosed(0, EndReason.HANG_UP))
        await running
    said = [event.message for event in bus.events if isinstance(event, Trouble)]
    return said, CallFolder(recording.folder).read()["legs"][0]


@contextmanager
def looking_once_it_is_read(recording, frames):
    """Let a tap look around only when it has read so many frames, however busy the machine is; yield the looks."""
    looks = []
    look = _Tap._look_around

    def look_and_note(self, now):
        if recording.legs[0].frames == frames:
            look(self, now)
            looks.append(now)

    with patch.object(_Tap, "_look_around", look_and_note):
        yield looks


async def test_lost_packets_are_counted_and_said_once_if_they_are_many(tmp_path):
    lost = set(range(50, 2950, 40))
    said, leg = await record_steadily(tmp_path, without=lost)
    assert leg["missing_seconds"] == pytest.approx(0.02 * len(lost), abs=0.05)
    assert leg["lost_seconds"] == 0
    assert len(said) == 1
    assert "more than 1 % of the last 30 s of caller never came" in said[0]
    assert "the PBX loses 2 % of caller's audio" in said[0]


@pytest.mark.parametrize(("every", "share"), [(11, "9 %"), (9, "11 %"), (50, "2 %")])
async def test_how_much_the_pbx_loses_is_said(tmp_path, every, share):
    said, leg = await record_steadily(tmp_path, without=set(range(50, 2950, every)))
    assert f"the PBX loses {share} of caller's audio" in said[0]
    assert len(said) == 1
    assert leg["lost"] == 0


async def test_losses_that_begin_in_mid_call_are_told_by_how_much_is_lost_since(tmp_path):
    said, _ = await record_steadily(tmp_path, without=set(range(2000, 2990, 10)))
    assert len(said) == 1
    assert "the PBX loses 10 % of caller's audio" in said[0]


async def test_a_few_lost_packets_and_a_pause_are_no_sentence(tmp_path):
    said, leg = await record_steadily(tmp_path, without={500, 1500, *range(2000, 2100)})
    assert leg["missing_seconds"] == pytest.approx(0.04)
    assert said == []


async def test_a_key_that_waited_was_pressed_when_it_came(tmp_path):
    clock, bus = VirtualClock(), RememberingBus()
    leg = Leg("caller", "some channel", 8000)
    call = AudioSocketCall(leg, {}, sent=(Sent(),), leave=lambda: None)
    call.put(LegOpened(0))
    call.put(DtmfReceived(0, "5", clock.now - 2.0))
    call.put(AudioChunk(0, bytes(320), clock.now))
    call.put(LegClosed(0, EndReason.HANG_UP))
    recording = create_recording(tmp_path, source="audiosocket", url="", legs=(leg,), clock=clock)
    before = datetime.now(UTC)
    await run_tap(call, recording, bus, stop=Stop(), clock=clock)
    (pressed,) = [event for event in bus.events if isinstance(event, Dtmf)]
    waited = timedelta(seconds=2)
    assert before - waited <= pressed.at <= datetime.now(UTC) - waited


async def test_a_key_is_dated_as_words_are(tmp_path):
    clock, bus = VirtualClock(), RememberingBus()
    leg = Leg("caller", "some channel", 8000)
    call = AudioSocketCall(leg, {}, sent=(Sent(),), leave=lambda: None)
    call.put(LegOpened(0))
    call.put(AudioChunk(0, bytes(320), clock.now - 5.0))
    call.put(DtmfReceived(0, "5", clock.now - 2.0))
    call.put(LegClosed(0, EndReason.HANG_UP))
    recording = create_recording(tmp_path, source="audiosocket", url="", legs=(leg,), clock=clock)
    await run_tap(call, recording, bus, stop=Stop(), clock=clock)
    (pressed,) = [event for event in bus.events if isinstance(event, Dtmf)]
    assert pressed.start_s == 3.0
    assert recording.call.zero_at
    assert pressed.at == recording.call.zero_at + timedelta(seconds=3)


async def hear(tmp_path, *frames, watch=None):
    """Record frames of one caller at the clock's pace, 6 s of each; return what was said."""
    clock, bus = VirtualClock(), RememberingBus()
    leg = Leg("caller", "some channel", 8000)
    sent = Sent(frames=7)
    call = AudioSocketCall(leg, {}, sent=(sent,), leave=lambda: None, watch=watch)
    recording = create_recording(tmp_path, source="audiosocket", url="", legs=(leg,), clock=clock)
    running = asyncio.ensure_future(run_tap(call, recording, bus, stop=Stop(), clock=clock))
    call.put(LegOpened(0))
    for pcm in frames:
        for _ in range(300):
            call.put(AudioChunk(0, pcm, clock.now))
            clock.now += 0.02
    await until(lambda: recording.legs[0].frames == 300 * len(frames))
    for _ in range(2):  # the tap looks every 0.2 s
        await asyncio.sleep(0.25)
    call.put(LegClosed(0, EndReason.HANG_UP))
    await running
    return [event.message for event in bus.events if isinstance(event, Trouble)]


async def test_a_caller_of_whom_only_silence_has_come_is_said_once_with_what_to_try(tmp_path):
    (said,) = await hear(tmp_path, bytes(FRAME), bytes(FRAME))
    assert "only digital silence has come from some channel" in said
    assert "7 frames were sent back, and AudioSocket cannot tell" in said


async def test_a_call_on_hold_that_was_heard_before_is_no_fault(tmp_path):
    assert await hear(tmp_path, b"\x00\x10" * 160, bytes(FRAME), bytes(FRAME)) == []


async def test_what_is_wrong_with_the_way_back_is_said(tmp_path):
    watch = ReturnWatch()
    watch.play(b"\x00\x10")
    watch.block(10_000)
    (said,) = await hear(tmp_path, b"\x00\x10" * 160, watch=watch)
    assert said.startswith("caller hears nothing of what is sent: the PBX has not read it")


async def test_a_caller_of_whom_nothing_comes_is_said_with_what_to_try(tmp_path):
    clock, bus = VirtualClock(), RememberingBus()
    leg = Leg("caller", "some channel", 8000)
    call = AudioSocketCall(leg, {}, sent=(Sent(frames=7),), leave=lambda: None)
    recording = create_recording(tmp_path, source="audiosocket", url="", legs=(leg,), clock=clock)
    running = asyncio.ensure_future(run_tap(call, recording, bus, stop=Stop(), clock=clock))
    call.put(LegOpened(0))
    await until(lambda: recording.legs[0].attached_at)
    clock.now += 11
    await until(lambda: any(isinstance(event, Trouble) for event in bus.events))
    call.put(LegClosed(0, EndReason.HANG_UP))
    await running
    (said,) = [event.message for event in bus.events if isinstance(event, Trouble)]
    assert said.startswith("no audio from some channel for 11 s")
    assert "rtp set debug on" in said


async def test_a_hold_is_an_event_once_and_stays_in_the_recording(tmp_path):
    clock, bus = VirtualClock(), RememberingBus()
    leg = Leg("caller", "some channel", 8000)
    call = AudioSocketCall(leg, {}, sent=(Sent(),), leave=lambda: None)
    recording = create_recording(tmp_path, source="audiosocket", url="", legs=(leg,), clock=clock)
    feed = Feed(recording.folder)
    running = asyncio.ensure_future(run_tap(call, recording, bus, stop=Stop(), clock=clock))
    call.put(LegOpened(0))
    call.put(AudioChunk(0, bytes(FRAME), clock.now))
    for second, held in [(1.0, True), (1.5, True), (3.0, False)]:
        call.put(HoldReported(0, held, clock.now + second))
    call.put(LegClosed(0, EndReason.HANG_UP))
    await running
    holds = [event for event in bus.events if isinstance(event, Hold)]
    assert [(hold.held, round(hold.start_s, 2)) for hold in holds] == [(True, 1.0), (False, 3.0)]
    told = [encode_event(event) for event in feed.look() if isinstance(event, Hold)]
    assert told == list(map(encode_event, holds))
    assert told[0] == {
        "event": "hold",
        "call": recording.call.id,
        "leg": "caller",
        "held": True,
        **CallFolder(recording.folder).read()["legs"][0]["holds"][0],
    }
