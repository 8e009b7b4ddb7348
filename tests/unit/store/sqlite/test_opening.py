import asyncio
import os
import resource
import sqlite3
import tempfile
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from streamer.core.encoding import encode_time
from streamer.core.scripts import indexed_text
from streamer.errors import NotFoundError, StoreError
from streamer.store.sqlite import migrations, store as store_module, writing
from streamer.store.sqlite.store import open_reader, open_store
from tests.unit.store.sqlite.calls import filled, keep, make_call, say, start_child

KNOWN = len(migrations.MIGRATIONS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "streamer.sqlite3"


def execute(path, *statements):
    db = sqlite3.connect(path, isolation_level=None)
    rows = [db.execute(statement).fetchall() for statement in statements]
    db.close()
    return rows[-1]


async def opening(path, opener=open_store, **options):
    """The one line that opening it ends with."""
    with pytest.raises(StoreError) as error:
        async with opener(path, **options) as store:
            await store.list_calls()
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    return str(error.value)


async def test_a_new_database_and_what_is_beside_it_are_private(tmp_path):
    path = tmp_path / "new" / "streamer.sqlite3"
    async with filled(path, "hello"):
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == dict.fromkeys([path.name, path.name + "-wal", path.name + "-shm"], 0o600)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def test_a_database_of_any_name_can_be_opened(tmp_path):
    for name in ("?mode=memory", "a b%20#c", "ümlaut", ":memory:", os.fsdecode(b"\xff")):
        async with filled(tmp_path / name, "hello"):
            pass
        async with open_reader(tmp_path / name) as reader:
            assert len(await reader.search("hello")) == 1


async def test_a_migration_is_applied_once_and_recorded(path):
    for _ in range(2):
        async with open_store(path):
            pass
    assert execute(path, "SELECT number, name FROM migration ORDER BY number") == [
        (1, "m001_calls_and_segments"),
        (2, "m002_told_observers"),
        (3, "m003_retention"),
        (4, "m004_unclear_speech"),
        (5, "m005_zero_of_calls"),
        (6, "m006_scripts_without_blanks"),
        (7, "m007_parties_of_legs"),
        (8, "m008_alerts"),
        (9, "m009_events"),
        (10, "m010_marks"),
        (11, "m011_numbers"),
    ]


async def test_numbers_that_were_said_before_are_found_as_figures(path, monkeypatch):
    said = ("call five five five", "777 0100", "hello", "電話 5 5")
    with monkeypatch.context() as older:
        older.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:10])
        older.setattr(writing, "indexed_utterance", lambda text, _: indexed_text(text))
        async with filled(path, *said) as (store, _):
            assert await store.search("55") == []
    async with open_store(path) as store:
        for query, text in (("555", said[0]), ("7770100", said[1]), ("電話 55", said[3])):
            assert [hit.text for hit in await store.search(query)] == [text]
        assert [hit.text for hit in await store.search("hello")] == ["hello"]
    execute(path, "INSERT INTO segment_text (segment_text) VALUES ('integrity-check')")
    with pytest.raises(sqlite3.DatabaseError, match="settled for good"):
        execute(path, "UPDATE segment SET text = ''")


async def test_two_processes_make_a_new_database_at_once(path):
    code = """
import asyncio, pathlib, sys
from streamer.store.sqlite.store import open_store
async def main():
    print("ready", flush=True)
    sys.stdin.readline()
    async with open_store(pathlib.Path(sys.argv[1])) as store:
        print(await store.list_calls())
asyncio.run(main())
"""
    children = [start_child(code, path) for _ in range(3)]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    assert [child.communicate()[0] for child in children] == ["[]\n"] * 3
    assert execute(path, "SELECT count(*) FROM migration") == [(KNOWN,)]


async def test_tasks_of_one_process_make_a_new_database_at_once(path):
    async def open_once():
        async with open_store(path) as store:
            return await store.list_calls()

    assert await asyncio.gather(*(open_once() for _ in range(8))) == [[]] * 8


async def test_a_migration_that_fails_leaves_nothing_of_itself(path, monkeypatch):
    async with filled(path, "hello"):
        pass

    def m999_breaks():
        return ("CREATE TABLE half (id INTEGER)", "CREATE TABEL")

    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, m999_breaks))
    assert "not made as this streamer expects" in await opening(path)
    assert execute(path, "SELECT name FROM sqlite_schema WHERE name = 'half'") == []
    assert execute(path, "SELECT max(number) FROM migration") == [(KNOWN,)]


