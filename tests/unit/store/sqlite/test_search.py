from dataclasses import replace
from datetime import timedelta

import pytest

from streamer.core.audio import Leg
from streamer.errors import UsageError
from streamer.store import EVERYTHING, Filter
from streamer.store.sqlite import search
from streamer.store.sqlite.store import open_store
from tests.unit.store.sqlite.calls import LEGS, ZERO, filled, keep, keep_call, make_call, say


@pytest.fixture
async def store(tmp_path):
    """Three calls, an hour after each other; the second is long, and has other channels."""
    async with open_store(tmp_path / "db") as store:
        await keep(store, make_call(1), say("red apple"), say("green pear", leg="agent", at=2))
        legs = (Leg("caller", "SIP/TrÜnk-1"), Leg("agent", "PJSIP/300"))
        second = make_call(2, legs=legs)
        await keep(store, second, say("red pear"), say("yellow pear", utterance=2, at=5400))
        await keep(store, make_call(3), say("red plum"), say("blue plum", leg="agent", at=2))
        yield store


def ids(*numbers):
    return [make_call(number).id for number in numbers]


async def texts(store, query, *args, **options):
    return [hit.text for hit in await store.search(query, *args, **options)]


async def test_hits_come_newest_first_by_when_they_were_said(store):
    assert await texts(store, "red") == ["red plum", "red pear", "red apple"]
    assert await texts(store, "pear") == ["yellow pear", "red pear", "green pear"]


async def test_a_hit_says_where_and_when_it_was_said(store):
    [hit] = await store.search("yellow")
    assert (hit.call_id, hit.leg, hit.channel, hit.utterance) == (
        *ids(2),
        "caller",
        "SIP/TrÜnk-1",
        2,
    )
    assert (hit.start_s, hit.spoken_at) == (5400, ZERO + timedelta(hours=3.5))
    assert hit.language == "en"


async def test_hits_come_in_pages(store):
    assert await texts(store, "red", limit=2) == ["red plum", "red pear"]
    assert await texts(store, "red", limit=2, offset=2) == ["red apple"]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("don't", "[Don't] say «Café», 555-1234"),
        ("cafe", "Don't say «[Café]», 555-1234"),
        ("555-1234 SAY", "Don't [say] «Café», [555-1234]"),
        ('"say cafe"', "Don't [say «Café]», 555-1234"),
        ("ca* 12*", "Don't say «[Café]», 555-[1234]"),
        ("ca* NOT pear", "Don't say «[Café]», 555-1234"),
    ],
)
async def test_spans_are_what_was_looked_for(tmp_path, query, shown):
    async with filled(tmp_path / "db", "Don't say «Café», 555-1234") as (store, _):
        [hit] = await store.search(query)
    marked = hit.text
    for start, end in reversed(hit.spans):
        marked = f"{marked[:start]}[{marked[start:end]}]{marked[end:]}"
    assert marked == shown


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("call five five five now", "555", "call [five five five] now"),
        ("call 555 now", "five five five", "call [555] now"),
        ("call 555 now", '"call five fifty-five now"', "[call 555 now]"),
        ("call 5, 5, 5. 20 more", "555", "call [5, 5, 5]. 20 more"),
        ("it is 555-0100.", "5550100", "it is [555-0100]."),
        ("it is 5550100.", "555 0100", "it is [5550100]."),
        ("two thousand five hundred now", "2500 now", "[two thousand five hundred] [now]"),
        ("five of five", "five", "[five] of [five]"),
        ("it is 555 010 0 now", "0100", "it is [555 010 0] now"),
        ("it is five five five oh one hundred", "100", "it is five five five oh [one hundred]"),
        ("5, 5, 5, 4, 4, 7, 1.", "four four seven one", "[5, 5, 5, 4, 4, 7, 1]."),
    ],
)
async def test_numbers_are_found_in_words_and_in_figures(tmp_path, text, query, shown):
    async with filled(tmp_path / "db", text, "call me") as (store, _):
        [hit] = await store.search(query)
    marked = hit.text
    for start, end in reversed(hit.spans):
        marked = f"{marked[:start]}[{marked[start:end]}]{marked[end:]}"
    assert marked == shown


