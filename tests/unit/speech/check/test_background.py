"""A model that nobody measured is checked by itself, while nobody speaks."""

import asyncio
import hashlib
from functools import cache

import pytest

from streamer.config import Settings
from streamer.speech.base import EncoderWindow, Window
from streamer.speech.check import background
from streamer.speech.check.background import check_unmeasured
from streamer.speech.check.clips import read_clips
from streamer.speech.check.memory import recall
from streamer.speech.engine.models import DEMO, InstalledModel, resolve_model
from streamer.speech.queue import Urgency
from streamer.speech.scheduler import Scheduler
from tests.fakes.reading import ReadingRecogniser
from tests.fakes.replay import until

clips = cache(read_clips)


class HeldRecogniser(ReadingRecogniser):
    """Reads nothing as long as it is held."""

    def __init__(self):
        super().__init__()
        self.let_go = asyncio.Event()
        self.begun = self.dropped = 0

    async def transcribe(self, windows):
        self.begun += 1
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.dropped += 1
            raise
        return await super().transcribe(windows)


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"weights")
    return InstalledModel("small", folder, 7)


async def _check(model, recogniser, settings=None, said=None):
    scheduler = Scheduler(recogniser, slots=2)
    say = ([] if said is None else said).append
    try:
        await check_unmeasured(
            settings or Settings(), model, recogniser, scheduler, say, silent_s=0
        )
    finally:
        await scheduler.aclose()


async def test_it_is_checked_and_remembered_without_a_word(model):
    said: list[str] = []
    await _check(model, ReadingRecogniser(), said=said)
    findings = recall(Settings(), model)
    assert findings is not None
    assert findings.encoder_window is EncoderWindow.SHORT
    assert said == []


async def test_one_that_needs_full_windows_is_said(model):
    said: list[str] = []
    spoilt = ReadingRecogniser(lambda w, words: words if w is EncoderWindow.FULL else [])
    await _check(model, spoilt, said=said)
    assert "needs full encoder windows" in said[0]


async def test_it_is_checked_only_once(model):
    await _check(model, ReadingRecogniser())
    again = ReadingRecogniser()
    await _check(model, again)
    assert again.windows == []


async def test_weights_that_were_measured_are_not_checked(model, monkeypatch):
    recogniser = ReadingRecogniser()
    monkeypatch.setitem(background.MEASURED, hashlib.sha256(b"weights").hexdigest(), "x")
    await _check(model, recogniser)
    await _check(InstalledModel("base", model.path, 7), recogniser)
    await _check(resolve_model(DEMO), recogniser)
    assert recogniser.windows == []


async def test_whoever_has_chosen_a_window_has_nothing_checked(model):
    recogniser = ReadingRecogniser()
    await _check(model, recogniser, Settings(encoder_window="short"))
    assert recogniser.windows == []


async def test_an_engine_that_reads_one_window_at_a_time_has_none_to_spare(model):
    recogniser = ReadingRecogniser()
    recogniser.slots = 1
    await _check(model, recogniser)
    assert recogniser.windows == []


async def test_a_model_that_cannot_be_read_or_loaded_is_let_be(model, tmp_path):
    await _check(InstalledModel("small", tmp_path / "gone", 7), ReadingRecogniser())
    await _check(model, ReadingRecogniser(fault="broken"))
    assert recall(Settings(), model) is None


async def test_whoever_begins_to_speak_is_served_and_the_check_goes_on_in_the_next_silence(model):
    recogniser = HeldRecogniser()
    scheduler = Scheduler(recogniser, slots=2)
    checking = asyncio.ensure_future(
        check_unmeasured(Settings(), model, recogniser, scheduler, print, silent_s=0)
    )
    await until(lambda: recogniser.begun == 1)
    spoken = Window("c/caller", 1, clips()[0].pcm, 0)
    speaking = asyncio.ensure_future(scheduler.transcribe(spoken, Urgency.FIRST_PARTIAL))
    await until(lambda: recogniser.dropped == 1)
    assert recogniser.begun == 2
    recogniser.let_go.set()
    assert (await speaking).words
    await checking
    await scheduler.aclose()
    assert recall(Settings(), model) is not None
    assert len(recogniser.windows) == 1 + 2 * len(clips())


async def test_it_never_begins_while_words_are_wanted(model):
    recogniser = HeldRecogniser()
    scheduler = Scheduler(recogniser, slots=2)
    speaking = asyncio.ensure_future(
        scheduler.transcribe(Window("c/caller", 1, clips()[0].pcm, 0), Urgency.FINAL)
    )
    await until(lambda: recogniser.begun == 1)
    checking = asyncio.ensure_future(
        check_unmeasured(Settings(), model, recogniser, scheduler, print, silent_s=0)
    )
    for _ in range(50):
        await asyncio.sleep(0)
    assert recogniser.begun == 1
    recogniser.let_go.set()
    await speaking
    await checking
    await scheduler.aclose()
