"""A backup holds all that has ended, and is a folder of recordings like any other."""

from __future__ import annotations

import asyncio
import os

import pytest

from streamer.calls.backup import copy_calls, make_target
from streamer.calls.catalog import CallState, list_entries
from streamer.cli.backup import run_backup
from streamer.config import Settings
from streamer.core.events import EndReason
from streamer.errors import UsageError
from streamer.recording.speaker_names import write_names
from streamer.recording.writer import create_recording
from streamer.store.sqlite.store import open_reader, open_store
from tests.unit.calls.test_catalog import LEGS, record
from tests.unit.calls.test_deletion import keep


@pytest.fixture
def target(tmp_path):
    return tmp_path / "backup"


async def keep_all(recordings, *made):
    async with open_store(recordings / "streamer.sqlite3") as store:
        for recording in made:
            await keep(store, recording.call, recording.folder, recording.paths)
            await store.complete_leg(recording.call.id, "caller")


async def read_all(folder):
    async with open_reader(folder / "streamer.sqlite3") as reader:
        return await list_entries(reader, folder), await reader.search("hello")


def test_a_backup_is_a_folder_of_recordings_like_any_other(recordings, target, capsys):
    kept, unknown = record(recordings), record(recordings)
    asyncio.run(keep_all(recordings, kept))
    write_names(kept.folder, {"caller": "Ann"})
    (kept.folder / "notes.txt").write_text("mine")
    (kept.folder / "tap.log").write_text("all is well")
    for name in ("lag.json", "stop", "caller.partial.json", "names.json.new", "transcriber.lock"):
        (kept.folder / name).touch()
    assert run_backup(Settings(recordings=str(recordings)), target) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == (f"{target}\n", "copied 2 calls\n")
    assert sorted(path.name for path in target.iterdir()) == sorted(
        [kept.call.id, unknown.call.id, "streamer.sqlite3"]
    )
    copied = target / kept.call.id
    assert sorted(path.name for path in copied.iterdir()) == [
        "call.json",
        "caller.wav",
        "names.json",
        "notes.txt",
        "tap.log",
    ]
    assert (copied / "caller.wav").read_bytes() == kept.paths[0].read_bytes()
    modes = {path.stat().st_mode & 0o777 for path in target.rglob("*")}
    assert modes == {0o600, 0o700}
    entries, hits = asyncio.run(read_all(target))
    assert {entry.call.id: entry.state for entry in entries} == {
        kept.call.id: CallState.COMPLETE,
        unknown.call.id: CallState.UNFINISHED,
    }
    assert [entry.call.folder.parent for entry in entries] == [target] * 2
    assert len(hits) == 1


def test_a_live_call_is_named_and_left_and_the_code_is_1(recordings, target, capsys):
    ended, live = record(recordings), record(recordings, is_live=True)
    assert run_backup(Settings(recordings=str(recordings)), target) == 1
    assert f"{live.call.id}: it is being recorded" in capsys.readouterr().err
    assert sorted(path.name for path in target.iterdir()) == [ended.call.id, "streamer.sqlite3"]
    live.finish(EndReason.STOPPED)


def test_what_is_no_file_is_named_and_never_followed(recordings, target, tmp_path):
    recording = record(recordings)
    (tmp_path / "secret").write_text("secret")
    (recording.folder / "link").symlink_to(tmp_path / "secret")
    (recording.folder / "folder").mkdir()
    os.mkfifo(recording.folder / "pipe")
    elsewhere = recordings / "20261120-130538-k3f9"
    elsewhere.symlink_to(tmp_path)
    make_target(target)
    backup = copy_calls(recordings, target)
    assert not backup.is_whole
    assert sorted(path.name for path in backup.left) == [elsewhere.name, "folder", "link", "pipe"]
    assert sorted(path.name for path in (target / recording.call.id).iterdir()) == [
        "call.json",
        "caller.wav",
    ]


def test_a_recording_elsewhere_is_named(recordings, target, tmp_path):
    recording = create_recording(
        recordings, source="test", url="", legs=LEGS, output=tmp_path / "out.wav"
    )
    recording.demand(0)
    recording.finish(EndReason.HANG_UP)
    make_target(target)
    assert copy_calls(recordings, target).left == [tmp_path / "out.wav"]


def test_a_long_silence_takes_no_room(recordings, target):
    recording = record(recordings)
    with recording.paths[0].open("r+b") as wav:
        wav.truncate(50_000_000)
        wav.seek(0, os.SEEK_END)
        wav.write(b"\1\0" * 10)
    make_target(target)
    assert copy_calls(recordings, target).is_whole
    copied = target / recording.call.id / "caller.wav"
    assert copied.read_bytes() == recording.paths[0].read_bytes()
    assert copied.stat().st_blocks * 512 < 5_000_000


def test_a_file_that_is_deleted_meanwhile_is_no_error(recordings, target, monkeypatch):
    recording = record(recordings)
    (recording.folder / "gone.wav").touch()
    make_target(target)

    def is_regular(path):
        if path.name == "gone.wav":
            path.unlink()
        return True

    monkeypatch.setattr("streamer.calls.backup.is_regular", is_regular)
    assert copy_calls(recordings, target).is_whole


@pytest.mark.parametrize("is_folder", [True, False])
def test_only_a_new_or_an_empty_folder_is_written(recordings, target, is_folder):
    record(recordings)
    if is_folder:
        target.mkdir()
        (target / "precious").write_text("precious")
    else:
        target.write_text("precious")
    with pytest.raises(UsageError, match="name a new or an empty"):
        run_backup(Settings(recordings=str(recordings)), target)
    assert not (target / "streamer.sqlite3").exists()


def test_an_empty_folder_and_no_calls_are_no_error(recordings, target):
    target.mkdir()
    assert run_backup(Settings(recordings=str(recordings)), target) == 0
    assert asyncio.run(read_all(target)) == ([], [])
