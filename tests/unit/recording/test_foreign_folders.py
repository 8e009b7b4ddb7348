"""A recording may be of another machine, and of nobody's making: nothing outside its folder is ever written, nothing hangs."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress

import pytest

from streamer.bus import Bus
from streamer.calls.backend import Backend
from streamer.calls.catalog import describe_folder, find_entry, list_entries
from streamer.calls.deletion import delete_call
from streamer.calls.session import run_session
from streamer.core.audio import Leg
from streamer.core.events import EndReason
from streamer.errors import NotFoundError, RecordingError, StreamerError
from streamer.media.wav import HEADER_SIZE, WavHeader, encode_header
from streamer.recording.description import MOST_DIGITS, MOST_FILES, MOST_LEGS, MOST_SAMPLES
from streamer.recording.feed import Feed
from streamer.recording.folder import CallFolder
from streamer.recording.levels import LevelMeter
from streamer.recording.live_status import read_lags, read_partial
from streamer.recording.mixdown import write_mixdown
from streamer.recording.private_files import replace_json
from streamer.recording.reader import list_leg_wavs, read_recorded, repair_recording
from streamer.recording.speaker_names import read_names, write_names
from streamer.recording.writer import create_recording
from streamer.speech.audio.resampled_reader import SpeechFollower
from streamer.store.sqlite.store import open_store
from tui.sound import play

WRONG_SIZES = encode_header(WavHeader(16_000))
PRECIOUS = b"precious, and longer than any header of a WAV file can be"


@pytest.fixture(autouse=True)
def _nothing_hangs():
    """End a test that waits for the other end of a pipe, as no other signal than KILL would."""
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(20)
    yield
    signal.alarm(0)


def _give_up(*_):
    raise AssertionError("it hangs")


@pytest.fixture
def folder(recordings):
    recording = create_recording(recordings, source="test", url="", legs=(Leg("caller", "Toy/1"),))
    recording.append(0, [b"\1\0" * 16_000])
    recording.finish(EndReason.HANG_UP)
    return recording.folder


def change(folder, **fields):
    """Say something else of the call's leg."""
    path = folder / "call.json"
    description = json.loads(path.read_text())
    description["legs"][0].update(fields)
    path.write_text(json.dumps(description))


def name_wav(folder, name):
    change(folder, path=str(name), files=[{"path": str(name), "samples": 16_000}])


@pytest.fixture
def victim(tmp_path):
    path = tmp_path / "victim.wav"
    path.write_bytes(PRECIOUS)
    return path


async def work_with(recordings, folder):
    """Do everything that any command does with a call that has ended; whatever is wrong is one clear error."""
    wav = folder / "caller.wav"
    with suppress(StreamerError):
        repair_recording(folder)
    for look in (
        lambda: describe_folder(folder),
        lambda: Feed(folder).look(),
        lambda: read_names(folder),
        lambda: read_lags(folder),
        lambda: read_partial(folder, folder.name, "caller"),
        lambda: LevelMeter(wav).read(),
        lambda: write_mixdown(list_leg_wavs(folder), recordings / "out.wav"),
        lambda: write_names(folder, {"caller": "Ann"}),
        lambda: play(wav, [wav], start_s=0),
    ):
        with suppress(StreamerError):
            look()
    with suppress(OSError):
        CallFolder(folder).request_stop()
    async with open_store(recordings / "s.sqlite3") as store:
        await list_entries(store, recordings)
        with suppress(StreamerError):
            await run_session(folder, Backend(ready(store), None), Bus())
        with suppress(StreamerError):
            entry = await find_entry(store, recordings, folder.name)
            await delete_call(store, recordings, entry.call)


def ready(store):
    import asyncio

    future = asyncio.get_running_loop().create_future()
    future.set_result(store)
    return future


OWN_NAMES = (
    "call.json",
    "call.json.new",
    "caller.wav",
    "caller.2.wav",
    "caller.partial.json",
    "names.json",
    "names.json.new",
    "lag.json",
    "stop",
    "tap.lock",
    "transcriber.lock",
)


