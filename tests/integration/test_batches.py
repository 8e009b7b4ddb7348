"""Many files in one command: each is done, each says whose its text is, and what is kept can be found by its name."""

import asyncio
import csv
import io
import json
import os
import shutil
import wave
from pathlib import Path

import psutil
import pytest

from streamer.cli.input_files import list_inputs
from streamer.recording.writer import Recording
from tests.fakes.command_line import run_here
from tests.fakes.recorder import run_streamer
from tests.integration.test_watch import events_of

pytestmark = pytest.mark.slow

NAME = "20250314-101533_5550100_agent7-all.wav"
WORDS = "technical support"


@pytest.fixture
def folder(short_call, tmp_path):
    """A good, a broken and a good file, and one in a folder below that has the name of the first."""
    place = tmp_path / "files"
    (place / "below").mkdir(parents=True)
    for name in ("a.wav", "c.wav", "below/A.wav"):
        shutil.copy(short_call, place / name)
    (place / "b.wav").write_text("no audio")
    (place / "notes.txt").write_text("not meant")
    return place


async def transcribe(*arguments, **more):
    return await run_here("transcribe", *map(str, arguments), "--model", "demo", **more)


async def test_a_bad_file_costs_no_other_its_text(folder):
    files = [folder / name for name in ("a.wav", "b.wav", "missing.wav", "c.wav")]
    code, out, err = await transcribe(*files, "--format", "json")
    texts = events_of(out)
    assert code == 1
    assert [text["file"] for text in texts] == [str(files[0]), str(files[3])]
    assert all(WORDS in json.dumps(text) for text in texts)
    assert [str(file) in line for file, line in zip(files[1:3], err.splitlines(), strict=True)]


async def test_a_folder_and_a_pattern_are_their_files(folder):
    code, out, _ = await transcribe(folder / "?.wav", folder / "below", "--format", "csv")
    header, *rows = csv.reader(io.StringIO(out, newline=""))
    assert code == 1  # b.wav
    assert header[0] == "file"
    assert list(dict.fromkeys(row[0] for row in rows)) == [
        str(folder / name) for name in ("a.wav", "c.wav", "below/A.wav")
    ]


def test_nothing_that_a_user_names_is_passed_over(tmp_path):
    (tmp_path / "[1].wav").touch()
    named, empty, no_match = list_inputs(
        [tmp_path / "[1].wav", tmp_path.with_name(tmp_path.name + "x"), tmp_path / "*.ogg"]
    )
    assert named == tmp_path / "[1].wav"
    assert "no such file" in str(empty)
    assert "no file matches" in str(no_match)
    (tmp_path / "[1].wav").unlink()
    (nothing,) = list_inputs([tmp_path])
    assert "no audio files in the folder" in str(nothing)


async def test_texts_in_a_folder_never_take_each_others_place(folder, tmp_path):
    (folder / "b.wav").unlink()
    target = tmp_path / "new" / "texts"
    code, out, _ = await transcribe(folder, "-o", target, "--format", "srt")
    assert code == 0
    assert sorted(path.name for path in target.iterdir()) == ["A.srt", "a-2.srt", "c.srt"] or (
        sorted(path.name for path in target.iterdir()) == ["A-2.srt", "a.srt", "c.srt"]
    )
    assert sorted(out.split()) == sorted(str(path) for path in target.iterdir())
    assert all(WORDS in path.read_text().replace("\n", " ") for path in target.iterdir())
    for path in target.iterdir():
        path.write_text("precious")
    code, out, err = await transcribe(folder, "-o", target, "--format", "srt")
    assert (code, out, len(err.splitlines())) == (1, "", 3)
    assert all(path.read_text() == "precious" for path in target.iterdir())
    code, _, _ = await transcribe(folder, "-o", target, "--format", "srt", "--force")
    assert code == 0
    assert all(path.read_text() != "precious" for path in target.iterdir())


