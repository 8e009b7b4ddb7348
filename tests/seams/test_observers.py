"""Observers plugged in from outside are told of each final, whoever watches, whatever is killed in between."""

import asyncio
from collections import Counter

import pytest

from streamer.calls import observers as module
from streamer.core.events import Segment
from streamer.store.sqlite.store import open_store
from tests.fakes.replay import until
from tests.seams.memory_store import MemoryStore
from tests.seams.scripted_recogniser import ScriptedRecogniser
from tests.seams.sessions import SCRIPT, record_call, transcribe_call

FINALS = Counter(dict.fromkeys(SCRIPT, 1))


class Counting:
    """Counts what it is told, once it is let go; `faults` is how often it fails first."""

    def __init__(self, *, faults: int = 0) -> None:
        self.told: Counter[tuple[str, int]] = Counter()
        self.let_go = asyncio.Event()
        self.let_go.set()
        self._faults = faults

    async def __call__(self, call, segment: Segment) -> None:
        await self.let_go.wait()
        if self._faults:
            self._faults -= 1
            raise RuntimeError("it is not there")
        self.told[segment.leg, segment.utterance] += 1


async def test_it_is_told_once_however_many_watch(recordings):
    folder, store, counting = record_call(recordings), MemoryStore(), Counting()
    await asyncio.gather(
        *(
            transcribe_call(
                folder, store, ScriptedRecogniser(SCRIPT), observers={"counting": counting}
            )
            for _ in range(2)
        )
    )
    assert counting.told == FINALS


async def test_a_viewer_that_comes_later_tells_it_nothing(recordings):
    folder, store, counting = record_call(recordings), MemoryStore(), Counting()
    for _ in range(2):
        run = await transcribe_call(
            folder, store, ScriptedRecogniser(SCRIPT), observers={"counting": counting}
        )
        assert len(run.finals) == len(SCRIPT)
    assert counting.told == FINALS


async def test_after_a_kill_it_is_told_of_what_it_missed(recordings, tmp_path):
    folder, counting = record_call(recordings), Counting()
    counting.let_go.clear()
    async with open_store(tmp_path / "s.sqlite3") as store:
        killed = asyncio.ensure_future(
            transcribe_call(
                folder, store, ScriptedRecogniser(SCRIPT), observers={"counting": counting}
            )
        )
        settled = list[Segment]()

        async def look():
            settled[:] = await store.read_segments(folder.name)

        while len(settled) < len(SCRIPT):
            await look()
        killed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await killed
        assert counting.told == Counter()
        counting.let_go.set()
        await transcribe_call(
            folder, store, ScriptedRecogniser(SCRIPT), observers={"counting": counting}
        )
        assert counting.told == FINALS
        assert await store.read_told(folder.name, "counting") == {"caller": 2, "agent": 1}


async def test_one_that_fails_costs_neither_words_nor_the_others(recordings):
    folder, store = record_call(recordings), MemoryStore()
    failing, counting = Counting(faults=1000), Counting()
    observers = {"failing": failing, "counting": counting}
    run = await transcribe_call(folder, store, ScriptedRecogniser(SCRIPT), observers=observers)
    assert (run.result.trouble, len(run.finals)) == ("", len(SCRIPT))
    assert counting.told == FINALS
    assert failing.told == Counter()
    assert sum("failing has failed" in str(event) for event in run.events) == 1


async def test_one_that_is_back_is_told_of_everything_in_order(recordings, monkeypatch):
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    folder, store, counting = record_call(recordings), MemoryStore(), Counting(faults=1)
    await transcribe_call(
        folder, store, ScriptedRecogniser(SCRIPT), observers={"counting": counting}
    )
    assert counting.told == FINALS


async def test_one_that_hangs_is_not_waited_for_for_ever(recordings, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    folder, store, counting = record_call(recordings), MemoryStore(), Counting()
    counting.let_go.clear()
    run = await transcribe_call(
        folder, store, ScriptedRecogniser(SCRIPT), observers={"counting": counting}
    )
    assert len(run.finals) == len(SCRIPT)
    assert await store.read_told(folder.name, "counting") == {}
    await until(lambda: counting.told == Counter())