async def test_an_older_schema_is_brought_up_to_date_only_by_a_writer(path, monkeypatch):
    async with filled(path, "hello"):
        pass

    def m999_adds_a_table():
        return ("CREATE TABLE more (id INTEGER PRIMARY KEY) STRICT",)

    newer = (*migrations.MIGRATIONS, m999_adds_a_table)
    monkeypatch.setattr(migrations, "MIGRATIONS", newer)
    monkeypatch.setattr(store_module, "MIGRATIONS", newer)
    needed = f"older streamer (schema {KNOWN}, this one needs {KNOWN + 1})"
    assert needed in await opening(path, open_reader)
    async with open_store(path) as store:
        assert len(await store.search("hello")) == 1
    async with open_reader(path) as reader:
        assert len(await reader.search("hello")) == 1


async def test_calls_of_before_zero_was_kept_stay_as_they_are(path, monkeypatch):
    monkeypatch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:4])
    async with open_store(path):
        pass
    call = make_call()
    execute(
        path,
        f"INSERT INTO call (id, source, started_at, folder) VALUES ('{call.id}', 's', '{encode_time(call.started_at)}', '/r')",
        f"INSERT INTO leg (call, number, label, channel, rate, recording) VALUES ('{call.id}', 0, 'caller', 'c', 8000, '/r/a.wav')",
        "INSERT INTO segment (id, leg, utterance, start, end, language, text, words) VALUES (17, 1, 1, 32000, 48000, 'en', 'hello', '[]')",
    )
    monkeypatch.undo()
    async with open_store(path) as store:
        [hit] = await store.search("hello")
        assert hit.spoken_at == call.started_at + timedelta(seconds=2)
        assert (await store.read_call(call.id)).zero_at is None
    assert execute(path, "SELECT id FROM segment") == [(17,)]


@pytest.mark.parametrize("opener", [open_store, open_reader])
async def test_a_newer_schema_is_refused_and_not_touched(path, opener):
    async with filled(path, "hello"):
        pass
    execute(path, "INSERT INTO migration VALUES (99, 'm099', 'then')")
    before = path.read_bytes()
    message = await opening(path, opener)
    newer = f"made by a newer streamer (schema 99, this one knows {KNOWN}); upgrade streamer"
    assert newer in message
    assert path.read_bytes() == before


@pytest.mark.parametrize("opener", [open_store, open_reader])
async def test_a_database_of_another_program_is_refused_and_not_touched(path, opener):
    execute(path, "CREATE TABLE bookmark (id INTEGER)")
    before = path.read_bytes()
    assert "belongs to another program; name another file with --db" in await opening(path, opener)
    assert path.read_bytes() == before


@pytest.mark.parametrize("opener", [open_store, open_reader])
@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + bytes(4080)])
async def test_what_is_no_database_is_refused_and_not_touched(path, opener, content):
    path.write_bytes(content)
    message = await opening(path, opener)
    assert "is damaged" in message
    assert "streamer resume --all" in message
    assert "move it away" not in message, "it may be anything of the user's"
    assert path.read_bytes() == content


