import asyncio
import json
import os
import random
import sqlite3
import subprocess
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from streamer.errors import StoreError
from streamer.store.sqlite import connection
from streamer.store.sqlite.store import open_reader, open_store
from tests.unit.store.sqlite.calls import ZERO, filled, keep, keep_call, make_call, say, start_child

KILLS = int(os.environ.get("STREAMER_TEST_KILLS", "10"))
"""How often the writer is killed; 50 for a thorough look by hand."""

WRITER = """
import asyncio, pathlib, sys
from streamer.store.sqlite.store import open_store
from tests.unit.store.sqlite.calls import keep_call, make_call, say
async def main():
    async with open_store(pathlib.Path(sys.argv[1])) as store:
        call = await keep_call(store, make_call())
        while True:
            for leg, progress in (await store.read_progress(call.id)).items():
                number = progress.utterance + 1
                line = say(f"{leg} says number{number}", leg=leg, utterance=number, at=number)
                await store.keep_segment(call.id, leg, line, position=line.end, utterance=number)
                print(leg, number, flush=True)
asyncio.run(main())
"""


async def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path):
    path, rng = tmp_path / "db", random.Random(5)
    acknowledged = set()
    for _ in range(KILLS):
        with start_child(WRITER, path) as child:
            acknowledged |= {child.stdout.readline() for _ in range(rng.randint(1, 40))}
            child.kill()
            acknowledged |= {line for line in child.stdout if line.endswith("\n")}
    async with open_reader(path) as reader:
        segments = await reader.read_segments(make_call().id)
        progress = await reader.read_progress(make_call().id)
        found = await reader.search("says", limit=100_000)
    numbers = {leg: [s.utterance for s in segments if s.leg == leg] for leg in progress}
    for leg, settled in progress.items():
        assert numbers[leg] == list(range(1, settled.utterance + 1))
        assert settled.position == max(s.end for s in segments if s.leg == leg)
    assert acknowledged <= {f"{s.leg} {s.utterance}\n" for s in segments}
    assert len(found) == len(segments)
    assert check(path) == ("ok",)


def check(path):
    """What SQLite says of the database; raises if the full-text index does not fit the segments."""
    db = sqlite3.connect(path)
    try:
        db.execute("INSERT INTO segment_text (segment_text, rank) VALUES ('integrity-check', 1)")
        return db.execute("PRAGMA integrity_check").fetchone()
    finally:
        db.close()


async def test_a_process_that_reads_sees_each_segment_once_and_in_order(tmp_path):
    path = tmp_path / "db"
    code = """
import asyncio, pathlib, sys
from streamer.store.sqlite.store import open_reader
from tests.unit.store.sqlite.calls import make_call
async def main():
    async with open_reader(pathlib.Path(sys.argv[1])) as reader:
        seen = []
        while len(seen) < 60:
            fresh = await reader.read_segments(make_call().id, after={"caller": len(seen)})
            assert len(await reader.search("word", limit=1000)) >= len(seen)
            seen += [segment.utterance for segment in fresh]
        print(seen == list(range(1, 61)))
asyncio.run(main())
"""
    async with open_store(path) as store:
        call = await keep_call(store, make_call())
        with start_child(code, path) as child:
            for number in range(1, 61):
                await keep(store, call, say("word", utterance=number, at=number))
            assert child.communicate()[0] == "True\n"


async def test_two_backends_never_double_a_segment(tmp_path):
    path = tmp_path / "db"
    async with open_store(path) as one, open_store(path) as two:
        call = await keep_call(one, make_call())

        async def settle(store, word):
            kept = []
            for number in range(1, 21):
                line = say(word, utterance=number, at=number)
                place = {"position": line.end, "utterance": number}
                kept.append(await store.keep_segment(call.id, "caller", line, **place))
            return kept

        first, second = await asyncio.gather(settle(one, "one"), settle(two, "two"))
        assert [a != b for a, b in zip(first, second, strict=True)] == [True] * 20
        segments = await one.read_segments(call.id)
    assert [segment.utterance for segment in segments] == list(range(1, 21))


async def test_nobody_reads_what_is_not_committed(tmp_path):
    async with filled(tmp_path / "db", "one") as (store, call):
        async with store._writing.transaction() as run:
            await run("UPDATE leg SET position = 7")
            assert (await store.read_progress(call.id))["caller"].position != 7
        assert (await store.read_progress(call.id))["caller"].position == 7


async def test_a_cancelled_write_leaves_no_transaction_open(tmp_path):
    async with filled(tmp_path / "db", "one") as (store, call):
        for turns in range(12):
            number = turns + 2
            line = say("word", utterance=number, at=number)
            task = asyncio.create_task(
                store.keep_segment(call.id, "caller", line, position=line.end, utterance=number)
            )
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        async with open_store(tmp_path / "db") as other:
            await keep(other, call, say("after", utterance=99, at=99))
        assert len(await store.search("after")) == 1


@asynccontextmanager
async def small_disk(store):
    """Let the database grow no further, as on a full disk."""
    [(pages,)] = await store._writing.fetch("PRAGMA page_count")
    await store._writing.fetch(f"PRAGMA max_page_count = {pages}")
    yield
    await store._writing.fetch("PRAGMA max_page_count = 1000000")


async def test_a_full_disk_is_temporary_and_nothing_half_is_kept(tmp_path):
    path = tmp_path / "db"
    async with filled(path, "one") as (store, call):
        line = say("word " * 5000, utterance=2, at=2)
        place = {"position": line.end, "utterance": 2}
        before = await store.read_progress(call.id)
        async with small_disk(store):
            with pytest.raises(StoreError, match="no room for .*db; free some space") as error:
                await store.keep_segment(call.id, "caller", line, **place)
            assert error.value.is_temporary
            assert await store.read_progress(call.id) == before
            assert len(await store.read_segments(call.id)) == 1
        assert await store.keep_segment(call.id, "caller", line, **place)
    assert check(path) == ("ok",)


@pytest.fixture
def tmpfs(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_disk_that_is_really_full_is_temporary(tmpfs):
    path = tmpfs / "db"
    async with filled(path, "one") as (store, call):
        filler = tmpfs / "filler"
        with pytest.raises(OSError, match="No space"):
            filler.write_bytes(bytes(2_000_000))
        line = say("word " * 5000, utterance=2, at=2)
        place = {"position": line.end, "utterance": 2}
        with pytest.raises(StoreError) as error:
            await store.keep_segment(call.id, "caller", line, **place)
        assert error.value.is_temporary
        assert len(await store.search("one")) == 1
        filler.unlink()
        assert await store.keep_segment(call.id, "caller", line, **place)
    assert check(path) == ("ok",)


async def test_a_database_that_another_program_is_writing_is_temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_S", 0.01)
    path = tmp_path / "db"
    async with filled(path, "one") as (store, call), open_store(path) as other:
        async with other._writing.transaction():
            with pytest.raises(StoreError, match="being written by another program") as error:
                await store.complete_leg(call.id, "caller")
            assert error.value.is_temporary
            assert len(await store.search("one")) == 1
        await store.complete_leg(call.id, "caller")


async def test_what_was_said_is_never_logged(tmp_path, caplog):
    caplog.set_level("DEBUG")
    async with filled(tmp_path / "db", "qzxsecret") as (store, call):
        await store.search("qzxsecret")
        await store.keep_trouble(call.id, "qzxsecret", at=ZERO + timedelta(1))
    assert "qzx" not in caplog.text
    assert "qzx" not in json.dumps([str(record.args) for record in caplog.records])
