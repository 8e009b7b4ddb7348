from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from streamer.core.audio import Leg
from streamer.core.events import EndReason, Segment, Unclear, Word
from streamer.errors import NotFoundError, StoreError
from streamer.store import Progress
from streamer.store.sqlite.store import open_store
from tests.unit.store.sqlite.calls import LEGS, ZERO, filled, keep, keep_call, make_call, say


@pytest.fixture
def path(tmp_path):
    return tmp_path / "streamer.sqlite3"


async def test_a_call_comes_back_as_it_was_kept(path):
    async with open_store(path) as store:
        call = await keep_call(store, make_call())
        row = await store.read_call(call.id)
    assert (row.id, row.source, row.started_at) == (call.id, call.source, call.started_at)
    assert tuple(leg.leg for leg in row.legs) == call.legs
    assert [leg.recording.name for leg in row.legs] == ["caller.wav", "agent.wav"]
    assert (row.ended_at, row.reason, row.duration, row.segments, row.last_words) == (
        None,
        None,
        None,
        0,
        "",
    )
    assert not row.is_complete


async def test_words_and_progress_come_back_as_they_were_kept(path):
    words = (Word("Wir", 16_000, 16_500, 0.987), Word("你", 16_500, 17_000, 0.5, is_joined=True))
    segment = Segment("agent", 3, 16_000, 17_000, words, "de")
    async with open_store(path) as store:
        call = await keep_call(store, make_call())
        assert await store.keep_segment(call.id, "agent", segment, position=20_000, utterance=3)
        assert await store.read_segments(call.id) == [segment]
        assert await store.read_progress(call.id) == {
            "caller": Progress(),
            "agent": Progress(20_000, 3),
        }


async def test_an_utterance_without_words_moves_the_leg_on(path):
    async with open_store(path) as store:
        call = await keep_call(store, make_call())
        assert await store.keep_segment(call.id, "caller", None, position=500, utterance=1)
        assert await store.read_segments(call.id) == []
        assert (await store.read_progress(call.id))["caller"] == Progress(500, 1)


async def test_a_resumed_call_keeps_its_words_and_its_progress(path):
    async with filled(path, "one", "two") as (store, call):
        before = await store.read_progress(call.id)
        await store.keep_call(call, Path("/moved"), [Path("/moved/a"), Path("/moved/b")])
        row = await store.read_call(call.id)
        assert (row.segments, row.folder) == (2, Path("/moved"))
        assert await store.read_progress(call.id) == before


async def test_the_first_segment_of_a_number_stays_and_progress_never_goes_back(path):
    async with filled(path, "the first") as (store, call):
        late = say("the second", utterance=1, at=0.1)
        assert not await store.keep_segment(call.id, "caller", late, position=1, utterance=0)
        assert [s.text for s in await store.read_segments(call.id)] == ["the first"]
        progress = await store.read_progress(call.id)
        assert progress["caller"] == Progress(say("the first").end, 1)


async def test_segments_that_begin_at_once_are_all_kept(path):
    async with open_store(path) as store:
        call = await keep(store, make_call(), say("a"), say("b", leg="agent"))
        again = replace(call, id=call.id + "-again")
        await keep(store, again, say("c"), say("d", leg="agent"))
        assert [s.text for s in await store.read_segments(call.id)] == ["a", "b"]
        assert [s.text for s in await store.read_segments(again.id)] == ["c", "d"]


async def test_a_leg_that_is_not_there_is_one_clear_error(path):
    async with open_store(path) as store:
        call = await keep_call(store, make_call())
        for leg in ("nobody", "CALLER"):
            with pytest.raises(StoreError, match=f"leg {leg} of call {call.id} is not in") as error:
                await store.keep_segment(call.id, leg, say("x"), position=1, utterance=1)
            assert not error.value.is_temporary
            with pytest.raises(StoreError, match="may have been deleted"):
                await store.complete_leg(call.id, leg)
        with pytest.raises(StoreError, match="call nothing is not in"):
            await store.end_call("nothing", EndReason.LOST, duration=1, ended_at=ZERO)
        assert await store.read_segments(call.id) == []


async def test_a_call_is_complete_when_all_of_its_legs_are(path):
    async with open_store(path) as store:
        call = await keep_call(store, make_call())
        await store.complete_leg(call.id, "caller")
        assert not (await store.read_call(call.id)).is_complete
        await store.complete_leg(call.id, "agent")
        assert (await store.read_call(call.id)).is_complete


async def test_how_a_call_ended_is_kept(path):
    async with open_store(path) as store:
        call = await keep_call(store, make_call())
        end = ZERO + timedelta(hours=2)
        await store.end_call(call.id, EndReason.STOPPED, duration=24_000, ended_at=end)
        row = await store.read_call(call.id)
    assert (row.reason, row.duration_s, row.ended_at) == (EndReason.STOPPED, 1.5, end)


async def test_troubles_are_kept_with_their_call_or_without_one(path):
    async with open_store(path) as store:
        call = await keep_call(store, make_call())
        await store.keep_trouble(call.id, "no more text", at=ZERO)
        await store.keep_trouble("nothing", "of no call", at=ZERO)
        await store.keep_trouble(None, "of all", at=ZERO)
        troubles = await store.read_troubles(call.id)
    assert [(t.call_id, t.at, t.message) for t in troubles] == [(call.id, ZERO, "no more text")]


