"""A call is kept with the rates that its legs really have, also those that are known late."""

import asyncio
import wave

from streamer.audio import Leg
from streamer.bus import Bus
from streamer.events import SPEECH_RATE, CallStarted, EndReason
from streamer.recording import create_recording
from streamer.session import Desk, run_session
from streamer.store import open_store
from tests.fakes.replay import PATIENCE_S

LEGS = (Leg("caller", "a", 8000), Leg("agent", "b", 8000))


def begin(recordings):
    """Begin a call whose `call.json` says 8000, as one does before the first audio."""
    return create_recording(recordings, source="audiosocket", url="", legs=LEGS)


def write_wav(path, rate):
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, rate, 0, "NONE", ""))
        wav.writeframes(bytes(2 * rate))


async def kept_rates(store):
    return [leg.leg.rate for row in await store.list_calls() for leg in row.legs]


def desk_with(store):
    opening = asyncio.get_running_loop().create_future()
    opening.set_result(store)
    return Desk(opening, None)


async def test_rates_that_come_with_the_audio_are_kept(tmp_path, recordings):
    recording = begin(recordings)
    async with open_store(tmp_path / "s.sqlite3") as store:
        session = asyncio.ensure_future(run_session(recording.folder, desk_with(store), Bus()))
        assert await kept_rates(store) == []
        write_wav(recording.paths[0], 44_100)
        async with asyncio.timeout(PATIENCE_S):
            while not (rates := await kept_rates(store)):
                pass  # every look lets the others run
        assert rates == [44_100, 8000]
        write_wav(recording.paths[1], 12_000)
        recording.finish(EndReason.HANG_UP)
        await session
        assert await kept_rates(store) == [44_100, 12_000]


async def test_a_call_that_is_over_is_announced_with_the_rates_of_its_wavs(tmp_path, recordings):
    recording, bus = begin(recordings), Bus()
    for path, rate in zip(recording.paths, (SPEECH_RATE, 192_000), strict=True):
        write_wav(path, rate)
    recording.finish(EndReason.HANG_UP)
    with bus.subscribe() as events:
        async with open_store(tmp_path / "s.sqlite3") as store:
            await run_session(recording.folder, desk_with(store), bus)
        started = await anext(aiter(events))
    assert isinstance(started, CallStarted)
    assert [leg.rate for leg in started.call.legs] == [SPEECH_RATE, 192_000]