async def test_a_word_is_a_number_only_where_its_language_is_spoken(tmp_path):
    async with open_store(tmp_path / "db") as store:
        spanish = replace(say("son 11 euros"), language="es")
        await keep(store, make_call(), spanish, say("11 dollars", utterance=2, at=9))
        assert await texts(store, "once") == ["son 11 euros"]
        assert await texts(store, "eleven") == ["11 dollars"]
        assert await texts(store, "11") == ["11 dollars", "son 11 euros"]


async def test_what_is_said_at_the_end_and_at_the_beginning_is_no_phrase(tmp_path):
    async with filled(tmp_path / "db", "call five now") as (store, _):
        assert await store.search('"now call"') == []


async def test_the_number_of_a_leg_is_not_a_word_that_was_said(store):
    for number in range(1, 7):
        assert await texts(store, str(number)) == []
        assert await texts(store, f"{number}*") == []


@pytest.mark.parametrize("few", [0, 400])
async def test_a_channel_picks_the_calls_in_which_it_is(store, monkeypatch, few):
    monkeypatch.setattr(search, "FEW_LEGS", few)
    assert await texts(store, "red", Filter(channel="sip/TRÜ")) == ["red pear"]
    assert await texts(store, "plum OR pear", Filter(channel="PJSIP/2")) == [
        "blue plum",
        "red plum",
        "green pear",
    ]
    assert await texts(store, "red", Filter(channel="%")) == []
    listed = await store.list_calls(Filter(channel="PJSIP/2"), text="red")
    assert [row.id for row in listed] == ids(3, 1)


async def test_time_bounds_when_a_hit_was_said(store):
    since, until = ZERO + timedelta(hours=2), ZERO + timedelta(hours=3, seconds=1)
    assert await texts(store, "red", Filter(since=since)) == ["red plum", "red pear"]
    assert await texts(store, "red", Filter(until=until)) == ["red pear", "red apple"]
    assert await texts(store, "red", Filter(since=since, until=until)) == ["red pear"]


async def test_calls_can_be_named(store):
    assert await texts(store, "red", Filter(calls=frozenset(ids(1, 3)))) == [
        "red plum",
        "red apple",
    ]
    assert await texts(store, "red", Filter(calls=frozenset())) == []
    assert await store.list_calls(Filter(calls=frozenset())) == []
    assert [c.id for c in await store.list_calls(Filter(calls=frozenset(ids(2, 9))))] == ids(2)


async def test_calls_are_listed_newest_first_and_in_pages(store):
    rows = await store.list_calls(limit=2)
    assert [row.id for row in rows] == ids(3, 2)
    assert [(row.segments, row.last_words) for row in rows] == [
        (2, "blue plum"),
        (2, "yellow pear"),
    ]
    assert [row.id for row in await store.list_calls(before=rows[-1].id)] == ids(1)
    assert await store.list_calls(before=ids(1)[0]) == []


async def test_calls_are_bounded_by_when_they_began(store):
    since, until = make_call(2).started_at, make_call(3).started_at
    assert [row.id for row in await store.list_calls(Filter(since=since))] == ids(3, 2)
    assert [row.id for row in await store.list_calls(Filter(until=until))] == ids(2, 1)


async def test_calls_are_found_by_what_was_said_in_them(store):
    async def found(text, filter=EVERYTHING, **options):
        return [row.id for row in await store.list_calls(filter, text=text, **options)]

    assert await found("pear") == ids(2, 1)
    assert await found("pear", limit=1) == ids(2)
    assert await found("pear", before=ids(2)[0]) == ids(1)
    assert await found("yellow", Filter(until=make_call(3).started_at)) == ids(2)
    assert await found("plum", Filter(until=make_call(3).started_at)) == []
    assert await found("nothing") == []
    with pytest.raises(UsageError):
        await found('"')