async def test_the_name_of_the_only_text_chooses_its_format(folder, tmp_path):
    path = tmp_path / "x.vtt"
    assert (await transcribe(folder / "a.wav", "-o", path))[:2] == (0, "")
    assert path.read_text().startswith("WEBVTT")
    assert (await transcribe(folder / "a.wav", "-o", path))[0] == 2
    code, out, _ = await transcribe(folder / "a.wav", folder / "c.wav", "-o", tmp_path / "y.vtt")
    assert (code, len(out.splitlines())) == (0, 2)
    assert sorted(each.name for each in (tmp_path / "y.vtt").iterdir()) == ["a.txt", "c.txt"]


async def test_a_kept_file_is_found_by_what_its_name_tells(short_call, tmp_path, recordings):
    file = tmp_path / NAME
    shutil.copy(short_call, file)
    pattern = r"_(?P<number>\d+)_(?P<agent>\w+)-"
    keep = ["--store", "--recordings", recordings]
    code, first, err = await transcribe(file, *keep, "--name-pattern", pattern)
    assert (code, err) == (0, "")
    for part in ("5550100", "agent7", NAME):
        code, out, _ = await run_here(
            "calls", "--json", "--channel", part, "--recordings", str(recordings)
        )
        (call,) = events_of(out)
    assert call["call"].startswith("202503")
    assert call["started_at"].startswith("2025-03-1")
    assert call["ended_at"].startswith("2025-03-1")
    described = json.loads((recordings / call["call"] / "call.json").read_text())
    assert described["facts"]["number"] == "5550100"
    assert described["facts"]["agent"] == "agent7"
    _, found, _ = await run_here(
        "search", "technical", "--channel", "agent7", "--json", "--recordings", str(recordings)
    )
    assert events_of(found)[0]["call"] == call["call"]
    # The same file under another name is the same call.
    other = file.rename(tmp_path / "other.wav")
    code, again, err = await transcribe(other, *keep)
    assert (code, again) == (0, first)
    assert f"already stored as {call['call']}" in err
    assert len(list(recordings.glob("*/call.json"))) == 1
    code, _, err = await transcribe(other, *keep, "--again", "--at", "2024-05-06 07:08")
    assert (code, err) == (0, "")
    assert len(list(recordings.glob("202405*/call.json"))) == 1


@pytest.mark.parametrize(
    "flags",
    [
        ["--store", "--name-pattern", "("],
        ["--store", "--at", "yesterday"],
        ["--again"],
        ["--name-pattern", "(?P<date>.)"],
    ],
)
async def test_flags_that_cannot_be_meant_are_one_line(short_call, flags, recordings):
    code, out, err = await transcribe(short_call, *flags, "--recordings", recordings)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert flags[-1 if len(flags) == 1 else -2] in err


async def test_a_file_that_breaks_off_leaves_no_half_call(tmp_path, recordings, monkeypatch):
    from streamer.cli import call_files as module
    from streamer.errors import UsageError

    def break_off(path, **_):
        yield (bytes(320),)
        raise UsageError(f"{path} cannot be read")

    monkeypatch.setattr(module, "read_tracks", break_off)
    file = tmp_path / "x.wav"
    file.write_bytes(b"x")
    code, _, err = await transcribe(file, "--store", "--recordings", recordings)
    assert code == 2, err
    assert not [path for path in recordings.iterdir() if path.is_dir()]


