"""A deleted call is gone, and nothing else is."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streamer.calls.catalog import CallState, find_entry, list_damaged, list_entries
from streamer.calls.deletion import LeftBehindError, delete_call, delete_older
from streamer.core.audio import Leg
from streamer.core.events import Call, EndReason, Lagging, Partial
from streamer.errors import NotFoundError, RecordingError
from streamer.recording.folder import CallFolder
from streamer.recording.live_status import LiveStatus
from streamer.recording.locks import take_lock
from streamer.recording.private_files import UNFINISHED
from streamer.recording.speaker_names import write_names
from streamer.recording.writer import create_recording
from streamer.store.sqlite.store import open_store
from streamer.tap.detached import log_to
from tests.unit.calls.test_catalog import LEGS, record
from tests.unit.store.sqlite.calls import say


@pytest.fixture
async def store(recordings):
    async with open_store(recordings / "s.sqlite3") as store:
        yield store


async def keep(store, call, folder, paths):
    await store.keep_call(call, folder, paths)
    await store.keep_segment(call.id, "caller", say("hello"), position=32_000, utterance=1)
    return await store.read_call(call.id)


async def test_the_folder_and_the_words_go_and_what_lies_beside_them_stays(store, recordings):
    gone, stays = record(recordings), record(recordings)
    call = await keep(store, gone.call, gone.folder, gone.paths)
    for name in ("caller.partial.json", "lag.json", "names.json"):
        (gone.folder / name).write_text("{}")
    assert await delete_call(store, recordings, call) == []
    assert not gone.folder.exists()
    assert stays.paths[0].is_file()
    with pytest.raises(NotFoundError):
        await store.read_call(gone.call.id)


async def test_a_folder_with_every_file_that_any_code_writes_is_emptied(store, recordings):
    recording = create_recording(
        recordings, source="test", url="", legs=LEGS, clock=lambda: 0.0, max_data=64
    )
    folder = CallFolder(recording.folder)
    recording.append(0, [bytes(100)])  # more than one file holds
    joined = recording.add_leg(Leg("transfer", "Toy/3"))
    recording.append(1, [bytes(10)])
    log_to(folder.tap_log)
    folder.request_stop()
    write_names(folder.path, {"caller": "Ann"})
    lock, status = folder.take_transcriber_lock(), LiveStatus(folder.path)
    assert lock is not None
    for label in (*(leg.label for leg in LEGS), joined.label):
        status.post(Partial(recording.call.id, label, 1, 0, 1, (), ()))
    status.post(Lagging(recording.call.id, "caller", 9.0))
    assert status._writing is not None
    await status._writing
    assert recording.finish(EndReason.HANG_UP)
    lock.release()
    # What a kill leaves in the middle of a replacement.
    for path in [folder.call_json, folder.names, *folder.live_status_files()]:
        path.with_name(path.name + UNFINISHED).touch()
    assert len(list(folder.path.iterdir())) == 17
    call = await keep(store, recording.call, folder.path, recording.paths)
    assert await delete_call(store, recordings, call) == []
    assert not folder.path.exists()


@pytest.mark.parametrize("name", ["music", "20261120-130538-k3f9"])
async def test_a_folder_that_is_not_ours_is_never_touched(store, recordings, tmp_path, name):
    victim = tmp_path / "elsewhere" / name
    victim.mkdir(parents=True)
    for file in ("song.wav", "precious.lock", "stop", "x.new", "call.json"):
        (victim / file).write_text("mine")
    call = Call(name, "test", LEGS, datetime.now(UTC))
    row = await keep(store, call, victim, [victim / "song.wav"])
    assert await delete_call(store, recordings, row) == [victim / "song.wav"]
    assert len(list(victim.iterdir())) == 5


async def test_a_link_that_looks_like_a_call_is_not_followed(store, recordings, tmp_path):
    real = record(tmp_path / "other")
    link = recordings / real.call.id
    link.symlink_to(real.folder)
    row = await keep(store, real.call, link, [link / "caller.wav"])
    await delete_call(store, recordings, row)
    assert real.paths[0].is_file()


async def test_recordings_outside_the_folder_are_named_and_left(store, recordings, tmp_path):
    from streamer.recording.writer import create_recording

    recording = create_recording(
        recordings, source="test", url="", legs=LEGS, output=tmp_path / "out.wav"
    )
    recording.demand(0)
    recording.finish(EndReason.HANG_UP)
    row = await keep(store, recording.call, recording.folder, recording.paths)
    assert await delete_call(store, recordings, row) == [tmp_path / "out.wav"]
    assert (tmp_path / "out.wav").is_file()
    assert not recording.folder.exists()


async def test_a_call_in_use_is_refused_and_whole(store, recordings):
    live = record(recordings, is_live=True)
    row = await keep(store, live.call, live.folder, live.paths)
    with pytest.raises(RecordingError, match="is being recorded"):
        await delete_call(store, recordings, row)
    live.finish(EndReason.STOPPED)
    lock = take_lock(live.folder / "transcriber.lock")
    assert lock
    with pytest.raises(RecordingError, match="is being transcribed"):
        await delete_call(store, recordings, row)
    lock.release()
    assert live.paths[0].is_file()
    assert await delete_call(store, recordings, row) == []


async def test_what_somebody_put_into_the_folder_stays_with_it(store, recordings):
    recording = record(recordings)
    (recording.folder / "notes.txt").write_text("mine")
    row = await keep(store, recording.call, recording.folder, recording.paths)
    with pytest.raises(RecordingError, match="what else is in it"):
        await delete_call(store, recordings, row)
    assert (recording.folder / "notes.txt").read_text() == "mine"
    assert not recording.paths[0].exists()


def _put_a_file(folder):
    (folder / "notes.txt").write_text("mine")


def _put_a_folder(folder):
    (folder / "names.json").mkdir()


def _put_a_link(folder):
    (folder / "caller.2.wav").symlink_to("/dev/null")


def _put_a_folder_for_a_lock(folder):
    (folder / "transcriber.lock").mkdir()


FOREIGN = pytest.mark.parametrize(
    ("put", "name"),
    [
        (_put_a_file, "notes.txt"),
        (_put_a_folder, "names.json"),
        (_put_a_link, "caller.2.wav"),
        (_put_a_folder_for_a_lock, "transcriber.lock"),
    ],
)


@FOREIGN
async def test_what_is_not_ours_costs_neither_the_words_nor_the_recordings(
    store, recordings, put, name
):
    recording = record(recordings)
    put(recording.folder)
    row = await keep(store, recording.call, recording.folder, recording.paths)
    with pytest.raises(LeftBehindError, match=name):
        await delete_call(store, recordings, row)
    with pytest.raises(NotFoundError):
        await store.read_call(recording.call.id)
    assert [path.name for path in recording.folder.iterdir()] == [name]
    assert list_damaged(recordings) == [], "it is no call any more"
    assert await list_entries(store, recordings) == []


@FOREIGN
async def test_what_is_not_ours_is_left_by_retention_once_and_said(
    store, recordings, caplog, put, name
):
    recording = record(recordings)
    put(recording.folder)
    await keep(store, recording.call, recording.folder, recording.paths)
    than = datetime.now(UTC) + timedelta(hours=1)
    await delete_older(store, recordings, than)
    assert [path.name for path in recording.folder.iterdir()] == [name]
    assert name in caplog.text
    with pytest.raises(NotFoundError):
        await store.read_call(recording.call.id)
    caplog.clear()
    await delete_older(store, recordings, than)
    assert caplog.text == ""


async def test_recordings_elsewhere_are_named_beside_what_is_left(store, recordings, tmp_path):
    recording = create_recording(
        recordings, source="test", url="", legs=LEGS, output=tmp_path / "out.wav"
    )
    recording.demand(0)
    recording.finish(EndReason.HANG_UP)
    _put_a_file(recording.folder)
    row = await keep(store, recording.call, recording.folder, recording.paths)
    with pytest.raises(LeftBehindError) as left:
        await delete_call(store, recordings, row)
    assert left.value.outside == [tmp_path / "out.wav"]


async def test_a_file_of_ours_that_cannot_be_removed_costs_no_words_and_leaves_a_call(
    store, recordings, monkeypatch
):
    recording = record(recordings)
    row = await keep(store, recording.call, recording.folder, recording.paths)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", _refuse)
        with pytest.raises(LeftBehindError, match="permission denied"):
            await delete_call(store, recordings, row)
    entry = await find_entry(store, recordings, recording.call.id)
    assert (entry.call.segments, entry.state) == (0, CallState.UNFINISHED)
    assert await delete_call(store, recordings, entry.call) == []


def _refuse(*_, **__):
    raise PermissionError(1, "permission denied")


async def test_wavs_go_although_call_json_cannot_be_read(store, recordings):
    recording = record(recordings)
    (recording.folder / "caller.2.wav").write_bytes(bytes(100))
    (recording.folder / "call.json").write_text("{")
    row = await keep(store, recording.call, recording.folder, recording.paths)
    assert await delete_call(store, recordings, row) == []
    assert not recording.folder.exists()


async def test_old_calls_go_kept_or_not_and_an_odd_one_does_not_stop_it(store, recordings, caplog):
    caplog.set_level(logging.INFO)
    odd, kept, unknown, young = (record(recordings) for _ in range(4))
    (odd.folder / "call.json").write_text("{}")
    await keep(store, kept.call, kept.folder, kept.paths)
    than = datetime.now(UTC) + timedelta(hours=1)
    _make_younger(young.folder)
    await delete_older(store, recordings, than)
    assert [
        folder.exists() for folder in (odd.folder, kept.folder, unknown.folder, young.folder)
    ] == [
        True,
        False,
        False,
        True,
    ]
    assert kept.call.id in caplog.text
    assert "hello" not in caplog.text
    with pytest.raises(NotFoundError):
        await find_entry(store, recordings, kept.call.id)


def _make_younger(folder: Path) -> None:
    path = folder / "call.json"
    year = str(datetime.now(UTC).year)
    path.write_text(path.read_text().replace(f'"started_at": "{year}', '"started_at": "2999', 1))
