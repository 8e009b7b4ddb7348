import errno
import json
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streamer.core.audio import Leg
from streamer.core.events import EndReason
from streamer.errors import NotFoundError, RecordingError, UsageError
from streamer.recording import writer as recording
from streamer.recording.folder import CallFolder
from streamer.recording.index import Recordings
from streamer.recording.reader import list_wavs, read_recorded, repair_recording
from streamer.recording.writer import create_recording

AUDIO = bytes(range(1, 201))
LEGS = (Leg("caller", "PJSIP/../../etc/passwd\x1b[31m"), Leg("agent", "b"))


def begin(recordings, **options):
    return create_recording(
        recordings, source="stream-channel", url="ws://pbx/ws", legs=LEGS, **options
    )


def one_call(recordings):
    recording = begin(recordings)
    recording.append(0, [AUDIO])
    recording.finish(EndReason.HANG_UP)
    return recording


def test_the_folder_and_its_files_are_named_by_us_and_private(recordings):
    recording = one_call(recordings)
    assert sorted(path.name for path in recording.folder.iterdir()) == [
        "call.json",
        "caller.wav",
        "tap.lock",
    ]
    assert recording.folder.parent == recordings
    assert {path.stat().st_mode & 0o777 for path in recording.folder.iterdir()} == {0o600}
    assert recordings.stat().st_mode & 0o777 == recording.folder.stat().st_mode & 0o777 == 0o700


def test_ids_sort_by_time(recordings):
    first, second = one_call(recordings), one_call(recordings)
    assert first.call.id[:15] <= second.call.id[:15]
    assert [recordings / name for name in Recordings(recordings).call_ids()[::-1]] == sorted(
        [first.folder, second.folder]
    )


def test_a_call_is_live_until_it_is_finished(recordings):
    recording = begin(recordings)
    assert CallFolder(recording.folder).is_live()
    recording.finish(EndReason.HANG_UP)
    assert not CallFolder(recording.folder).is_live()


def test_call_json_exists_from_the_start_and_holds_no_secret(recordings):
    recording = begin(recordings)
    call = CallFolder(recording.folder).read()
    assert (call["ended_at"], call["reason"]) == (None, None)
    assert [leg["channel"] for leg in call["legs"]] == [leg.channel for leg in LEGS]
    recording.finish(EndReason.STOPPED)
    assert CallFolder(recording.folder).read()["reason"] == "stopped"


def test_a_call_that_was_refused_leaves_nothing(recordings):
    recording = begin(recordings)
    recording.discard()
    assert not recording.folder.exists()


def test_one_file_elsewhere(recordings, tmp_path):
    recording = create_recording(
        recordings, source="s", url="u", legs=LEGS[:1], output=tmp_path / "x.WAV"
    )
    recording.append(0, [AUDIO])
    recording.finish(EndReason.HANG_UP)
    assert list_wavs(recording.folder) == [tmp_path / "x.WAV"]


def test_a_folder_elsewhere_gets_names_that_overwrite_nothing(recordings, tmp_path):
    recording = begin(recordings, output=tmp_path)
    assert [path.name for path in recording.paths] == [
        f"{recording.call.id}-{leg.label}.wav" for leg in LEGS
    ]
    recording.finish(EndReason.HANG_UP)


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot record in"):
        begin(tmp_path / "file")


def test_two_calls_that_draw_the_same_id_are_both_recorded(recordings, monkeypatch):
    drawn = iter(["20261120-130538-k3f9", "20261120-130538-k3f9", "20261120-130538-k3fa"])
    monkeypatch.setattr(recording, "new_call_id", lambda now: next(drawn))
    first, second = one_call(recordings), one_call(recordings)
    assert [recordings / name for name in Recordings(recordings).call_ids()[::-1]] == [
        first.folder,
        second.folder,
    ]


@pytest.mark.parametrize("broken", ["write", "take_tap_lock"])
def test_a_call_that_cannot_be_begun_leaves_no_folder_and_no_descriptor(
    broken, recordings, monkeypatch
):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(CallFolder, broken, fail)
    before = sorted(Path("/proc/self/fd").iterdir())
    with pytest.raises(RecordingError, match="the disk is full"):
        begin(recordings)
    assert sorted(Path("/proc/self/fd").iterdir()) == before
    assert list(recordings.iterdir()) == []


def test_calls_are_found_by_id_prefix_and_last(recordings):
    first = one_call(recordings)
    assert Recordings(recordings).find(first.call.id).path == first.folder
    assert Recordings(recordings).find(first.call.id[:9]).path == first.folder
    second = one_call(recordings)
    assert Recordings(recordings).find("last").path == max(first.folder, second.folder)
    with pytest.raises(UsageError, match="give more of the id"):
        Recordings(recordings).find(first.call.id[:8])


