"""A recogniser from outside this package transcribes calls; it is one file, and one line of a table."""

import asyncio

import pytest

from streamer.bus import Bus
from streamer.calls.backend import open_speech
from streamer.config import Settings
from streamer.core.events import CallStats, EndReason
from streamer.core.transcript import measure_talk
from streamer.speech.base import Recogniser
from streamer.speech.recognisers import RECOGNISERS
from tests.fakes.replay import until
from tests.seams.memory_store import MemoryStore
from tests.seams.scripted_recogniser import MODEL, SKIPPED, ScriptedRecogniser, opener
from tests.seams.sessions import LEGS, SCRIPT, record_call, transcribe_call


async def test_a_call_is_transcribed_by_it_to_the_end(recordings):
    recogniser = ScriptedRecogniser(SCRIPT)
    run = await transcribe_call(record_call(recordings), MemoryStore(), recogniser)
    assert (run.result.reason, run.result.trouble) == (EndReason.HANG_UP, "")
    assert run.said == [(*place, text) for place, text in SCRIPT.items()]
    assert recogniser.starts == 1


async def test_it_is_not_started_for_a_call_that_has_its_words(recordings):
    folder, store = record_call(recordings), MemoryStore()
    await transcribe_call(folder, store, ScriptedRecogniser(SCRIPT))
    again = ScriptedRecogniser({})
    run = await transcribe_call(folder, store, again)
    assert len(run.finals) == len(SCRIPT)
    assert again.starts == 0


async def test_what_it_skips_is_counted_and_the_rest_is_there(recordings):
    script = {**SCRIPT, ("agent", 1): SKIPPED}
    run = await transcribe_call(record_call(recordings), MemoryStore(), ScriptedRecogniser(script))
    assert [leg for leg, *_ in run.said] == ["caller", "caller"]
    assert run.result.trouble == "1 utterances could not be transcribed"


async def test_one_that_gives_up_costs_the_words_and_not_the_call(recordings):
    recogniser = ScriptedRecogniser(SCRIPT, fault="the key is refused")
    run = await transcribe_call(record_call(recordings), MemoryStore(), recogniser)
    assert run.finals == []
    assert "the key is refused" in run.result.trouble
    assert run.result.reason is EndReason.HANG_UP


async def test_it_is_told_when_nobody_waits_any_more(recordings):
    recogniser = ScriptedRecogniser(SCRIPT)
    recogniser.let_go.clear()
    running = asyncio.ensure_future(
        transcribe_call(record_call(recordings), MemoryStore(), recogniser)
    )
    await until(lambda: recogniser.asked == len(LEGS))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: recogniser.cancelled == len(LEGS))


async def test_it_says_how_many_jobs_it_takes():
    table = {"scripted": opener(ScriptedRecogniser({}))}
    async with open_speech(
        Settings(), MODEL, Bus(), recogniser="scripted", recognisers=table
    ) as speech:
        assert speech
        assert speech.scheduler.slots == ScriptedRecogniser.slots


async def test_the_one_on_this_machine_fits_the_same_seam():
    async with RECOGNISERS["local"](Settings(), MODEL, print) as opened:
        recogniser: Recogniser = opened
        assert recogniser.slots >= 1
        assert not recogniser.is_loading


async def test_for_how_long_somebody_talked_is_said_after_the_last_final(recordings):
    recogniser = ScriptedRecogniser(SCRIPT)
    run = await transcribe_call(record_call(recordings), MemoryStore(), recogniser)
    kinds = [type(event).__name__ for event in run.events]
    assert kinds[-2:] == ["CallStats", "CallEnded"]
    assert kinds.count("CallStats") == 1
    (stats,) = [event for event in run.events if isinstance(event, CallStats)]
    assert stats.talk_s == measure_talk(run.finals)
    assert 7 <= stats.talk_s < 11, "3 s, 2 s and 2 s with some air, of 11 s"