async def test_many_small_files_leave_nothing_behind(tmp_path):
    for number in range(40):
        with wave.open(str(tmp_path / f"{number:02}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(1600))
    (tmp_path / "20.wav").write_text("no audio")
    me = psutil.Process()
    before = me.num_fds(), me.num_threads()
    code, out, err = await transcribe(tmp_path)
    silent = ["no words were understood" in line for line in err.splitlines()]
    assert (code, len(out.splitlines()), silent.count(True), silent.count(False)) == (1, 39, 39, 1)
    assert me.num_fds() <= before[0] + 5
    assert me.num_threads() <= before[1] + 40, "one for each worker of the default pool at most"
    assert {path.suffix for path in tmp_path.iterdir()} == {".wav"}


@pytest.mark.parametrize(
    ("flags", "labels"),
    [
        ([], {"speaker"}),
        (["--channels", "split"], {"left", "right"}),
        (["--channels", "first"], {"speaker"}),
        (["--channels", "mix"], {"speaker"}),
    ],
)
async def test_one_speaker_on_two_channels_is_written_once(short_call, tmp_path, flags, labels):
    file = tmp_path / "dual.wav"
    with wave.open(str(short_call)) as call, wave.open(str(file), "wb") as dual:
        dual.setparams(call.getparams())
        both = memoryview(call.readframes(call.getnframes())).cast("h")
        dual.writeframes(b"".join(both[n : n + 1].tobytes() * 2 for n in range(0, len(both), 2)))
    code, out, _ = await transcribe(file, "--format", "json", *flags)
    call = json.loads(out)
    assert code == 0
    assert {leg["leg"] for leg in call["legs"]} == labels
    assert {segment["leg"] for segment in call["segments"]} == labels


async def test_a_file_that_must_not_be_read_costs_no_other_its_text(folder, monkeypatch):
    access = os.access  # of root, which may read everything, it says so
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path).name != "b.wav" and access(path, mode)
    )
    code, out, err = await transcribe(folder / "a.wav", folder / "b.wav", folder / "c.wav")
    assert (code, len(err.splitlines())) == (1, 1)
    assert f"{folder / 'b.wav'} cannot be read: permission denied" in err
    assert all(f"{folder / name}: [" in out for name in ("a.wav", "c.wav"))


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
async def test_a_folder_that_must_not_be_read_is_said(folder):
    (folder / "below").chmod(0)
    code, out, err = await transcribe(folder / "a.wav", folder / "below")
    (folder / "below").chmod(0o700)
    assert (code, len(err.splitlines())) == (1, 1)
    assert "below cannot be read: permission denied" in err
    assert "a.wav" in out


async def test_a_folder_that_must_not_be_written_is_said_before_work(
    short_call, tmp_path, monkeypatch
):
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    code, out, err = await transcribe(short_call, "-o", tmp_path)
    assert (code, out) == (1, "")
    assert f"the folder {tmp_path} cannot be written" in err


async def test_a_name_that_is_as_long_as_can_be_has_a_text(short_call, tmp_path):
    file = tmp_path / f"{'x' * 251}.wav"
    shutil.copy(short_call, file)
    code, out, err = await transcribe(file, "-o", tmp_path)
    assert (code, out, err) == (0, f"{file.with_suffix('.txt')}\n", "")


async def test_two_runs_at_once_store_a_file_once(short_call, recordings):
    command = ["transcribe", str(short_call), "--model", "demo", "--store"]
    command += ["--recordings", str(recordings)]
    results = await asyncio.gather(run_streamer(*command), run_streamer(*command))
    assert [(code, WORDS in out) for code, out, _ in results] == [(0, True)] * 2, results
    assert sum("already stored as" in err for _, _, err in results) == 1
    assert len(list(recordings.glob("*/call.json"))) == 1


async def test_a_file_that_does_not_fit_leaves_room_for_others(
    short_call, recordings, monkeypatch, tmp_path
):
    finish = Recording.finish

    def finish_small(recording, reason):
        took_all = finish(recording, reason)
        return took_all and "big" not in recording.call.legs[0].channel

    monkeypatch.setattr(Recording, "finish", finish_small)
    for name in ("big.wav", "small.wav"):
        shutil.copy(short_call, tmp_path / name)
    code, out, err = await transcribe(
        tmp_path / "big.wav", tmp_path / "small.wav", "--store", "--recordings", recordings
    )
    assert (code, len(err.splitlines())) == (1, 1), err
    assert "big.wav could not be copied" in err
    assert "small.wav: [" in out
    assert len([path for path in recordings.iterdir() if path.name.startswith("20")]) == 1


async def test_what_is_no_folder_is_said_with_how_a_file_is_named(short_call):
    code, out, err = await transcribe(short_call, "-o", os.devnull)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert f"{os.devnull} is not a folder" in err
    assert "x.srt" in err