@pytest.mark.parametrize("name", OWN_NAMES)
async def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(recordings, folder, name):
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    await work_with(recordings, folder)


@pytest.mark.parametrize("name", OWN_NAMES)
@pytest.mark.parametrize("is_there", [True, False])
async def test_a_link_is_never_followed_out_of_the_folder(
    recordings, folder, victim, name, is_there
):
    if not is_there:
        victim.unlink()
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(victim)
    await work_with(recordings, folder)
    assert (victim.read_bytes() if victim.exists() else None) == (PRECIOUS if is_there else None)


async def test_a_call_whose_folder_is_a_link_is_not_worked_with(recordings, folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    before = sorted(path.name for path in elsewhere.iterdir())
    await work_with(recordings, folder)
    assert sorted(path.name for path in elsewhere.iterdir()) == before
    with pytest.raises(RecordingError, match="it is a link"):
        read_recorded(folder)


@pytest.mark.parametrize(
    "name", ["../victim.wav", "sub/../../../victim.wav", "sub/caller.wav", ".."]
)
async def test_a_name_that_leads_out_of_the_folder_is_refused(recordings, folder, victim, name):
    name_wav(folder, name)
    with pytest.raises(RecordingError, match="names no WAV of this call"):
        read_recorded(folder)
    await work_with(recordings, folder)
    assert victim.read_bytes() == PRECIOUS


@pytest.mark.parametrize("name", ["", "\0.wav"])
def test_a_name_of_no_file_is_refused(folder, name):
    name_wav(folder, name)
    with pytest.raises(RecordingError, match="names no WAV"):
        repair_recording(folder)


@pytest.mark.parametrize("name", ["call.json", "notes.txt", "3"])
def test_a_file_of_the_folder_that_is_no_wav_is_never_written_as_one(folder, name):
    (folder / "notes.txt").write_bytes(PRECIOUS)
    name_wav(folder, name)
    before = (folder / "call.json").read_bytes()
    assert repair_recording(folder) == []
    assert list_leg_wavs(folder) == [[]]
    assert (folder / "call.json").read_bytes() == before
    assert (folder / "notes.txt").read_bytes() == PRECIOUS


def test_a_file_of_ours_elsewhere_is_repaired_as_it_would_be_in_the_folder(folder, victim):
    victim.write_bytes(WRONG_SIZES + bytes(100))
    name_wav(folder, victim)
    assert repair_recording(folder) == [victim]
    assert victim.read_bytes() == encode_header(WavHeader(16_000, 1, 100)) + bytes(100)


def _as_text(path):
    path.write_bytes(PRECIOUS)


def _of_another_rate(path):
    path.write_bytes(encode_header(WavHeader(8000)) + bytes(100))


def _in_stereo(path):
    path.write_bytes(encode_header(WavHeader(16_000, 2)) + bytes(100))


def _with_other_fields(path):
    path.write_bytes(WRONG_SIZES[:28] + b"\1" + WRONG_SIZES[29:] + bytes(100))


def _with_a_second_name(path):
    path.write_bytes(WRONG_SIZES + bytes(100))
    os.link(path, path.with_name("second.wav"))


def _behind_a_link(path):
    real = path.with_name("real.wav")
    real.write_bytes(WRONG_SIZES + bytes(100))
    path.unlink()
    path.symlink_to(real)


def _of_somebody_else(path):
    path.write_bytes(WRONG_SIZES + bytes(100))


@pytest.mark.parametrize(
    "make",
    [
        _as_text,
        _of_another_rate,
        _in_stereo,
        _with_other_fields,
        _with_a_second_name,
        _behind_a_link,
        _of_somebody_else,
    ],
)
def test_any_other_file_elsewhere_is_never_written(folder, victim, monkeypatch, make):
    make(victim)
    if make is _of_somebody_else:
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    before = victim.read_bytes()
    name_wav(folder, victim)
    assert repair_recording(folder) == []
    assert victim.read_bytes() == before


async def test_a_recording_elsewhere_is_read_all_the_same(folder, victim):
    victim.write_bytes(encode_header(WavHeader(16_000, 1, 4)) + b"\1\2\3\4" * 10)
    os.link(victim, victim.with_name("second.wav"))
    name_wav(folder, victim)
    assert list_leg_wavs(folder) == [[victim]]
    follower = SpeechFollower(victim, is_live=lambda: False)
    assert await follower.read() == b"\1\2\3\4" * 10


def test_a_wav_that_a_backup_has_too_is_left_as_it_is(folder, tmp_path):
    wav = folder / "caller.wav"
    wav.write_bytes(WRONG_SIZES + bytes(100))
    os.link(wav, tmp_path / "backup.wav")
    assert repair_recording(folder) == []
    assert wav.read_bytes()[:HEADER_SIZE] == WRONG_SIZES


def _leg(**fields):
    return {"leg": "caller", "channel": "", "rate": 8000, "samples": 0, "lost": 0, **fields}


@pytest.mark.parametrize(
    ("legs", "named"),
    [
        ([_leg(leg=f"leg{n}") for n in range(6000)], "6000 legs"),
        ([_leg(leg=f"leg{n}") for n in range(MOST_LEGS + 1)], f"{MOST_LEGS} at most"),
        ([_leg(), _leg()], "the same label"),
        ([_leg(leg="../caller")], "no label"),
        ([_leg(leg="a" * 100)], "no label"),
        ([_leg(leg=7)], "no label"),
        ([_leg(rate=1)], "samples a second"),
        ([_leg(rate=4_000_000_000)], "samples a second"),
        ([_leg(rate=8000.0)], "samples a second"),
        ([_leg(samples=MOST_SAMPLES + 1)], "samples of a leg"),
        ([_leg(samples=-1)], "samples of a leg"),
        ([_leg(lost="many")], "lost of a leg"),
        ([_leg(longest_gap=float("inf"))], "longest_gap"),
        ([_leg(longest_gap=10**400)], "longest_gap"),
        ([_leg(jitter="much")], "jitter"),
        ([_leg(jitter=float("nan"))], "jitter"),
        ([_leg(sent={"frames": "x"})], "sent to a leg"),
        ([_leg(digits=[{}] * (MOST_DIGITS + 1))], "digits"),
        ([_leg(files=[{"path": "a.wav", "samples": 0}] * (MOST_FILES + 1))], "files"),
        (
            [
                _leg(leg=label, files=[{"path": "a.wav", "samples": 0}] * (MOST_FILES // 2 + 1))
                for label in ("caller", "agent")
            ],
            "files",
        ),
        ([_leg(files=[{"samples": 0}])], "names no WAV"),
        (["leg"], "not described"),
    ],
)
def test_what_no_recorder_writes_is_refused_before_anything_is_done_with_it(folder, legs, named):
    path = folder / "call.json"
    description = json.loads(path.read_text())
    path.write_text(json.dumps({**description, "legs": legs}))
    with pytest.raises(RecordingError, match=named):
        CallFolder(folder).read()


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_beginning_that_is_no_moment_everywhere_is_refused(folder, moment):
    path = folder / "call.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "started_at": moment}))
    with pytest.raises(RecordingError, match="the year"):
        read_recorded(folder)


def test_a_replaced_file_goes_through_no_link_on_a_full_disk_either(tmp_path, victim, monkeypatch):
    path = tmp_path / "names.json"
    path.symlink_to(victim)
    monkeypatch.setattr(os, "replace", _full)
    monkeypatch.setattr("pathlib.Path.replace", _full)
    with pytest.raises(OSError, match="No space"):
        replace_json(path, {})
    assert victim.read_bytes() == PRECIOUS


def _full(*_):
    raise OSError(28, "No space left on device")


def test_a_missing_call_is_still_missing(recordings):
    with pytest.raises((NotFoundError, RecordingError)):
        describe_folder(recordings / "20261120-130538-k3f9")