@pytest.mark.parametrize("name", ["", "../..", "x", "last"])
def test_a_call_that_is_not_there_is_not_found(recordings, name):
    with pytest.raises(NotFoundError):
        Recordings(recordings).find(name)


def test_a_file_without_its_sizes_is_repaired_on_open(recordings):
    recording = one_call(recordings)
    wav = recording.folder / "caller.wav"
    wav.write_bytes(bytes(44) + AUDIO + b"\x01")
    assert repair_recording(recording.folder) == [wav]
    with wave.open(str(wav)) as file:
        assert (file.getframerate(), file.readframes(1000)) == (16_000, AUDIO)
    assert repair_recording(recording.folder) == []


def test_a_wav_that_call_json_does_not_know_yet_is_repaired_too(recordings):
    recording = begin(recordings)
    recording.append(1, [AUDIO])
    recording.finish(EndReason.HANG_UP)
    call = CallFolder(recording.folder).read()
    call["legs"][1]["files"] = []
    (recording.folder / "call.json").write_text(json.dumps(call))
    (recording.folder / "agent.wav").write_bytes(b"RIFF")
    assert repair_recording(recording.folder) == [recording.folder / "agent.wav"]


def test_a_live_call_is_not_touched(recordings):
    recording = begin(recordings)
    assert repair_recording(recording.folder) == []
    recording.finish(EndReason.HANG_UP)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"legs": 3}'])
def test_a_damaged_call_json_is_one_clear_error(recordings, damage):
    recording = one_call(recordings)
    (recording.folder / "call.json").write_text(damage)
    with pytest.raises(RecordingError, match="the WAVs beside it are still good"):
        repair_recording(recording.folder)


def test_zero_is_when_the_first_frame_came_even_if_it_waited(recordings):
    recording = begin(recordings, clock=lambda: 1008.0)
    assert read_recorded(recording.folder).call.zero_at is None
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    recording.count(1, AUDIO, arrival=1003.0)
    recording.count(0, AUDIO, arrival=1008.0)
    recording.finish(EndReason.HANG_UP)
    zero_at = read_recorded(recording.folder).call.zero_at
    waited = timedelta(seconds=5)
    assert zero_at
    assert before - waited <= zero_at <= datetime.now(UTC) - waited
    assert recording.call.zero_at
    assert abs(zero_at - recording.call.zero_at) < timedelta(milliseconds=1)


def test_a_file_that_is_played_has_the_zero_of_its_own_call(recordings):
    began_at = datetime(2025, 3, 14, 10, 15, tzinfo=UTC)
    leg = Leg("speaker", "file")
    recording = create_recording(
        recordings, source="file", url="", legs=(leg,), facts={}, began_at=began_at
    )
    recording.count(0, bytes(640), arrival=0.0)
    recording.finish(EndReason.HANG_UP)
    assert read_recorded(recording.folder).call.zero_at == began_at


@pytest.mark.parametrize("zero_at", ["soon", "0001-01-01T00:00:00Z", 7, None, [], ""])
def test_a_zero_that_cannot_be_read_is_none(recordings, zero_at):
    recording = one_call(recordings)
    place = CallFolder(recording.folder)
    place.write({**place.read(), "zero_at": zero_at})
    assert read_recorded(recording.folder).call.zero_at is None


@pytest.mark.parametrize(
    ("reason", "samples", "status", "by"),
    [
        (EndReason.HANG_UP, 320, "completed", "user"),
        (EndReason.HANG_UP, 0, "no_answer", "user"),
        (EndReason.STOPPED, 320, "completed", "assistant"),
        (EndReason.LOST, 320, "failed", "system"),
    ],
)
def test_how_a_call_went_is_noted_when_it_is_over(tmp_path, reason, samples, status, by):
    legs = (Leg("caller", "P/1", number="100", name="Front desk"),)
    recording = create_recording(tmp_path, source="test", url="", legs=legs)
    live = CallFolder(recording.folder).read()
    assert (live["status"], live["disconnected_by"]) == (None, None)
    if samples:
        recording.append(0, [bytes(2 * samples)])
    recording.finish(reason)
    ended = CallFolder(recording.folder).read()
    assert (ended["status"], ended["disconnected_by"]) == (status, by)
    assert (ended["legs"][0]["number"], ended["legs"][0]["name"]) == ("100", "Front desk")
    assert read_recorded(recording.folder).call.legs == legs
