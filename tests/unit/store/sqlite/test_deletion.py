import random
import sqlite3
import time

import pytest

from streamer.core.mark import Mark
from streamer.errors import StoreError
from streamer.store.sqlite import deletion
from streamer.store.sqlite.store import open_reader, open_store
from tests.unit.store.sqlite.calls import READER, ZERO, filled, keep, make_call, say, start_child


def readable(path):
    """All that is in the database's files; read only when no connection of this process is open."""
    files = sorted(path.parent.glob(path.name + "*"))
    return b"".join(file.read_bytes() for file in files).lower()


def secret_lines(word, count):
    """Segments of words that nobody else says, which make new prefixes too; some longer than a page of the database."""
    return [
        say(
            f"{word}{i:03d} {word[::-1]}{i:03d} the order " * (400 if i % 50 == 7 else 2),
            utterance=i,
            at=i,
        )
        for i in range(1, count + 1)
    ]


async def test_nothing_of_a_deleted_call_can_be_read_in_the_files(tmp_path):
    path = tmp_path / "db"
    async with open_store(path) as store:
        kept, gone = make_call(1), make_call(2)
        lines = [(kept, line) for line in secret_lines("plain", 120)]
        lines += [(gone, line) for line in secret_lines("qzxsecret", 120)]
        random.Random(7).shuffle(lines)
        for call, line in lines:
            await keep(store, call, line)
        await store.keep_trouble(gone.id, "qzxsecret trouble", at=ZERO)
        await store.keep_mark(Mark(gone.id, "caller", 1, 0, 1, "qzxsecret note", ZERO))
        assert await store.delete_calls([gone.id]) == 1
        assert await store.search("qzx*") == await store.search("terces*") == []
        assert len(await store.search("order", limit=500)) == 120
        assert await store.read_troubles(gone.id) == []
        # As another program sees it, while this one still has the database open.
        with start_child(FILES, path) as child:
            found, _ = child.communicate()
    assert found.split() == ["0", "0"]
    assert b"qzx" not in readable(path)
    assert b"terces" not in readable(path)
    assert b"plain001" in readable(path)


FILES = """
import pathlib, sys
path = pathlib.Path(sys.argv[1])
files = path.parent.glob(path.name + "*")
data = b"".join(file.read_bytes() for file in files).lower()
print(data.count(b"qzx"), data.count(b"terces"))
"""


async def test_what_was_deleted_in_many_steps_is_gone_too(tmp_path, monkeypatch):
    monkeypatch.setattr(deletion, "_MERGE_PAGES", 1)
    path = tmp_path / "db"
    async with open_store(path) as store:
        for number in range(6):
            word = "qzxsecret" if number % 2 else "plain"
            await keep(store, make_call(number), *secret_lines(f"{word}{number}", 30))
        for number in (1, 3, 5):
            await store.delete_calls([make_call(number).id])
    assert b"qzx" not in readable(path)
    assert readable(path).count(b"plain0001") > 0
    assert index_is_whole(path)


async def test_no_copy_of_a_row_that_was_once_moved_stays(tmp_path):
    # With this seed SQLite leaves copies in the unused middle of a page, which only writing the file anew removes.
    path, rng = tmp_path / "db", random.Random(2)
    calls = [make_call(number) for number in range(6)]
    lines = [(number, utterance) for number in range(6) for utterance in range(1, 41)]
    rng.shuffle(lines)
    async with open_store(path) as store:
        for number, utterance in lines:
            word, count = "qzx" if number % 2 else "pln", rng.choice((3, 10, 40, 120))
            text = " ".join(f"{word}{rng.randrange(1000)}" for _ in range(count))
            await keep(store, calls[number], say(text, utterance=utterance, at=utterance))
        for call in calls[1::2]:
            await store.delete_calls([call.id])
    assert b"qzx" not in readable(path)
    assert readable(path).count(b"pln") > 1000


def index_is_whole(path):
    db = sqlite3.connect(path)
    try:
        db.execute("INSERT INTO segment_text (segment_text, rank) VALUES ('integrity-check', 1)")
        return db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        db.close()


async def test_deleting_what_is_not_there_deletes_nothing(tmp_path):
    async with filled(tmp_path / "db", "hello") as (store, call):
        assert await store.delete_calls(["nothing", "'; --", "\0"]) == 0
        assert await store.delete_calls([]) == 0
        assert await store.delete_calls([call.id, call.id]) == 1
        assert await store.delete_calls([call.id]) == 0
        assert await store.list_calls() == []


async def test_a_reader_that_stays_is_named_and_the_next_deletion_finishes(tmp_path):
    path = tmp_path / "db"
    async with filled(path, "qzxsecret") as (store, call):
        with start_child(READER, path) as child:
            assert child.stdout.readline() == "reading\n"
            began = time.monotonic()
            with pytest.raises(
                StoreError, match="db-wal keeps a copy while another program reads"
            ) as error:
                await store.delete_calls([call.id], patience_s=0)
            assert time.monotonic() - began < 5
            assert error.value.is_temporary
            assert await store.list_calls() == []
            child.communicate()
        assert b"qzx" in readable(path)
        assert await store.delete_calls([]) == 0
        with start_child(FILES, path) as child:
            assert child.communicate()[0].split() == ["0", "0"]
    assert b"qzx" not in readable(path)


async def test_a_deletion_that_was_killed_is_finished_by_the_next(tmp_path, monkeypatch):
    path = tmp_path / "db"

    async def die(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(deletion, "_merge_index", die)
        with pytest.raises(KeyboardInterrupt):
            async with filled(path, "qzxsecret one", "qzxsecret two") as (store, call):
                await store.delete_calls([call.id])
    assert b"qzx" in readable(path)
    async with open_store(path) as store:
        await store.delete_calls([])
    assert b"qzx" not in readable(path)


async def test_others_write_and_read_while_the_index_forgets(tmp_path):
    path = tmp_path / "db"
    async with open_store(path) as store, open_store(path) as other, open_reader(path) as reader:
        await keep(store, make_call(1), *secret_lines("qzxsecret", 60))
        kept = await keep(store, make_call(2), say("first"))
        merges = 0

        async def merge_and_write(db, pages):
            nonlocal merges
            merges += 1
            line = say(f"order {merges}", utterance=1 + merges, at=1 + merges)
            await other.keep_segment(kept.id, "caller", line, position=0, utterance=0)
            assert (await reader.search("order"))[0].text == f"order {merges}"
            return await merge_some(db, pages)

        merge_some = deletion._merge_some
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(deletion, "_merge_some", merge_and_write)
            patch.setattr(deletion, "_MERGE_PAGES", 2)
            assert await store.delete_calls([make_call(1).id]) == 1
        assert merges
        assert len(await store.read_segments(kept.id)) == 1 + merges
    assert b"qzx" not in readable(path)
    assert index_is_whole(path)
