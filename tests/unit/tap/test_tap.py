from datetime import UTC, datetime, timedelta

from streamer.core.audio import AudioChunk, Leg
from streamer.core.events import Dtmf, EndReason
from streamer.recording.writer import create_recording
from streamer.sources.audiosocket.call import AudioSocketCall
from streamer.sources.base import DtmfReceived, LegClosed, LegOpened, Sent
from streamer.tap.tap import Stop, run_tap
from tests.fakes.replay import RememberingBus, VirtualClock


async def test_a_key_that_waited_was_pressed_when_it_came(tmp_path):
    clock, bus = VirtualClock(), RememberingBus()
    leg = Leg("caller", "some channel", 8000)
    call = AudioSocketCall(leg, {}, sent=Sent(), leave=lambda: None)
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
