"""A call is kept with the rates that its legs really have, and those who follow it know how far its words are behind."""

import asyncio
import wave
from dataclasses import replace
from functools import partial

import pytest

from streamer.bus import Bus
from streamer.calls import session, transcription
from streamer.calls.backend import Backend, Speech
from streamer.calls.lag_advice import LagAdviser
from streamer.calls.session import run_session
from streamer.core.audio import Leg
from streamer.core.events import (
    SPEECH_RATE,
    CallEnded,
    CallStarted,
    EndReason,
    Lagging,
    LegAttached,
    LegEnded,
    Trouble,
)
from streamer.recording.folder import CallFolder
from streamer.recording.live_status import LiveStatus
from streamer.recording.writer import create_recording
from streamer.speech.base import Hypothesis
from streamer.speech.plan import SpeechPlan
from streamer.speech.scheduler import Scheduler
from streamer.store.sqlite.store import open_store
from tests.fakes.recogniser import LoadedRecogniser
from tests.fakes.replay import PATIENCE_S, RememberingBus, until
from tests.unit.speech.test_transcriber import LOUD, LoudIsSpeech

LEGS = (Leg("caller", "a", 8000), Leg("agent", "b", 8000))


def begin(recordings):
    """Begin a call whose `call.json` says 8000, as one does before the first audio."""
    return create_recording(recordings, source="audiosocket", url="", legs=LEGS)


def write_wav(path, rate, *, seconds=1, sample=b"\0\0"):
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, rate, 0, "NONE", ""))
        wav.writeframes(sample * rate * seconds)


async def kept_rates(store):
    return [leg.leg.rate for row in await store.list_calls() for leg in row.legs]


def backend_with(store, speech=None):
    opening = asyncio.get_running_loop().create_future()
    opening.set_result(store)
    return Backend(opening, speech)


class HeldEngine(LoadedRecogniser):
    """Answers nothing before it is let go."""

    def __init__(self):
        self.let_go = asyncio.Event()

    async def transcribe(self, windows):
        await self.let_go.wait()
        return [Hypothesis(window.position, window.end) for window in windows]


@pytest.fixture
async def held(monkeypatch):
    """Return an engine, and the speech of a backend that has it."""
    monkeypatch.setattr(transcription, "_import_vad", lambda: lambda read_rate: LoudIsSpeech())
    engine = HeldEngine()
    scheduler = Scheduler(engine)
    yield engine, Speech(engine, scheduler, SpeechPlan())
    await scheduler.aclose()


async def next_lag(events):
    async with asyncio.timeout(PATIENCE_S):
        async for event in events:
            if isinstance(event, Lagging | CallEnded):
                return event if isinstance(event, CallEnded) else (event.leg, event.lag_s)
    raise AssertionError("the bus is closed")


async def test_rates_that_come_with_the_audio_are_kept(tmp_path, recordings):
    recording = begin(recordings)
    async with open_store(tmp_path / "s.sqlite3") as store:
        session = asyncio.ensure_future(run_session(recording.folder, backend_with(store), Bus()))
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
            await run_session(recording.folder, backend_with(store), bus)
        started = await anext(aiter(events))
    assert isinstance(started, CallStarted)
    assert [leg.rate for leg in started.call.legs] == [SPEECH_RATE, 192_000]


async def test_a_backend_that_follows_tells_the_lag_of_the_one_that_transcribes(
    tmp_path, recordings, held
):
    engine, speech = held
    recording, bus = begin(recordings), Bus()
    write_wav(recording.paths[0], SPEECH_RATE, seconds=30, sample=LOUD)
    async with open_store(tmp_path / "s.sqlite3") as store:
        first = run_session(recording.folder, backend_with(store, speech), Bus())
        transcribing = asyncio.ensure_future(first)
        with bus.subscribe() as events:
            second = run_session(recording.folder, backend_with(store), bus)
            following = asyncio.ensure_future(second)
            leg, lag_s = await next_lag(events)
            assert (leg, lag_s > 5) == ("caller", True)
            engine.let_go.set()
            while (lag := await next_lag(events))[1]:
                pass
            assert lag == ("caller", 0.0)
            recording.finish(EndReason.HANG_UP)
            await asyncio.gather(transcribing, following)
    assert not CallFolder(recording.folder).lags.exists()


async def test_the_lag_of_a_backend_that_was_killed_is_not_told_any_more(tmp_path, recordings):
    recording, bus = begin(recordings), Bus()
    write_wav(recording.paths[0], SPEECH_RATE)
    lock = CallFolder(recording.folder).take_transcriber_lock()
    assert lock
    status = LiveStatus(recording.folder)
    async with open_store(tmp_path / "s.sqlite3") as store:
        with bus.subscribe() as events:
            following = asyncio.ensure_future(
                run_session(recording.folder, backend_with(store), bus)
            )
            status.post(Lagging(recording.call.id, "agent", 12.0))
            assert await next_lag(events) == ("agent", 12.0)
            lock.release()
            assert await next_lag(events) == ("agent", 0.0)
            recording.finish(EndReason.HANG_UP)
            await following
    assert not CallFolder(recording.folder).lags.exists()


