"""Calls are found wherever their words and recordings are, and nobody is fooled by a folder."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from streamer.calls.catalog import (
    CallState,
    find_entry,
    list_damaged,
    list_entries,
    list_folders,
    list_live,
    name_speakers,
)
from streamer.calls.encoding import encode_entry
from streamer.core.audio import AudioLoss, Leg
from streamer.core.events import EndReason, Hold
from streamer.errors import NotFoundError, RecordingError, UsageError
from streamer.recording.folder import CallFolder
from streamer.recording.speaker_names import write_names
from streamer.recording.writer import create_recording
from streamer.store import Filter
from streamer.store.sqlite.store import open_reader, open_store
from tests.unit.store.sqlite.calls import say

LEGS = (Leg("caller", "PJSIP/100-1"),)


def record(recordings, *, is_live=False):
    recording = create_recording(recordings, source="test", url="", legs=LEGS)
    recording.append(0, [b"\1\0" * 16_000])
    if not is_live:
        recording.finish(EndReason.HANG_UP)
    return recording


async def keep(recordings, recording, *, is_complete=True):
    async with open_store(recordings / "s.sqlite3") as store:
        await store.keep_call(recording.call, recording.folder, recording.paths)
        await store.keep_segment(
            recording.call.id, "caller", say("hello"), position=32_000, utterance=1
        )
        if is_complete:
            await store.complete_leg(recording.call.id, "caller")


async def entries(recordings, *arguments, **options):
    async with open_reader(recordings / "s.sqlite3") as reader:
        return await list_entries(reader, recordings, *arguments, **options)


async def find(recordings, name):
    async with open_reader(recordings / "s.sqlite3") as reader:
        return await find_entry(reader, recordings, name)


async def test_calls_that_are_kept_and_mere_recordings_are_listed_together(recordings):
    kept, unknown = record(recordings), record(recordings)
    await keep(recordings, kept)
    live = record(recordings, is_live=True)
    found = {entry.call.id: entry.state for entry in await entries(recordings)}
    assert found == {
        kept.call.id: CallState.COMPLETE,
        unknown.call.id: CallState.UNFINISHED,
        live.call.id: CallState.LIVE,
    }
    async with open_reader(recordings / "s.sqlite3") as reader:
        assert [e.call.id for e in await list_live(reader, recordings)] == [live.call.id]
    live.finish(EndReason.STOPPED)


async def test_a_call_whose_end_no_backend_has_seen_has_the_end_of_its_recording(recordings):
    recording = record(recordings)
    await keep(recordings, recording, is_complete=False)
    (entry,) = await entries(recordings)
    assert entry.state is CallState.UNFINISHED
    assert entry.call.reason is EndReason.HANG_UP
    assert entry.call.duration_s == 1.0
    assert entry.call.ended_at is not None
    (recording.folder / "call.json").write_text("{")
    (entry,) = await entries(recordings)
    assert (entry.state, entry.call.ended_at) == (CallState.UNFINISHED, None)


@pytest.mark.parametrize("is_kept", [False, True])
async def test_a_call_whose_tap_was_killed_is_listed_as_long_as_its_wav(recordings, is_kept):
    recording = create_recording(recordings, source="test", url="", legs=LEGS)
    old = CallFolder(recording.folder).read()
    recording.append(0, [b"\1\0" * 48_000])
    if is_kept:
        await keep(recordings, recording, is_complete=False)
    (live,) = await entries(recordings)
    assert (live.state, live.call.duration) == (CallState.LIVE, None)
    recording.finish(EndReason.HANG_UP)
    CallFolder(recording.folder).write(old)
    (listed,), (folder,) = await entries(recordings), list_folders(recordings, limit=1)
    found = await find(recordings, "last" if is_kept else recording.call.id)
    assert {e.call.duration_s for e in (listed, folder, found)} == {3.0}
    assert {e.state for e in (listed, folder, found)} == {CallState.UNFINISHED}
    assert encode_entry(listed)["duration"] == 3.0


async def test_pages_have_every_call_once(recordings):
    made = [record(recordings) for _ in range(5)]
    for recording in made[::2]:
        await keep(recordings, recording)
    seen, before = [], None
    while page := await entries(recordings, limit=2, before=before):
        seen += [entry.call.id for entry in page]
        before = seen[-1]
        assert len(seen) <= 5
    assert sorted(seen) == sorted(recording.call.id for recording in made)


@pytest.fixture
def ids(monkeypatch):
    """Let calls be named in the order in which they are made, and return the names."""
    names = [f"20261120-130500-{number:04}" for number in range(20)]
    drawn = iter(names)
    monkeypatch.setattr("streamer.recording.writer.new_call_id", lambda now: next(drawn))
    return names


async def test_live_calls_come_first_all_of_them_however_old_they_are(recordings, ids):
    live = [record(recordings, is_live=True) for _ in range(3)]
    for recording in [record(recordings) for _ in range(4)][::2]:
        await keep(recordings, recording)
    await keep(recordings, live[1], is_complete=False)
    assert [e.call.id for e in await entries(recordings, limit=5)] == [
        *ids[2::-1],
        *ids[6:4:-1],
    ]
    assert [e.call.id for e in await entries(recordings, limit=1)] == ids[2::-1]
    assert [e.call.id for e in await entries(recordings, before=ids[5])] == ids[4:2:-1]
    assert [e.call.id for e in await entries(recordings, before=ids[0])] == ids[6:2:-1]
    assert [e.call.id for e in await entries(recordings, text="hello", limit=1)] == [ids[1]]
    assert [e.call.id for e in await entries(recordings, Filter(channel="nobody"))] == []
    assert [e.call.id for e in list_folders(recordings, limit=4)] == [*ids[2::-1], ids[6]]
    for recording in live:
        recording.finish(EndReason.STOPPED)
    assert [e.call.id for e in await entries(recordings, limit=2)] == ids[6:4:-1]


async def test_pages_have_every_call_once_while_some_are_live(recordings, ids):
    live = [record(recordings, is_live=True), *[record(recordings) for _ in range(5)]]
    live.append(record(recordings, is_live=True))
    seen, before = [], None
    while page := await entries(recordings, limit=2, before=before):
        seen += [entry.call.id for entry in page]
        before = seen[-1]
        assert len(seen) <= 7
    assert seen == [ids[6], ids[0], *ids[5:0:-1]]
    for recording in (live[0], live[-1]):
        recording.finish(EndReason.STOPPED)


async def test_what_the_audio_lacks_is_known_of_every_call_and_said_if_it_is_much(recordings):
    recording = record(recordings, is_live=True)
    await keep(recordings, recording)
    (entry,) = await entries(recordings)
    assert (entry.losses["caller"], entry.remark) == (AudioLoss(), "")
    recording.lose(0, 12 * 16_000)
    recording.finish(EndReason.HANG_UP)
    (entry,) = await entries(recordings)
    assert entry.losses["caller"] == AudioLoss(12.0, 0.0, 1.0)
    assert entry.remark == "audio incomplete (12 s)"
    assert entry.state is CallState.COMPLETE, "the state says how far the words are"
    assert (await find(recordings, "last")).remark == entry.remark
    encoded = encode_entry(entry)
    assert encoded["state"] == "complete"
    assert encoded["legs"][0]["lost_seconds"] == 12.0
    assert encoded["legs"][0]["missing_seconds"] == 0.0
    shutil.rmtree(recording.folder)
    (entry,) = await entries(recordings)
    assert encode_entry(entry)["legs"][0]["lost_seconds"] is None
    assert entry.remark == ""


async def test_filters_hold_for_recordings_that_are_not_kept(recordings):
    recording = record(recordings)
    began = recording.call.started_at
    began = began.replace(microsecond=began.microsecond // 1000 * 1000)
    assert await entries(recordings, Filter(channel="pjsip/100", since=began))
    assert not await entries(recordings, Filter(channel="PJSIP/200"))
    assert not await entries(recordings, Filter(until=began))
    assert not await entries(recordings, Filter(since=began + timedelta(seconds=1)))
    assert not await entries(recordings, Filter(calls=frozenset({"other"})))


async def test_a_call_is_found_by_its_id_a_prefix_and_as_the_last_one(recordings):
    recording = record(recordings)
    call_id = recording.call.id
    for name in (call_id, call_id[:10], "last"):
        assert (await find(recordings, name)).call.id == call_id
    await keep(recordings, recording)
    for name in (call_id, call_id[:10], "last"):
        assert (await find(recordings, name)).call.segments == 1
    for name in ("nope", "", "../..", "%", "*"):
        with pytest.raises(NotFoundError):
            await find(recordings, name)
    record(recordings)
    with pytest.raises(UsageError, match="matches 2 calls"):
        await find(recordings, call_id[:8])


async def test_a_folder_of_recordings_can_be_moved(recordings, tmp_path):
    recording = record(recordings)
    await keep(recordings, recording)
    shutil.move(recordings, tmp_path / "moved")
    (entry,) = await entries(tmp_path / "moved")
    assert entry.call.folder == tmp_path / "moved" / recording.call.id
    assert entry.call.legs[0].recording.is_file()


async def test_a_copied_folder_is_no_second_call(recordings):
    recording = record(recordings)
    await keep(recordings, recording)
    shutil.copytree(recording.folder, recordings / "20261120-999999-zzzz")
    assert len(await entries(recordings)) == 1
    assert list_damaged(recordings) == [recordings / "20261120-999999-zzzz"]
    with pytest.raises(RecordingError, match="damaged"):
        await find(recordings, "20261120-999")


@pytest.mark.parametrize(
    ("field", "value"), [("rate", 0), ("rate", "x"), ("samples", None), ("lost", "x"), ("path", 3)]
)
async def test_a_call_json_with_odd_fields_is_damaged_and_not_a_crash(recordings, field, value):
    recording = record(recordings)
    fields = json.loads((recording.folder / "call.json").read_text())
    fields["legs"][0][field] = value
    (recording.folder / "call.json").write_text(json.dumps(fields))
    listed = await entries(recordings)
    assert bool(listed) == (field == "path"), "a path may have any name"
    assert len(list_damaged(recordings)) == 1 - len(listed)


async def test_a_call_whose_recordings_are_gone_says_so(recordings):
    recording = record(recordings)
    await keep(recordings, recording, is_complete=False)
    shutil.rmtree(recording.folder)
    (entry,) = await entries(recordings)
    assert entry.state is CallState.MISSING


async def test_no_recordings_are_no_calls(tmp_path):
    assert await entries(tmp_path / "nowhere") == []
    (tmp_path / "file").touch()
    async with open_reader(tmp_path / "s.sqlite3") as reader:
        with pytest.raises(RecordingError, match="cannot be read"):
            await list_entries(reader, tmp_path / "file")


async def test_speakers_of_what_was_found_have_their_names_also_when_the_folder_has_moved(
    recordings, tmp_path
):
    recording = record(recordings)
    await keep(recordings, recording)
    write_names(recording.folder, {"caller": "Ann Lee"})
    async with open_reader(recordings / "s.sqlite3") as reader:
        hits = await reader.search("hello")
    assert name_speakers(recordings, hits) == name_speakers(tmp_path, hits) == ["Ann Lee"]
    (recording.folder / "names.json").unlink()
    assert name_speakers(recordings, hits) == ["caller"]


async def test_a_listed_call_has_its_facts_as_far_as_they_are_text(recordings):
    facts = {"from": "100", "id": "c1"}
    recording = create_recording(recordings, source="test", url="", legs=LEGS, facts=facts)
    recording.finish(EndReason.HANG_UP)
    place = CallFolder(recording.folder).call_json
    assert encode_entry(list_folders(recordings, limit=1)[0])["facts"] == facts
    place.write_text(json.dumps({**json.loads(place.read_text()), "facts": {"a": 1, "b": "x"}}))
    assert encode_entry(list_folders(recordings, limit=1)[0])["facts"] == {"b": "x"}


async def test_a_party_is_shown_by_its_name_or_number_also_when_the_recording_is_gone(recordings):
    legs = (
        Leg("caller", "PJSIP/100-1", number="+4930123"),
        Leg("callee", "PJSIP/200-1", number="200", name="Ann Lee"),
    )
    recording = create_recording(recordings, source="test", url="", legs=legs)
    recording.finish(EndReason.HANG_UP)
    (entry,) = await entries(recordings)  # the store does not know it yet
    assert entry.parties == ("+4930123", "Ann Lee")
    await keep(recordings, recording, is_complete=False)
    bare = replace(recording.call, legs=tuple(Leg(leg.label, leg.channel) for leg in legs))
    async with open_store(recordings / "s.sqlite3") as store:
        await store.keep_call(bare, recording.folder, recording.paths)
    write_names(recording.folder, {"callee": "Mr Wu"})
    (entry,) = await entries(recordings)
    assert entry.parties == ("+4930123", "Mr Wu")
    shutil.rmtree(recording.folder)
    (entry,) = await entries(recordings)
    assert entry.parties == ("+4930123", "Ann Lee")
    assert [leg.get("number") for leg in encode_entry(entry)["legs"]] == ["+4930123", "200"]
    async with open_reader(recordings / "s.sqlite3") as reader:
        hits = await reader.search("hello")
    assert [(hit.number, hit.name) for hit in hits] == [("+4930123", "")]
    assert name_speakers(recordings, hits) == ["+4930123"]


async def test_a_listed_call_knows_its_holds(recordings):
    recording = record(recordings, is_live=True)
    at = recording.call.started_at.replace(microsecond=0)
    holds = [
        Hold(recording.call.id, "caller", held, start, at)
        for held, start in ((True, 1.0), (False, 2.5))
    ]
    assert [recording.note_hold(0, hold) for hold in (*holds, holds[-1])] == [True, True, False]
    recording.finish(EndReason.HANG_UP)
    (entry,) = await entries(recordings)
    assert entry.holds == tuple(holds)
