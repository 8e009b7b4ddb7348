"""A list that is looked at again and again costs what has changed, and misses nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from streamer.calls import catalog, listing
from streamer.calls.listing import Listing
from streamer.core.alert import Alert, Severity
from streamer.core.audio import Leg
from streamer.core.events import EndReason
from streamer.recording.writer import create_recording
from streamer.store import NewAlert
from tests.fakes.stage import segment
from tests.seams.memory_store import MemoryStore

LEGS = (Leg("caller", "PJSIP/100-1"), Leg("agent", "PJSIP/200-1"))


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store():
    return MemoryStore()


async def begin(store, recordings):
    recording = create_recording(recordings, source="s", url="", legs=LEGS)
    await store.keep_call(recording.call, recording.folder, recording.paths)
    return recording


async def say(store, call, leg, number, start_s, text):
    said = segment(leg, number, start_s, text)
    await store.keep_segment(call.id, leg, said, position=said.end, utterance=number)


def ids(board):
    return [entry.call.id for entry in board.entries]


async def test_a_live_call_is_listed_before_past_ones_and_moves_when_it_ends(
    store, recordings, clock, monkeypatch
):
    names = iter(f"20261120-13050{n}-aaaa" for n in range(9))
    monkeypatch.setattr("streamer.recording.writer.new_call_id", lambda now: next(names))
    live, past = await begin(store, recordings), await begin(store, recordings)
    past.finish(EndReason.HANG_UP)
    looker = Listing(recordings, clock=clock)
    assert ids(await looker.look(store, limit=9)) == [live.call.id, past.call.id]
    live.finish(EndReason.HANG_UP)
    assert ids(await looker.look(store, limit=9)) == [past.call.id, live.call.id]


async def test_past_calls_are_listed_again_only_after_a_while_as_long_as_calls_run(
    store, recordings, clock, monkeypatch
):
    live = await begin(store, recordings)
    looker = Listing(recordings, clock=clock)
    await looker.look(store, limit=9)
    listed = []
    real = catalog.list_entries

    async def list_entries(*arguments, **options):
        listed.append(clock.now)
        return await real(*arguments, **options)

    monkeypatch.setattr(listing, "list_entries", list_entries)
    for clock.now in (100.5, 101.5, 103.5, 104.0):
        await say(store, live.call, "caller", int(clock.now), 0.0, "Hello.")
        assert ids(await looker.look(store, limit=9)) == [live.call.id]
    assert listed == [103.5]
    live.finish(EndReason.HANG_UP)


async def test_without_live_calls_what_is_stored_is_shown_at_once(store, recordings, clock):
    past = await begin(store, recordings)
    past.finish(EndReason.HANG_UP)
    looker = Listing(recordings, clock=clock)
    await looker.look(store, limit=9)
    await say(store, past.call, "caller", 1, 0.0, "Hello.")
    store._version += 1
    (entry,) = (await looker.look(store, limit=9)).entries
    assert entry.call.last_words == "Hello."


async def test_talk_is_counted_leg_by_leg_as_it_is_settled(store, recordings, clock):
    live = await begin(store, recordings)
    looker = Listing(recordings, clock=clock)
    assert (await looker.look(store, limit=9)).talk == {live.call.id: {}}
    await say(store, live.call, "caller", 1, 0.0, "one two three")
    await say(store, live.call, "agent", 1, 2.0, "four")
    talk = (await looker.look(store, limit=9)).talk[live.call.id]
    assert talk == pytest.approx({"caller": 0.9, "agent": 0.3})
    await say(store, live.call, "caller", 2, 4.0, "five six")
    talk = (await looker.look(store, limit=9)).talk[live.call.id]
    assert talk == pytest.approx({"caller": 1.5, "agent": 0.3})
    live.finish(EndReason.HANG_UP)


async def test_alerts_of_a_call_come_with_it(recordings, clock, tmp_path):
    from streamer.store.sqlite.store import open_store

    async with open_store(tmp_path / "s.sqlite3") as store:
        live = await begin(store, recordings)
        alert = Alert(live.call.id, "refund", Severity.WARNING, datetime.now(UTC))
        looker = Listing(recordings, clock=clock)
        assert (await looker.look(store, limit=9)).alerts == {}
        await store.keep_alerts([NewAlert(alert)])
        (told,) = (await looker.look(store, limit=9)).alerts[live.call.id]
        assert told.rule == "refund"
        await say(store, live.call, "agent", 1, 0.0, "one two")
        assert (await looker.look(store, limit=9)).talk == {
            live.call.id: {"agent": pytest.approx(0.6)}
        }
        live.finish(EndReason.HANG_UP)


async def test_without_a_store_calls_are_listed_by_their_folders(recordings, clock):
    create_recording(recordings, source="s", url="", legs=LEGS).finish(EndReason.HANG_UP)
    assert len((await Listing(recordings, clock=clock).look(None, limit=9)).entries) == 1
