"""What is told to others: events in the transaction of what they tell, and who has yet to get them."""

import sqlite3
from datetime import timedelta

import pytest

from streamer.core.alert import Alert, Severity
from streamer.core.encoding import encode_event
from streamer.core.events import CallEnded, CallStarted, Dtmf, EndReason, Final, Hold, Unclear
from streamer.core.mark import Mark
from streamer.errors import StoreError
from streamer.store import NewAlert
from streamer.store.sqlite.store import open_store
from tests.unit.store.sqlite.calls import ZERO, keep, keep_call, make_call, say

KINDS = ("call_started", "final", "call_ended")


@pytest.fixture
async def store(tmp_path):
    async with open_store(tmp_path / "streamer.sqlite3") as store:
        yield store


async def end(store, call):
    await store.end_call(call.id, EndReason.HANG_UP, duration=32_000, ended_at=ZERO)


async def test_what_is_stored_is_an_event_as_json_prints_it(store):
    call = make_call()
    segment, unclear = say("hello there"), Unclear(call.id, "agent", 16_000, 32_000)
    pressed = Dtmf(call.id, "caller", "5", 1.5, ZERO)
    held = Hold(call.id, "agent", True, 2.0, ZERO)
    await keep(store, call, segment)
    await store.keep_segment(
        call.id, "agent", None, position=32_000, utterance=1, unclear=[unclear]
    )
    await store.keep_happening(pressed)
    await store.keep_happening(held)
    alert = Alert(call.id, "cancels", Severity.WARNING, ZERO, "caller", 1, 0, 16_000, "cancel")
    await store.keep_alerts([NewAlert(alert, 0.0)])
    await end(store, call)
    told = [each.event for each in await store.read_events(0)]
    assert isinstance(told[0], CallStarted)
    assert encode_event(told[0])["legs"][0]["channel"] == call.legs[0].channel
    assert told[1:] == [
        Final(call.id, segment),
        unclear,
        pressed,
        held,
        alert,
        CallEnded(call.id, EndReason.HANG_UP, 2.0),
    ]


async def test_the_same_is_one_event_however_often_it_is_kept(store):
    call = make_call()
    for _ in range(2):
        await keep_call(store, call)
        await store.keep_segment(call.id, "caller", say("hello"), position=1, utterance=1)
        await store.keep_happening(Dtmf(call.id, "caller", "5", 1.5, ZERO))
        await end(store, call)
    kinds = [each.kind for each in await store.read_events(0)]
    assert kinds == ["call_started", "final", "dtmf", "call_ended"]


def mark(call, note="", **changes):
    return Mark(call.id, "caller", 1, 16_000, 24_000, note, ZERO, "hello", **changes)


async def test_each_change_of_a_mark_is_one_event_and_no_change_is_none(store):
    call = make_call()
    await keep(store, call, say("hello"))
    first = await store.last_event()
    for _ in range(2):
        await store.keep_mark(mark(call))
    for _ in range(2):
        await store.keep_mark(mark(call, "ring back"))
    told = await store.read_events(first)
    assert [each.event for each in told] == [mark(call), mark(call, "ring back")]
    assert [encode_event(each.event)["text"] for each in told] == ["hello", "hello"]
    assert len({each.key for each in told}) == 2


async def test_a_mark_that_is_taken_away_is_told_and_its_note_is_gone(store):
    call = make_call()
    await keep(store, call, say("hello"))
    await store.keep_mark(mark(call, "a secret"))
    for _ in range(2):
        await store.keep_mark(mark(call, is_removed=True))
    told = [each.event for each in await store.read_events(0, kinds=["mark"])]
    assert told == [mark(call), mark(call, is_removed=True)]
    await store.keep_mark(mark(call, "again"))
    assert (await store.read_events(0, kinds=["mark"]))[-1].mark == "caller 1 3"


async def test_an_event_that_is_not_stored_is_not_told(store):
    call = await keep_call(store, make_call())
    with pytest.raises(StoreError):
        await store.keep_segment(call.id, "nobody", say("hello"), position=1, utterance=1)
    assert [each.kind for each in await store.read_events(0)] == ["call_started"]


async def test_events_are_read_on_from_a_number(store):
    first, second = make_call(1), make_call(2)
    await keep(store, first, say("one"))
    await keep(store, second, say("two"))
    events = await store.read_events(0)
    assert await store.last_event() == events[-1].number
    assert await store.read_events(events[1].number) == events[2:]
    assert await store.read_events(0, limit=1) == events[:1]
    assert await store.read_events(0, kinds=["final"], call_id=second.id) == events[3:]


