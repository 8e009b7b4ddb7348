import pytest

from streamer.store.sqlite import around
from streamer.store.sqlite.store import open_store
from tests.unit.store.sqlite.calls import keep, make_call, say


@pytest.fixture
async def store(tmp_path):
    """Two calls at the same time, of which the first is a conversation."""
    async with open_store(tmp_path / "db") as store:
        await keep(
            store,
            make_call(1),
            say("thank you for calling", leg="agent", at=1),
            say("hello", at=3),
            say("the refund please", utterance=3, at=5),
            say("of which order", leg="agent", utterance=2, at=7),
            say("of the last one", utterance=5, at=9),
        )
        await keep(store, make_call(2, started_at=make_call(1).started_at), say("noise", at=5))
        yield store


def texts(lines):
    return [line.text for line in lines]


async def look(store, query, lines):
    [hit] = await store.search(query)
    [beside] = await store.read_around([hit], lines=lines)
    return texts(beside.before), texts(beside.after)


async def test_the_lines_beside_a_hit_are_those_of_its_call_whoever_said_them(store):
    assert await look(store, "refund", 1) == (["hello"], ["of which order"])
    assert await look(store, "refund", 9) == (
        ["thank you for calling", "hello"],
        ["of which order", "of the last one"],
    )
    assert await look(store, "thank", 1) == ([], ["hello"])
    assert await look(store, "last", 2) == (["the refund please", "of which order"], [])
    assert await look(store, "noise", 3) == ([], [])


async def test_a_line_beside_a_hit_says_where_and_when_it_was_said(store):
    [hit] = await store.search("refund")
    [beside] = await store.read_around([hit], lines=1)
    [line] = beside.after
    assert (line.call_id, line.leg, line.channel) == (hit.call_id, "agent", "PJSIP/200-00000002")
    assert (line.utterance, line.start_s, line.spans, line.folder) == (2, 7, (), hit.folder)
    assert (line.spoken_at - hit.spoken_at).total_seconds() == 2


async def test_lines_that_begin_together_stand_in_the_order_of_their_legs(tmp_path):
    async with open_store(tmp_path / "db") as store:
        lines = [say("second", leg="agent", at=1), say("first", at=1), say("third", leg="agent", utterance=2, at=4)]  # fmt: skip
        await keep(store, make_call(), *lines)
        assert await look(store, "second", 1) == (["first"], ["third"])
        assert await look(store, "first", 1) == ([], ["second"])


async def test_many_hits_are_looked_up_by_few_questions(store, monkeypatch):
    asked = []
    monkeypatch.setattr(around, "_SLICE", 2)
    fetch = store._reading.fetch

    async def count(*question):
        asked.append(question)
        return await fetch(*question)

    hits = await store.search("of OR refund OR hello OR noise")
    monkeypatch.setattr(store._reading, "fetch", count)
    beside = await store.read_around(hits, lines=1)
    assert len(asked) == 3
    shown = {hit.text: texts([*b.before, *b.after]) for hit, b in zip(hits, beside, strict=True)}
    assert shown == {
        "of the last one": ["of which order"],
        "of which order": ["the refund please", "of the last one"],
        "the refund please": ["hello", "of which order"],
        "noise": [],
        "hello": ["thank you for calling", "the refund please"],
    }
    assert await store.read_around([], lines=1) == []


async def test_of_a_call_that_has_been_deleted_nothing_stands_beside(store):
    hits = await store.search("refund")
    await store.delete_calls([hits[0].call_id])
    [beside] = await store.read_around(hits, lines=1)
    assert (beside.before, beside.after) == ((), ())
