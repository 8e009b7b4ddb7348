"""Words wait in order for a store that cannot take them, and what is for good is raised."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streamer.calls.segment_writer import CallWriter, LegWriter
from streamer.core.audio import Leg
from streamer.core.events import Call, EndReason
from streamer.errors import StoreError
from streamer.store import Progress
from streamer.store.sqlite.store import open_store
from tests.unit.store.sqlite.calls import say

CALL = Call(
    "c1", "test", (Leg("caller", "a"), Leg("agent", "b")), datetime(2026, 11, 20, tzinfo=UTC)
)


class MoodyStore:
    """Refuses as often as it is told, then takes what comes."""

    def __init__(self, *errors: StoreError) -> None:
        self.errors = list(errors)
        self.kept: list[tuple[str, int]] = []

    async def keep_segment(
        self, call_id, leg, segment, *, position, utterance, unclear=(), alerts=()
    ):
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        self.kept.append((leg, utterance))
        return True


def busy():
    return StoreError("the database is being written by another program", is_temporary=True)


@pytest.fixture
def no_rest(monkeypatch):
    """Waiting between attempts takes no time."""
    rests: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds):
        rests.append(seconds)
        await real(0)

    monkeypatch.setattr("streamer.calls.segment_writer.asyncio.sleep", sleep)
    return rests


def nothing_said() -> list[str]:
    return []


def open_legs(store, said, *, is_live=lambda: True, clock=lambda: 0.0):
    writer = CallWriter(store, "c1", is_live=is_live, say=said.append, clock=clock)
    return [LegWriter(writer, "c1", leg.label, Progress()) for leg in CALL.legs]


async def test_what_a_busy_store_refuses_is_kept_in_order_and_said_once(no_rest):
    store, said = MoodyStore(busy(), busy(), busy()), nothing_said()
    caller, agent = open_legs(store, said)
    await asyncio.gather(
        caller.keep(say("one"), position=1, utterance=1),
        agent.keep(say("two"), position=1, utterance=1),
    )
    assert store.kept == [("caller", 1), ("agent", 1)]
    assert said == [
        "the database is being written by another program; the text waits in the recording until the database can be written",
        "the database can be written again",
    ]
    assert no_rest.count(0.1) == 1
    assert max(no_rest) <= 2.0


async def test_a_store_that_is_broken_for_good_is_raised_at_once(no_rest):
    store, said = MoodyStore(StoreError("the database is damaged")), nothing_said()
    caller, _ = open_legs(store, said)
    with pytest.raises(StoreError, match="damaged"):
        await caller.keep(None, position=1, utterance=1)
    assert said == []


async def test_after_the_call_there_is_an_end_to_waiting(no_rest):
    now = [0.0]

    def clock():
        now[0] += 10.0
        return now[0]

    store, said = MoodyStore(*(busy() for _ in range(100))), nothing_said()
    caller, _ = open_legs(store, said, is_live=lambda: False, clock=clock)
    with pytest.raises(StoreError):
        await caller.keep(None, position=1, utterance=1)
    assert 90 < len(store.errors) < 100


async def test_a_writer_goes_on_where_the_last_one_was(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as store:
        for utterance in (1, 2):
            writer = CallWriter(store, "c1", is_live=lambda: True, say=print)
            await writer.keep(CALL, tmp_path, [tmp_path / "a.wav", tmp_path / "b.wav"])
            legs = await writer.open_legs()
            assert legs["caller"].utterance == utterance - 1
            segment = say("one two", utterance=utterance, at=utterance)
            assert await legs["caller"].keep(segment, position=segment.end, utterance=utterance)
            assert not await legs["caller"].keep(segment, position=segment.end, utterance=utterance)
        await legs["caller"].complete()
        await writer.end(EndReason.HANG_UP, duration=160_000, ended_at=CALL.started_at)
        row = await store.read_call("c1")
    assert row.segments == 2
    assert [leg.progress.is_complete for leg in row.legs] == [True, False]
    assert (row.reason, row.duration) == (EndReason.HANG_UP, 160_000)


async def test_the_first_frame_is_kept_before_the_first_words(tmp_path):
    """The call was kept while it rang, and its folder has learned of the frame since."""
    zero_at = CALL.started_at + timedelta(seconds=8)
    async with open_store(tmp_path / "s.sqlite3") as store:
        heard = [CALL, CALL]
        writer = CallWriter(
            store, "c1", is_live=lambda: True, say=print, read_call=lambda: heard[-1]
        )
        await writer.keep(CALL, tmp_path, [tmp_path / "a.wav", tmp_path / "b.wav"])
        heard.append(replace(CALL, zero_at=zero_at))
        legs = await writer.open_legs()
        await legs["caller"].keep(say("hello", at=2), position=1, utterance=1)
        [hit] = await store.search("hello")
        assert hit.spoken_at == zero_at + timedelta(seconds=2)