async def test_a_key_is_the_same_in_another_database(tmp_path):
    keys = []
    for name in ("one", "two"):
        async with open_store(tmp_path / name) as store:
            await keep(store, make_call(), say("hello"))
            keys.append([each.key for each in await store.read_events(0)])
    assert keys[0] == keys[1]
    assert len({*keys[0]}) == 2


async def test_nothing_is_told_of_a_call_that_is_deleted_and_no_number_is_given_again(store):
    call = make_call()
    await keep_call(store, make_call(3))
    await store.take_up("crm", KINDS, most=10, most_dead=10)
    await keep(store, call, say("hello"))
    await store.take_up("crm", KINDS, most=10, most_dead=10)
    last = await store.last_event()
    await store.delete_calls([call.id])
    assert await store.read_waiting("crm") == []
    assert await store.last_event() == last
    await keep(store, make_call(2), say("hello"))
    assert await store.last_event() == last + 2


async def test_a_new_endpoint_begins_with_the_next_event(store):
    await keep(store, make_call(1), say("before"))
    assert await store.take_up("crm", KINDS, most=10, most_dead=10) == 0
    await keep(store, make_call(2), say("after"))
    await store.keep_happening(Dtmf(make_call(2).id, "caller", "5", 1.5, ZERO))
    await store.take_up("crm", KINDS, most=10, most_dead=10)
    waiting = await store.read_waiting("crm")
    assert [each.event.kind for each in waiting] == ["call_started", "final"]
    assert await store.read_waiting("other") == []


async def test_what_is_delivered_is_gone_and_what_is_refused_waits_until_it_is_dead(store):
    await store.take_up("crm", KINDS, most=10, most_dead=10)
    await keep(store, make_call(), say("hello"))
    await store.take_up("crm", KINDS, most=10, most_dead=10)
    first, second = await store.read_waiting("crm")
    await store.note_delivered("crm", first.event.number)
    await store.note_failed("crm", second.event.number, "it answers\n400", is_dead=False)
    [left] = await store.read_waiting("crm")
    assert (left.attempts, left.error) == (1, "it answers 400")
    await store.note_failed("crm", second.event.number, "it answers 400", is_dead=True)
    assert await store.read_waiting("crm") == []
    [dead] = await store.list_dead(limit=10)
    assert dead.attempts == 2
    assert await store.resend("other") == 0
    assert await store.resend(numbers=[second.event.number]) == 1
    [again] = await store.read_waiting("crm")
    assert (again.attempts, again.event) == (0, second.event)


async def test_beyond_the_bound_the_oldest_are_dead_letters_and_then_dropped(store):
    await store.take_up("crm", KINDS, most=3, most_dead=2)
    await keep(store, make_call(), *[say("hello", utterance=n, at=n) for n in range(1, 8)])
    assert await store.take_up("crm", KINDS, most=3, most_dead=2) == 5
    waiting = [each.event.mark for each in await store.read_waiting("crm")]
    assert waiting == ["caller 5", "caller 6", "caller 7"]
    dead = await store.list_dead("crm", limit=10)
    assert [each.event.mark for each in dead] == ["caller 3", "caller 4"]
    assert all("too many" in each.error for each in dead)
    [row] = await store.list_endpoints()
    assert (row.waiting, row.dead, row.dropped) == (3, 2, 3)


async def test_a_database_of_before_has_no_events_of_its_old_calls(tmp_path, monkeypatch):
    from streamer.store.sqlite import migrations, schema

    path = tmp_path / "streamer.sqlite3"
    monkeypatch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:8])
    db = sqlite3.connect(path)
    db.close()
    from streamer.store.sqlite.connection import connect, file_uri, prepare_writing

    async with connect(file_uri(path, "mode=rw"), name="old") as old:
        await prepare_writing(old)
        await schema.migrate(old)
        await old.fetch(
            "INSERT INTO call (id, source, started_at, folder) VALUES ('c1', 'file', :at, '/r')",
            {"at": "2026-11-20T13:05:38.250Z"},
        )
    monkeypatch.undo()
    async with open_store(path) as store:
        assert await store.read_events(0) == []
        later = make_call(2, started_at=ZERO + timedelta(days=1))
        await keep_call(store, later)
        assert [each.call_id for each in await store.read_events(0)] == [later.id]
