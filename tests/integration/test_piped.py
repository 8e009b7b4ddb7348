"""Audio from stdin, from named pipes and from process substitutions, wherever files go in."""

import asyncio
import os
import threading
import wave

import pytest

from streamer.errors import UsageError
from streamer.media import piped
from streamer.media.opened import check_file
from streamer.media.piped import find_pipe
from tests.fakes.command_line import run_here
from tests.fakes.recorder import start_streamer
from tests.fakes.replay import PATIENCE_S


def write_into(pipe, data):
    writing = threading.Thread(target=lambda: pipe.write_bytes(data))
    writing.start()
    return writing


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "x.wav"
    os.mkfifo(path)
    return path


def test_a_pipe_is_read_once_and_opened_as_often_as_one_likes(pipe):
    found = find_pipe(str(pipe))
    assert found is not None
    writing = write_into(pipe, b"abc" * 100_000)
    check_file(found)
    check_file(found)
    writing.join()
    assert found.read_bytes() == found.read_bytes() == b"abc" * 100_000
    assert (str(found), found.name, found.stat().st_size) == (str(pipe), "x.wav", 300_000)


def test_a_silent_writer_is_waited_for_and_nobody_is_not(pipe, monkeypatch):
    monkeypatch.setattr(piped, "WRITER_PATIENCE_S", 0.01)
    found = find_pipe(str(pipe))
    assert found is not None
    with pytest.raises(UsageError, match="nobody writes"):
        found.fill()
    is_waiting = threading.Event()

    def copy(source, target):
        is_waiting.set()
        target.write(source.readall())

    monkeypatch.setattr("shutil.copyfileobj", copy)
    holder = os.open(pipe, os.O_RDWR)
    filling = threading.Thread(target=found.fill)
    filling.start()
    assert is_waiting.wait(PATIENCE_S)
    os.write(holder, b"late")
    os.close(holder)
    filling.join()
    assert found.read_bytes() == b"late"


def test_the_copy_goes_with_what_it_is_a_copy_of(pipe):
    found = find_pipe(str(pipe))
    assert found is not None
    writing = write_into(pipe, b"abc")
    found.fill()
    writing.join()
    copy = os.fspath(found)
    assert os.path.exists(copy)  # noqa: PTH110 - as a program opens it
    del found
    assert not os.path.exists(copy)  # noqa: PTH110 - as above


def test_what_is_no_pipe_is_none(tmp_path):
    for name in (str(tmp_path), str(tmp_path / "nothing"), "/dev/null", "", "a\0b"):
        assert find_pipe(name) is None


@pytest.mark.slow
async def test_a_named_pipe_is_transcribed_as_the_file_is(pipe, short_call):
    _, expected, _ = await run_here("transcribe", str(short_call), "--model", "demo")
    writing = write_into(pipe, short_call.read_bytes())
    code, out, err = await run_here("transcribe", str(pipe), "--model", "demo")
    writing.join()
    assert (code, out, err) == (0, expected, "")


@pytest.mark.slow
async def test_stdin_and_a_substituted_process_are_the_two_directions_of_a_call(tmp_path):
    tone = tmp_path / "tone.wav"
    with wave.open(str(tone), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\x10\0\xf0" * 4000)
    reader, writer = os.pipe()
    process = await start_streamer(
        ["transcribe", "--in", "-", "--out", f"/dev/fd/{reader}", "--model", "demo"],
        stdin=asyncio.subprocess.PIPE,
        pass_fds=[reader],
    )
    os.close(reader)
    writing = threading.Thread(target=_write_all, args=(writer, tone.read_bytes()))
    writing.start()
    async with asyncio.timeout(PATIENCE_S):
        _, err = await process.communicate(tone.read_bytes())
    writing.join()
    assert process.returncode == 0, err
    assert b"in 1.0 s of audio" in err


def _write_all(descriptor, data):
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


async def test_what_comes_from_stdin_and_is_no_audio_is_said_with_its_name():
    process = await start_streamer(
        ["transcribe", "-", "--model", "demo"], stdin=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate(b"hello")
    assert (process.returncode, out) == (2, b"")
    assert err.startswith(b"streamer: stdin cannot be read as audio")
    assert err.count(b"\n") == 1