async def test_who_takes_over_does_not_inherit_a_lag(tmp_path, recordings, held):
    _, speech = held
    recording, bus = begin(recordings), Bus()
    write_wav(recording.paths[0], SPEECH_RATE)
    CallFolder(recording.folder).lags.write_text('{"caller": 99.0}')
    async with open_store(tmp_path / "s.sqlite3") as store:
        with bus.subscribe() as events:
            taking_over = asyncio.ensure_future(
                run_session(recording.folder, backend_with(store, speech), bus)
            )
            await until(lambda: not CallFolder(recording.folder).lags.exists())
            recording.finish(EndReason.HANG_UP)
            assert isinstance(await next_lag(events), CallEnded)
            await taking_over


async def test_voice_activity_is_told_the_rate_of_each_leg_with_its_audio(
    tmp_path, recordings, held, monkeypatch
):
    _, speech = held
    rates = []

    class AskingVad(LoudIsSpeech):
        def __init__(self, read_rate):
            super().__init__()
            self.read_rate = read_rate

        def feed(self, pcm):
            rates.append(self.read_rate())
            return super().feed(pcm)

    monkeypatch.setattr(transcription, "_import_vad", lambda: AskingVad)
    recording = begin(recordings)
    for path, rate in zip(recording.paths, (8000, 24_000), strict=True):
        write_wav(path, rate)
    recording.finish(EndReason.HANG_UP)
    async with open_store(tmp_path / "words.db") as store:
        await run_session(recording.folder, backend_with(store, speech), Bus())
    assert set(rates) == {8000, 24_000}


async def test_every_viewer_is_told_how_each_leg_is_doing(tmp_path, recordings):
    recording = begin(recordings)
    write_wav(recording.paths[0], 8000)
    buses = [RememberingBus(), RememberingBus()]
    async with open_store(tmp_path / "s.sqlite3") as store:
        viewers = [
            asyncio.ensure_future(run_session(recording.folder, backend_with(store), bus))
            for bus in buses
        ]
        recording.attach(0)
        await until(lambda: all(bus.count(LegAttached) == 1 for bus in buses))
        recording.end_leg(0, EndReason.LOST, "the connection broke")
        await until(lambda: all(bus.count(LegEnded) == 1 for bus in buses))
        recording.finish(EndReason.LOST)
        await asyncio.gather(*viewers)
    for bus in buses:
        (attached,) = [event for event in bus.events if isinstance(event, LegAttached)]
        assert (attached.leg.label, attached.recording) == ("caller", recording.paths[0])
        (ended,) = [event for event in bus.events if isinstance(event, LegEnded)]
        assert (ended.leg, ended.reason) == ("caller", EndReason.LOST)
        assert Trouble(recording.call.id, "caller: the connection broke") in bus.events
        assert isinstance(bus.events[-1], CallEnded)


async def test_a_live_call_that_stays_behind_is_told_once_what_would_keep_up(
    tmp_path, recordings, held, monkeypatch
):
    engine, speech = held
    monkeypatch.setattr(session, "LagAdviser", partial(LagAdviser, for_good_s=0))
    speech = replace(speech, explain_lag=lambda: "base would keep up")
    recording, bus = begin(recordings), RememberingBus()
    for path in recording.paths:
        write_wav(path, SPEECH_RATE, seconds=30, sample=LOUD)
    async with open_store(tmp_path / "s.sqlite3") as store:
        running = asyncio.ensure_future(
            run_session(recording.folder, backend_with(store, speech), bus)
        )
        await until(lambda: bus.troubles().count("would keep up") == 1)
        engine.let_go.set()
        recording.finish(EndReason.HANG_UP)
        await running
    assert bus.troubles().count("would keep up") == 1


@pytest.mark.parametrize("rate", [8000, SPEECH_RATE, 48_000])
@pytest.mark.parametrize("has_hole", [False, True])
async def test_a_pause_is_no_lag_and_speech_that_waits_behind_it_is(
    tmp_path, recordings, held, rate, has_hole
):
    engine, speech = held
    engine.let_go.set()
    recording = begin(recordings)
    for path, sounds_s in zip(recording.paths, (1, 9), strict=True):
        with wave.open(str(path), "wb") as wav:
            wav.setparams((1, 2, rate, 0, "NONE", ""))
            wav.writeframes(bytes(2 * rate * 30) + LOUD * rate * sounds_s)
        if has_hole:
            _punch(path, 2 * rate * 30)
    bus = RememberingBus()
    async with open_store(tmp_path / "s.sqlite3") as store:
        following = asyncio.ensure_future(
            run_session(recording.folder, backend_with(store, speech), bus)
        )
        await until(lambda: any(isinstance(e, Lagging) and not e.lag_s for e in bus.events))
        recording.finish(EndReason.HANG_UP)
        await following
    lags = [event for event in bus.events if isinstance(event, Lagging)]
    assert {event.leg for event in lags} == {"agent"}
    assert 5 <= max(event.lag_s for event in lags) < 9.2
    assert lags[-1].lag_s == 0.0


def _punch(path, length):
    """Write a WAV anew, with a hole for the silence that it begins with."""
    whole = path.read_bytes()
    with path.open("wb") as file:
        file.write(whole[:44])
        file.seek(44 + length)
        file.write(whole[44 + length :])