@pytest.mark.parametrize("stride", [1, 2, 1000])
async def test_a_long_old_call_does_not_push_a_newer_one_off_the_page(store, monkeypatch, stride):
    monkeypatch.setattr(search, "_STRIDE", stride)
    old = make_call(-1)
    lines = [say("word", utterance=u, at=u * 3600) for u in range(1, 9)]
    await keep(store, old, *lines)
    await keep(store, make_call(0), say("word"))
    rows = await store.list_calls(text="word", limit=1)
    assert [row.id for row in rows] == ids(0)
    rows = await store.list_calls(text="word", limit=1, before=ids(0)[0])
    assert [row.id for row in rows] == [old.id]


async def test_words_after_a_leg_of_the_same_number_was_deleted_are_its_own(tmp_path):
    async with filled(tmp_path / "db", "apple") as (store, call):
        await store.delete_calls([call.id])
        await keep(store, make_call(2), say("pear"))
        assert await texts(store, "apple", Filter(channel="PJSIP")) == []
        assert await texts(store, "pear", Filter(channel="PJSIP")) == ["pear"]


async def test_many_calls_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "FEW_LEGS", 3)
    async with open_store(tmp_path / "db") as store:
        for number in range(5):
            await keep(store, make_call(number), say("word"))
        legs = (Leg("caller", "other"),)
        await keep(store, make_call(7, legs=legs), say("word"))
        hits = await store.search("word", Filter(channel=LEGS[0].channel))
        assert [hit.call_id for hit in hits] == ids(4, 3, 2, 1, 0)
        assert len(await store.search("word", Filter(channel="other"))) == 1
        await keep_call(store, make_call(8))
        assert await store.search("word", Filter(calls=frozenset(ids(8)))) == []


async def test_words_are_dated_from_the_first_frame_however_long_it_rang(tmp_path):
    async with open_store(tmp_path / "db") as store:
        call = await keep(store, make_call(rings_s=8.5), say("hello", at=2.25))
        [hit] = await store.search("hello")
        assert hit.spoken_at == call.started_at + timedelta(seconds=8.5 + 2.25)
        before = call.started_at + timedelta(seconds=10.7)
        after = call.started_at + timedelta(seconds=10.8)
        assert await texts(store, "hello", Filter(until=before)) == []
        assert await texts(store, "hello", Filter(since=before, until=after)) == ["hello"]
        assert await texts(store, "hello", Filter(since=after)) == []
        assert (await store.read_call(call.id)).zero_at == call.zero_at


async def test_a_call_that_rang_for_an_hour_is_on_its_page(tmp_path):
    async with open_store(tmp_path / "db") as store:
        rang = await keep(store, make_call(1, rings_s=5000), say("hello"))
        await keep(store, make_call(2), say("hello"))
        newest = await keep(store, make_call(3), say("hello"))
        listed = await store.list_calls(text="hello", before=newest.id)
        assert [row.id for row in listed] == [make_call(2).id, rang.id]
        assert [row.id for row in await store.list_calls(text="hello", before=make_call(2).id)] == [
            rang.id
        ]


async def test_what_the_words_of_a_call_are_dated_from_stays(tmp_path):
    async with open_store(tmp_path / "db") as store:
        early, late = make_call(rings_s=3), make_call(rings_s=4)
        await keep_call(store, make_call())
        await keep_call(store, early)
        await keep_call(store, late)
        assert (await store.read_call(early.id)).zero_at == early.zero_at
        old = await keep(store, make_call(2), say("hello"))
        await keep_call(store, make_call(2, rings_s=3))
        [hit] = await store.search("hello")
        assert hit.spoken_at == old.started_at + timedelta(seconds=1)
