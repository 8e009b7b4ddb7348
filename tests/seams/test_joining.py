"""A leg that joins a call while it runs is announced, transcribed and kept like the others."""

import asyncio

from streamer.core.audio import Leg
from streamer.core.events import CallStarted, EndReason, LegAttached, LegEnded
from streamer.recording.writer import create_recording
from tests.fakes.replay import until
from tests.seams.memory_store import MemoryStore
from tests.seams.scripted_recogniser import ScriptedRecogniser
from tests.seams.sessions import LOUD, QUIET, seconds, transcribe_call

SPOKEN = seconds(QUIET, 1) + seconds(LOUD, 2) + seconds(QUIET, 2)


async def test_a_leg_that_joins_is_transcribed_too(recordings):
    recording = create_recording(
        recordings, source="toy", url="", legs=(Leg("caller", "Toy/1"),), clock=lambda: 0.0
    )
    store = MemoryStore()
    script = {("caller", 1): "please hold the line", ("callee", 1): "this is the second line"}
    running = asyncio.ensure_future(
        transcribe_call(recording.folder, store, ScriptedRecogniser(script))
    )
    recording.attach(0)
    recording.append(0, [SPOKEN])
    await until(lambda: store.segments_of(recording.call.id) == 1)
    joined = recording.add_leg(Leg("callee", "Toy/2"))
    recording.attach(1)
    recording.append(1, [SPOKEN])
    for leg in (0, 1):
        recording.end_leg(leg, EndReason.HANG_UP, "")
    await asyncio.to_thread(recording.finish, EndReason.HANG_UP)
    run = await running
    assert run.result.trouble == ""
    assert {leg: text for leg, _, text in run.said} == {
        "caller": "please hold the line",
        "callee": "this is the second line",
    }
    (started,) = [event for event in run.events if isinstance(event, CallStarted)]
    attached = [event for event in run.events if isinstance(event, LegAttached)]
    assert [leg.label for leg in started.call.legs] == ["caller"]
    assert [event.leg for event in attached] == [Leg("caller", "Toy/1"), joined]
    assert attached[1].recording == recording.folder / "callee.wav"
    assert {event.leg for event in run.events if isinstance(event, LegEnded)} == {
        "caller",
        "callee",
    }
    row = await store.read_call(recording.call.id)
    assert [(leg.leg.label, leg.progress.is_complete) for leg in row.legs] == [
        ("caller", True),
        ("callee", True),
    ]