async def test_a_damaged_page_is_one_clear_error_wherever_it_is_met(path):
    async with filled(path, *(f"hello {i} " * 50 for i in range(50))) as (_, call):
        pass
    whole = path.read_bytes()
    size, messages = 4096, []
    for page in range(1, len(whole) // size):
        path.write_bytes(whole[: page * size] + b"\xa5" * size + whole[(page + 1) * size :])
        messages.append(await complaint(path, call))
    assert not [m for m in messages if m and "damaged" not in m and "another program" not in m]
    assert sum("damaged" in message for message in messages) > 5
    assert "move it away" in messages[-1], "that one is ours"


async def test_a_broken_database_of_another_program_is_not_to_be_moved_away(path):
    execute(path, "PRAGMA application_id = 7")
    execute(path, "CREATE TABLE bookmark (id INTEGER)")
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xa5" * 3000 + content[3100:])
    message = await opening(path)
    assert "damaged" in message
    assert "move it away" not in message


@pytest.mark.parametrize("is_replaced", [True, False])
async def test_a_database_that_is_deleted_while_it_is_in_use_is_said(path, is_replaced):
    async with filled(path, "hello") as (store, call):
        path.unlink()
        if is_replaced:
            path.write_bytes(b"")
        for keep in (
            lambda: store.complete_leg(call.id, "caller"),
            lambda: store.keep_segment(call.id, "caller", None, position=1, utterance=9),
        ):
            with pytest.raises(StoreError, match="was deleted or replaced while") as error:
                await keep()
            assert not error.value.is_temporary


async def complaint(path, call):
    """The one line that reading, writing and deleting a call ends with, if any."""
    try:
        async with open_store(path) as store:
            await store.list_calls(text="hello")
            await store.read_transcript(call.id)
            line = say("more", utterance=1000)
            await store.keep_segment(call.id, "caller", line, position=0, utterance=0)
            await store.delete_calls([call.id])
    except StoreError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("opener", [open_store, open_reader])
async def test_a_folder_is_no_database(tmp_path, opener):
    assert "is a folder" in await opening(tmp_path, opener)


async def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be created" in await opening(tmp_path / "file" / "db")


async def test_reading_a_missing_database_shows_nothing_and_makes_nothing(path):
    async with open_reader(path) as reader:
        assert await reader.list_calls() == []
        assert await reader.search("hello") == []
        assert await reader.last_call() is None
    assert not path.exists()
    with pytest.raises(NotFoundError, match="no database"):
        async with open_store(path, must_exist=True):
            pass
    assert not path.exists()


async def test_reading_an_empty_file_shows_nothing_and_leaves_it_empty(path):
    path.touch()
    async with open_reader(path) as reader:
        assert await reader.list_calls() == []
    assert path.stat().st_size == 0


async def test_reading_changes_no_byte(path):
    async with filled(path, "hello"):
        pass
    before = path.read_bytes()
    async with open_reader(path) as reader:
        assert len(await reader.search("hello")) == 1
    assert path.read_bytes() == before


UNPRIVILEGED = """
import asyncio, os, pathlib, sys
from streamer.errors import StoreError
from streamer.store.sqlite.store import open_reader, open_store
path = pathlib.Path(sys.argv[1])
async def main():
    async with open_reader(path) as reader:
        print(len(await reader.search("hello")))
    try:
        async with open_store(path) as store:
            print("opened")
    except StoreError as error:
        print(error)
if not os.getuid():
    os.setuid(65534)
asyncio.run(main())
"""


@pytest.fixture
def anybodys_folder():
    """A folder that anybody may pass through, which those of pytest are not: each run closes the one that all share."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("folder_mode", [0o777, 0o555])
async def test_a_database_that_may_only_be_read_is_read(anybodys_folder, folder_mode):
    folder = anybodys_folder / "folder"
    path = folder / "db"
    async with filled(path, "hello"):
        pass
    path.chmod(0o444)
    folder.chmod(folder_mode)
    with start_child(UNPRIVILEGED, path) as child:
        found, message = child.communicate()[0].splitlines()
    assert found == "1"
    assert "cannot be written" in message or "cannot be opened" in message
    folder.chmod(0o777)


@pytest.fixture
def no_room():
    """No file of this process may become larger than a few pages, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_on_a_full_disk_a_database_at_rest_is_read(tmp_path, request):
    path = tmp_path / "db"
    async with filled(path, "hello"):
        pass
    request.getfixturevalue("no_room")
    for _ in range(2):  # the first attempt may leave an empty log
        async with open_reader(path) as reader:
            assert len(await reader.search("hello")) == 1
    with pytest.raises(StoreError, match="the disk has no room for"):
        async with open_store(path):
            pass


async def test_a_database_that_may_not_be_read_is_one_clear_error(anybodys_folder):
    path = anybodys_folder / "db"
    async with filled(path, "hello"):
        pass
    path.chmod(0)
    with start_child(
        UNPRIVILEGED.replace("async with open_reader", "async with open_store"), path, stderr=-1
    ) as child:
        _, errors = child.communicate()
    assert "streamer.errors.StoreError" in errors.splitlines()[-1]
    assert "cannot be opened; check its permissions" in errors


async def test_an_older_library_is_named(path, monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(StoreError, match="the database needs 3.37; use a newer Python"):
        async with open_store(path):
            pass


async def test_what_a_killed_writer_left_can_be_read(path):
    code = """
import asyncio, os, pathlib, signal, sys
from streamer.store.sqlite.store import open_store
from tests.unit.store.sqlite.calls import filled
async def main():
    async with filled(pathlib.Path(sys.argv[1]), "hello"):
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    with start_child(code, path) as child:
        child.communicate()
    assert path.with_name(path.name + "-wal").stat().st_size
    async with open_reader(path) as reader:
        assert len(await reader.search("hello")) == 1
    async with open_store(path) as store:
        await keep(store, make_call(2), say("hello"))
        assert len(await store.search("hello")) == 2


async def test_an_opening_that_is_cancelled_leaves_no_thread_behind(path, monkeypatch):
    asked, may_go_on = threading.Event(), threading.Event()
    real = sqlite3.connect

    def connect_slowly(*arguments, **options):
        asked.set()
        may_go_on.wait()
        return real(*arguments, **options)

    monkeypatch.setattr(sqlite3, "connect", connect_slowly)
    before = threading.active_count()

    async def open_it():
        async with open_store(path):
            pass

    opening = asyncio.ensure_future(open_it())
    await asyncio.to_thread(asked.wait)
    opening.cancel()
    await asyncio.sleep(0)
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await opening
    for thread in threading.enumerate():
        if "connection_worker" in thread.name:
            thread.join()  # it has said that it ends, and needs a moment to do it
    assert threading.active_count() <= before + 1, "the one of `to_thread` stays"