async def test_a_follower_reads_what_is_new_of_each_leg(path):
    async with open_store(path) as store:
        call = await keep_call(store, make_call())
        version = await store.read_version()
        await keep(
            store,
            call,
            say("one", at=1),
            say("two", leg="agent", at=2),
            say("three", utterance=2, at=3),
        )
        assert await store.read_version() != version
        version = await store.read_version()
        fresh = await store.read_segments(call.id, after={"caller": 1})
        assert [s.text for s in fresh] == ["two", "three"]
        assert await store.read_segments(call.id, after={"caller": 2, "agent": 1}) == []
        assert await store.read_version() == version


async def test_a_transcript_has_the_call_its_legs_and_its_words_in_order(path):
    async with open_store(path) as store:
        call = await keep(store, make_call(), say("later", at=9), say("sooner", leg="agent", at=2))
        transcript = await store.read_transcript(call.id)
    assert (transcript.call_id, transcript.started_at) == (call.id, call.started_at)
    assert transcript.legs == LEGS
    assert [segment.text for segment in transcript.segments] == ["sooner", "later"]


async def test_calls_are_found_by_prefix_and_the_newest_is_last(path):
    async with open_store(path) as store:
        assert await store.last_call() is None
        calls = [await keep_call(store, make_call(number)) for number in (1, 2, 3)]
        ids = [call.id for call in calls]
        assert await store.last_call() == ids[2]
        assert await store.find_calls("20261120") == ids[::-1]
        assert await store.find_calls(ids[1][:-1]) == [ids[1]]
        assert await store.find_calls("20261120", limit=2) == [ids[2], ids[1]]
        longer = replace(calls[0], id=ids[0] + "x")
        await keep_call(store, longer)
        assert await store.find_calls(ids[0]) == [ids[0]]
        assert await store.find_calls("%") == await store.find_calls("_") == []


async def test_a_call_that_is_not_there_is_not_found(path):
    async with open_store(path) as store:
        for read in (store.read_call, store.read_transcript):
            with pytest.raises(NotFoundError, match="no call nothing in"):
                await read("nothing")
        assert await store.read_segments("nothing") == []
        assert await store.read_progress("nothing") == {}


async def test_calls_that_began_before_a_moment_are_listed_oldest_first(path):
    async with open_store(path) as store:
        calls = [await keep_call(store, make_call(number)) for number in (3, 1, 2)]
        older = await store.list_older(calls[0].started_at)
    assert older == [calls[1].id, calls[2].id]


HOSTILE = [
    "nul \0 in it",
    "lone \ud800 surrogate",
    "esc \x1b[31m\x02marked\x03",
    "'; DROP TABLE call; --",
    '"quoted" (AND OR NOT*)',
    "\u202eright to left\u2066",
    "line\r\nbreaks\u2028",
    "\U0001f469\u200d\U0001f680",
    "%s {name} [bold]",
    "x" * 1_000_000,
    "",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_strings_are_kept_in_every_field(path, text):
    legs = (Leg("caller" + text, text), Leg("agent", text))
    call = replace(make_call(legs=legs), id="id" + text, source=text)
    segment = Segment(legs[0].label, 1, 0, 500, (Word("hello" + text, 0, 500, 0.5),), text)
    folder = Path("/" + text.replace("\0", "").replace("\ud800", "\udcff"))
    async with open_store(path) as store:
        await store.keep_call(call, folder, [folder, folder])
        await store.keep_segment(call.id, legs[0].label, segment, position=1, utterance=1)
        await store.keep_trouble(call.id, text, at=ZERO)
        await store.complete_leg(call.id, legs[0].label)
        [kept] = await store.read_segments(call.id, after={legs[0].label: 0})
        row = await store.read_call(call.id)
        [hit] = await store.search("hello*")
        assert len(await store.list_calls(text="hello*")) == 1
        assert await store.find_calls(call.id) == [row.id]
        assert await store.delete_calls([call.id]) == 1
    assert kept.words == segment.words
    assert (row.folder, row.segments, row.legs[0].progress.is_complete) == (folder, 1, True)
    assert row.source == text.replace("\0", "\\x00").replace("\ud800", "\\ud800")
    [(start, end)] = hit.spans
    assert hit.text[start:end].startswith("hello")
    assert not set(hit.text) & set("\0\x02\x03\x1b\r\n\u2028\u202e")


async def test_speech_without_words_is_kept_with_the_progress_and_goes_with_its_call(path):
    async with filled(path, "hello") as (store, call):
        spans = [
            Unclear(call.id, "caller", 40_000, 80_000),
            Unclear(call.id, "caller", 20_000, 30_000),
        ]
        place = {"position": 90_000, "utterance": 2}
        assert await store.keep_segment(call.id, "caller", None, unclear=spans, **place)
        assert await store.read_unclear(call.id) == spans[::-1]
        assert (await store.read_transcript(call.id)).unclear == tuple(spans[::-1])
        late = [Unclear(call.id, "caller", 50_000, 60_000)]
        taken = say("somebody else was first", utterance=1)
        assert not await store.keep_segment(call.id, "caller", taken, unclear=late, **place)
        assert await store.read_unclear(call.id) == spans[::-1]
        await store.delete_calls([call.id])
        assert await store.read_unclear(call.id) == []
