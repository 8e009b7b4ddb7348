"""A mark is kept with its line, told to every viewer, whoever set it, and gone with its call."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from streamer.calls.marking import ToldMarks
from streamer.core.encoding import encode_event
from streamer.core.mark import LONGEST_NOTE, Mark
from streamer.errors import StoreError
from streamer.exporters import EXPORTERS
from streamer.exporters.json import encode
from streamer.store.sqlite.store import open_reader, open_store
from tests.seams.memory_store import MemoryStore
from tests.seams.scripted_recogniser import ScriptedRecogniser
from tests.seams.sessions import SCRIPT, record_call, transcribe_call
from tests.unit.exporters.calls import call as spoken, say as speak
from tests.unit.store.sqlite.calls import keep_call, make_call, say

AT = datetime(2026, 11, 20, 13, 6, tzinfo=UTC)


def mark(call_id, note="ask about this", *, leg="caller", utterance=1):
    return Mark(call_id, leg, utterance, 16_000, 32_000, note, AT)


@pytest.fixture(params=["sqlite", "memory"])
async def store(request, tmp_path):
    if request.param == "memory":
        yield MemoryStore()
        return
    async with open_store(tmp_path / "s.sqlite3") as opened:
        yield opened


async def test_a_line_has_one_mark_which_changes_and_goes(store):
    first, second = [(await keep_call(store, make_call(n))).id for n in (1, 2)]
    assert await store.keep_mark(mark(first))
    await store.keep_mark(mark(second))
    await store.keep_mark(mark(first, "and again"))
    assert [each.note for each in await store.read_marks([first])] == ["and again"]
    assert len(await store.read_marks()) == 2
    await store.keep_mark(replace(mark(first, ""), is_removed=True))
    assert await store.read_marks([first]) == []


async def test_a_mark_has_the_words_of_its_line_once_they_are_settled(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as store:
        call = (await keep_call(store, make_call())).id
        await store.keep_mark(mark(call))
        (before,) = await store.read_marks([call])
        await store.keep_segment(call, "caller", say("no words"), position=1, utterance=1)
        (after,) = await store.read_marks([call])
        assert (before.text, after.text) == ("", "no words")
        assert before == after, "so that it is told once"


async def test_a_mark_of_what_is_not_there_is_refused_and_a_hostile_note_is_one_line(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as store:
        call = (await keep_call(store, make_call())).id
        assert not await store.keep_mark(mark("nobody"))
        assert not await store.keep_mark(mark(call, leg="nobody"))
        await store.keep_mark(mark(call, "a\n\x1b[2J\0\ud800'); DROP TABLE mark;--" + "x" * 9000))
        (kept,) = await store.read_marks([call])
        assert kept.note.isprintable()
        assert len(kept.note) <= LONGEST_NOTE


async def test_marks_go_with_their_call(tmp_path):
    path = tmp_path / "s.sqlite3"
    async with open_store(path) as store:
        call = (await keep_call(store, make_call())).id
        await store.keep_mark(mark(call, "secret note"))
        await store.delete_calls([call])
        assert await store.read_marks() == []
    assert b"secret note" not in path.read_bytes()
    async with open_reader(path) as reader:
        assert await reader.read_marks([call]) == []


async def test_what_others_set_change_and_remove_is_told_once_each(store):
    call = (await keep_call(store, make_call())).id
    told: list[Mark] = []
    marks = ToldMarks(call, told.append)
    await store.keep_mark(mark(call))
    for _ in range(2):
        await marks.look(store)
    await store.keep_mark(mark(call, "changed"))
    await marks.look(store)
    await store.keep_mark(replace(mark(call), is_removed=True))
    for _ in range(2):
        await marks.look(store)
    assert [(each.note, each.is_removed) for each in told] == [
        ("ask about this", False),
        ("changed", False),
        ("changed", True),
    ]


async def test_a_session_tells_marks_that_are_there(recordings, store):
    folder = record_call(recordings)
    await transcribe_call(folder, store, ScriptedRecogniser(SCRIPT))
    await store.keep_mark(mark(folder.name))
    run = await transcribe_call(folder, store, ScriptedRecogniser(SCRIPT))
    assert [event.note for event in run.events if isinstance(event, Mark)] == ["ask about this"]


async def test_a_store_that_fails_is_asked_again(store):
    asked = asyncio.Event()

    class Failing(MemoryStore):
        async def read_version(self):
            asked.set()
            raise StoreError("busy")

    following = asyncio.ensure_future(ToldMarks("x", print).follow(Failing()))
    await asked.wait()
    await asyncio.sleep(0)
    assert not following.done()
    following.cancel()


def test_a_mark_is_an_event_and_in_exports():
    set_mark = replace(mark("c"), text="I cancel")
    assert encode_event(set_mark) == {
        "event": "mark",
        "call": "c",
        "leg": "caller",
        "utterance": 1,
        "start": 1.0,
        "end": 2.0,
        "text": "I cancel",
        "note": "ask about this",
        "at": "2026-11-20T13:06:00.000Z",
    }
    assert encode_event(replace(set_mark, is_removed=True))["removed"] is True
    transcript = replace(spoken(speak("I cancel", at=1)), marks=(set_mark,))
    last = EXPORTERS["txt"](transcript).splitlines()[-1]
    assert last == "mark: [0:01] caller: I cancel (ask about this)"
    assert encode(transcript)["marks"][0]["note"] == "ask about this"
    assert "marks" not in encode(spoken(speak("I cancel", at=1)))
