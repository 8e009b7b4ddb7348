"""Files as people bring them: without a header, damaged, silent, in two halves."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from streamer.media import piped
from streamer.media.decode import decode_mono
from tests.fakes.command_line import run_here
from tests.fakes.written import Written, write

pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[1] / "data" / "damaged"
WORDS = "technical support"
OPUS = Written("webm", "libopus", 48_000, "s16", "webm")


@pytest.fixture(scope="module")
def speech(short_call):
    return np.frombuffer(decode_mono(short_call, rate=8_000), np.int16)


async def transcribe(*arguments):
    return await run_here("transcribe", *map(str, arguments), "--model", "demo")


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        (Written("mulaw", "pcm_mulaw", 8_000, "s16", "ul"), "ulaw:8000"),
        (Written("alaw", "pcm_alaw", 8_000, "s16", "raw"), "alaw:8000"),
    ],
    ids=str,
)
async def test_raw_audio_is_understood_and_said(kind, taken, speech, tmp_path):
    code, out, err = await transcribe(write(kind, speech, tmp_path))
    assert code == 0
    assert WORDS in out
    assert len(err.splitlines()) == 1
    assert f"taken as {taken} (" in err


async def test_a_flag_says_what_no_name_does(speech, tmp_path):
    path = write(Written("s16le", "pcm_s16le", 16_000, "s16", "bin"), speech, tmp_path)
    assert (await transcribe(path))[0] == 2
    code, out, err = await transcribe(path, "--raw", "slin:16000")
    assert (code, err) == (0, "")
    assert WORDS in out


@pytest.mark.parametrize(
    "arguments",
    [["x.bin", "--raw", "slim"], ["--in", "x"], ["--out", "x"], ["--in", "x", "--out", "x"], []],
)
async def test_what_cannot_be_meant_is_exit_2(arguments):
    code, out, err = await transcribe(*arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1), err


async def test_half_of_a_pair_that_is_missing_is_said(short_call, tmp_path):
    code, _, err = await transcribe("--in", short_call, "--out", tmp_path / "x.wav")
    assert code == 3
    assert f"no such file: {tmp_path / 'x.wav'}" in err


async def test_two_directions_are_one_call(speech, tmp_path):
    raw = write(Written("mulaw", "pcm_mulaw", 8_000, "s16", "ul"), speech, tmp_path)
    code, out, err = await transcribe("--in", raw, "--out", write(OPUS, speech, tmp_path, late=2))
    lines = [line for line in out.splitlines() if WORDS in line]
    assert code == 0
    assert ["in" in lines[0], "out" in lines[1]] == [True, True]
    assert "x.ul has no header" in err


@pytest.mark.parametrize("is_folder", [True, False])
async def test_mixmonitor_s_pair_is_one_call(is_folder, short_call, tmp_path):
    files = [tmp_path / f"1741947333.12-{label}.wav" for label in ("out", "in")]
    for file in files:
        shutil.copy(short_call, file)
    code, out, _ = await transcribe(*([tmp_path] if is_folder else files), "--format", "json")
    assert code == 0
    assert {segment["leg"] for segment in json.loads(out)["segments"]} == {"in", "out"}


async def test_one_direction_alone_is_a_file(short_call, tmp_path):
    for label in ("in", "out"):
        shutil.copy(short_call, tmp_path / f"x-{label}.wav")
    _, out, _ = await transcribe(tmp_path / "x-in.wav", "--format", "json")
    assert {s["leg"] for s in json.loads(out)["segments"]} == {"left", "right"}


@pytest.mark.parametrize("name", ["sox49.WAV", "corrupt_end.mp3"])
async def test_what_was_passed_over_is_said(name):
    code, _, err = await transcribe(DATA / name)
    assert code == 1
    assert "could not be decoded and became silence" in err
    assert len(err.splitlines()) <= 2


async def test_words_have_the_times_of_the_file(speech, tmp_path):
    begins = await starts_of(write(OPUS, speech, tmp_path))
    assert await starts_of(write(OPUS, speech, tmp_path, late=7)) == pytest.approx(
        [start + 7 for start in begins], abs=0.1
    )


async def starts_of(path):
    code, out, err = await transcribe(path, "--format", "json")
    assert (code, err) == (0, "")
    return [segment["start"] for segment in json.loads(out)["segments"]]


@pytest.mark.parametrize(("level", "words"), [(0, "all of it silence"), (30, "loudest at -5")])
@pytest.mark.parametrize("is_live", [True, False])
async def test_nothing_understood_is_said_with_length_and_loudness(level, words, is_live, tmp_path):
    samples = np.random.default_rng(1).integers(-level, level + 1, 8_000 * 3).astype(np.int16)
    path = write(Written("wav", "pcm_s16le", 8_000, "s16", "wav"), samples, tmp_path)
    code, out, err = await transcribe(path, *(["--live", "--speed", "20"] if is_live else []))
    assert (code, out) == (0, "")
    assert "no words were understood in 3.0 s of audio" in err
    assert words in err


async def test_a_pipe_that_nobody_writes_into_is_refused(tmp_path, recordings, monkeypatch):
    monkeypatch.setattr(piped, "WRITER_PATIENCE_S", 0.01)
    pipe = tmp_path / "x.wav"
    os.mkfifo(pipe)
    keep = ["--store", "--recordings", recordings]
    for arguments in ([pipe, *keep], ["--in", pipe, "--out", pipe.with_name("y.wav")], [tmp_path]):
        code, out, err = await transcribe(*arguments)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert f"{pipe} is a pipe" in err


async def test_a_pipe_gets_csv_as_it_is_printed(short_call, tmp_path):
    pipe = tmp_path / "x.csv"
    os.mkfifo(pipe)
    reading = asyncio.create_task(asyncio.to_thread(pipe.read_bytes))
    code, _, err = await transcribe(short_call, "-o", pipe, "--force")
    assert (code, err) == (0, "")
    assert (await reading).startswith(b"call,")


async def test_a_link_that_leads_nowhere_is_called_so(tmp_path):
    link = tmp_path / "x.wav"
    link.symlink_to("nowhere")
    for argument in (link, tmp_path):
        code, _, err = await transcribe(argument)
        assert (code, err) == (3, f"streamer: {link} is a link that leads nowhere\n")


async def test_an_empty_name_is_no_folder(short_call):
    assert (await transcribe(""))[0] == 2
    code, _, err = await transcribe("--in", short_call, "--out", "")
    assert code == 2
    assert "a file name is empty" in err
