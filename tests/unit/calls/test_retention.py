"""A wrong clock deletes nothing, a quiet month a day later."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streamer.bus import Bus
from streamer.calls.retention import JUMP, WAIT, Clock, expire_calls, read_clock, run_retention
from streamer.config import Settings
from streamer.core.encoding import encode_time
from streamer.core.events import Trouble
from streamer.store.sqlite.store import open_store
from tests.unit.calls.test_catalog import record

NOW = datetime.now(UTC)
DAYS = 30
LATER = timedelta(days=DAYS + 1)


@pytest.fixture
async def store(recordings):
    async with open_store(recordings / "s.sqlite3") as store:
        yield store


class Daily:
    """Runs of retention on one machine: time passes, the clock may jump, the machine may be booted again."""

    def __init__(self, store, recordings):
        self._store, self._recordings = store, recordings
        self.said = []
        self.clock = Clock(NOW, "boot", NOW - timedelta(days=1))

    def pass_time(self, time):
        self.clock = replace(self.clock, now=self.clock.now + time)

    def jump(self, time):
        moved = self.clock.now + time, self.clock.booted_at + time
        self.clock = replace(self.clock, now=moved[0], booted_at=moved[1])

    def boot(self):
        self.clock = Clock(self.clock.now, f"{self.clock.boot}'", self.clock.now)

    async def run(self, days=DAYS):
        await run_retention(
            self._store, self._recordings, days=days, clock=self.clock, say=self.said.append
        )
        said, self.said = self.said, []
        return said


@pytest.fixture
def daily(store, recordings):
    return Daily(store, recordings)


async def keep_call(store, recordings):
    """Record a call of which the store knows, and return its folder."""
    recording = record(recordings)
    await store.keep_call(recording.call, recording.folder, recording.paths)
    return recording.folder


def record_at(recordings, moment):
    """Record a call that began at a moment and return its folder."""
    folder = record(recordings).folder
    description = json.loads((folder / "call.json").read_text())
    description["started_at"] = encode_time(moment)
    (folder / "call.json").write_text(json.dumps(description))
    return folder


async def test_old_calls_go_at_once_where_young_ones_stay(store, recordings, daily):
    old = await keep_call(store, recordings)
    daily.pass_time(LATER)
    young = record_at(recordings, daily.clock.now - timedelta(days=2))
    assert await daily.run() == []
    assert (old.exists(), young.exists()) == (False, True)


async def test_every_call_goes_only_after_a_day_and_the_number_is_said_first(
    store, recordings, daily
):
    folders = [await keep_call(store, recordings), record(recordings).folder]
    daily.pass_time(LATER)
    [said] = await daily.run()
    assert "all 2 calls began more than 30 days ago" in said
    daily.pass_time(WAIT - timedelta(minutes=1))
    assert await daily.run() == []
    assert all(folder.exists() for folder in folders)
    daily.pass_time(timedelta(minutes=1))
    assert await daily.run() == []
    assert not any(folder.exists() for folder in folders)
    daily.pass_time(WAIT)
    assert await daily.run() == []


async def test_a_start_with_a_wrong_clock_deletes_nothing_however_often(store, recordings, daily):
    folder = await keep_call(store, recordings)
    await daily.run()
    daily.jump(timedelta(days=5 * 365))
    assert len(await daily.run()) == 1
    daily.pass_time(timedelta(hours=1))
    assert await daily.run() == []
    daily.jump(timedelta(days=-5 * 365))
    [said] = await daily.run()
    assert "the clock says" in said
    daily.pass_time(2 * WAIT)
    assert await daily.run() == [], "the clock is right again, and nothing is old"
    assert folder.exists()


async def test_a_jump_while_it_waits_begins_the_wait_again(store, recordings, daily):
    folder = await keep_call(store, recordings)
    daily.pass_time(LATER)
    await daily.run()
    daily.jump(WAIT)
    assert len(await daily.run()) == 1
    assert folder.exists()
    daily.pass_time(WAIT)
    assert await daily.run() == []
    assert not folder.exists()


async def test_a_clock_that_is_corrected_a_little_has_not_jumped(store, recordings, daily):
    folder = await keep_call(store, recordings)
    daily.pass_time(LATER)
    await daily.run()
    daily.pass_time(WAIT)
    daily.jump(JUMP / 2)
    assert await daily.run() == []
    assert not folder.exists()


async def test_a_boot_while_it_waits_does_not_begin_the_wait_again(store, recordings, daily):
    folder = await keep_call(store, recordings)
    daily.pass_time(LATER)
    await daily.run()
    daily.pass_time(WAIT)
    daily.boot()
    await daily.run()
    assert not folder.exists()


async def test_a_call_of_the_new_time_does_not_make_a_jump_harmless(store, recordings, daily):
    folder = await keep_call(store, recordings)
    await daily.run()
    daily.jump(timedelta(days=365))
    record_at(recordings, daily.clock.now - timedelta(days=2))
    assert len(await daily.run()) == 1
    assert folder.exists()


async def test_the_call_that_begins_with_a_wrong_clock_does_not_make_it_right(
    store, recordings, daily
):
    folder = await keep_call(store, recordings)
    daily.pass_time(LATER)
    daily.boot()
    record_at(recordings, daily.clock.now)
    assert len(await daily.run()) == 1
    assert folder.exists()


async def test_calls_that_are_kept_for_a_day_go_daily(store, recordings, daily):
    folder = await keep_call(store, recordings)
    daily.pass_time(timedelta(hours=25))
    record_at(recordings, daily.clock.now - timedelta(hours=13))
    assert await daily.run(days=1) == []
    assert not folder.exists()


async def test_what_begins_while_it_waits_is_not_deleted_with_the_rest(store, recordings, daily):
    announced = await keep_call(store, recordings)
    daily.pass_time(LATER)
    await daily.run()
    later = await keep_call(store, recordings)
    text = (daily.clock.now - timedelta(days=DAYS - 1)).isoformat()
    async with store._writing.transaction() as run:
        await run(f"UPDATE call SET started_at = '{text[:23]}Z' WHERE id = '{later.name}'")
    daily.boot()
    daily.pass_time(timedelta(days=400))
    assert len(await daily.run()) == 1, "this one would be every call again"
    assert (announced.exists(), later.exists()) == (False, True)


async def test_a_clock_that_is_behind_deletes_nothing(store, recordings, daily):
    folder = await keep_call(store, recordings)
    daily.pass_time(LATER)
    await daily.run()
    daily.boot()
    daily.pass_time(timedelta(minutes=-10))
    [said] = await daily.run()
    assert "no old calls are deleted this time" in said
    assert folder.exists()


async def test_without_calls_nothing_is_said(daily):
    daily.pass_time(LATER)
    assert await daily.run() == []


async def test_what_is_known_of_the_clock_is_kept_in_the_database(store, recordings, daily):
    await keep_call(store, recordings)
    daily.pass_time(LATER)
    await daily.run()
    kept = await store.read_retention()
    assert abs(kept.seen_at - daily.clock.now) < timedelta(seconds=1)
    assert kept.announced_at == kept.seen_at
    assert kept.boot == "boot"


async def test_it_is_said_to_whoever_watches(recordings):
    settings = Settings(recordings=str(recordings), retention_days=1)
    folder = record_at(recordings, NOW - LATER)
    bus = Bus()
    with bus.subscribe() as events:
        async with expire_calls(settings, bus):
            event = await anext(aiter(events))
    assert isinstance(event, Trouble)
    assert "the only call began more than 1 days ago" in event.message
    assert folder.exists()


def test_two_looks_at_the_clock_agree_on_the_boot():
    first, second = read_clock(), read_clock()
    assert first.boot == second.boot
    assert abs(first.booted_at - second.booted_at) < timedelta(seconds=1)
