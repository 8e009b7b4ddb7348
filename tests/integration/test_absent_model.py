"""A model that is not there costs the text of a call, never its recording, and is taken up when it appears."""

import asyncio
import os
import shutil
import signal

import pytest

from streamer.cli.demo import demo_call
from streamer.media.decode import decode_tracks
from streamer.simulator.caller import script_caller
from streamer.speech.engine.models import demo_path
from tests.fakes.command_line import run_here
from tests.fakes.recorder import start_streamer
from tests.fakes.replay import SCAN_S, until
from tests.fakes.serving import play, serving
from tests.integration.test_watch import arguments, demo_pbx, events_of, heard

pytestmark = pytest.mark.slow

GONE = "the model small is not installed, so this process makes no text; install it with `streamer models pull small`"


def install(cache, name="small"):
    """Put a model where `models pull` puts it."""
    folder = cache / f"models--Systran--faster-whisper-{name}"
    shutil.copytree(demo_path(), folder / "snapshots" / "abc")
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc")


def troubles(events):
    return [event["message"] for event in events if event["event"] == "trouble"]


@pytest.mark.parametrize("flag", ["--plain", "--json"])
async def test_a_named_model_that_is_not_installed_costs_the_text_and_is_exit_1(
    recordings, short_call, flag
):
    async with demo_pbx(short_call, speed=30) as pbx:
        code, out, err = await run_here(*arguments(pbx, recordings, flag, model="small"))
    assert code == 1
    first, folder, *others = err.splitlines()
    assert GONE in first
    assert "the nearest that is installed is demo: `--model demo`" in first
    assert folder.startswith("recording ")
    assert others == []
    assert next(recordings.glob("*/caller.wav")).stat().st_size > 32_000
    if flag == "--json":
        events = events_of(out)
        assert len(troubles(events)) == 1
        assert GONE in troubles(events)[0]
        assert (events[-1]["event"], events[-1]["reason"]) == ("call_ended", "hang-up")


@pytest.mark.parametrize("name", ["smal", "./nowhere", "../x\x1b[31m", "owner/name"])
async def test_a_name_that_nobody_knows_costs_no_recording_either(recordings, short_call, name):
    async with demo_pbx(short_call, speed=30) as pbx:
        code, _, err = await run_here(*arguments(pbx, recordings, model=name))
    assert code == 1
    assert len(err.splitlines()) == 2
    assert "\x1b" not in err
    assert len(list(recordings.glob("*/*.wav"))) == 2


async def test_a_directory_without_a_whole_model_costs_no_recording(
    recordings, short_call, tmp_path
):
    shutil.copytree(demo_path(), tmp_path / "mine")
    (tmp_path / "mine" / "tokenizer.json").unlink()
    async with demo_pbx(short_call, speed=30) as pbx:
        code, _, err = await run_here(*arguments(pbx, recordings, model=str(tmp_path / "mine")))
    assert code == 1
    assert "has no tokenizer.json" in err.splitlines()[0]
    assert len(list(recordings.glob("*/*.wav"))) == 2


@pytest.mark.parametrize("model", ["small", ""])
async def test_a_model_that_appears_makes_the_words_of_calls_that_still_run(
    recordings, tmp_path, model
):
    environment = {**os.environ, "HF_HUB_CACHE": str(tmp_path / "hub")}
    async with demo_pbx(speed=4) as pbx:
        process = await start_streamer(
            arguments(pbx, recordings, "--json", model=model), env=environment
        )
        collecting = asyncio.ensure_future(process.communicate())
        await until(lambda: list(recordings.glob("*/caller.wav")), every=SCAN_S)
        install(tmp_path / "hub")
        out, _ = await collecting
    events = events_of(out.decode())
    assert process.returncode == 0, events
    assert any("The model small is installed now" in line for line in troubles(events))
    assert len(heard(events, "caller")) > 50


async def test_serve_takes_calls_without_its_model_and_transcribes_those_that_still_run(
    recordings, tmp_path, short_call
):
    speaker = script_caller(decode_tracks(short_call)[0], rate=16_000, name="a")
    environment = {**os.environ, "HF_HUB_CACHE": str(tmp_path / "hub")}
    async with serving(recordings, "--model", "small", env=environment) as served:
        await until(lambda: GONE in served.troubles)
        await play(served, speaker)
        await served.ended()
        assert len(served.of_kind("final")) == 0
        install(tmp_path / "hub")
        await until(lambda: "The model small is installed now" in served.troubles)
        await play(served, speaker)
        await served.ended(2)
        assert len(served.of_kind("final")) > 0
        assert [call["reason"] for call in served.calls()] == ["hang-up", "hang-up"]
        served.process.send_signal(signal.SIGTERM)
        assert await served.process.wait() == 128 + signal.SIGTERM


@pytest.mark.parametrize("command", [["transcribe", str(demo_call())], ["models", "path"]])
async def test_where_only_text_is_made_a_model_that_is_gone_is_exit_3(command):
    flags = ["small"] if command[0] == "models" else ["--model", "small"]
    code, out, err = await run_here(*command, *flags)
    assert (code, out, len(err.splitlines())) == (3, "", 1)
    assert "streamer models pull small" in err


async def test_without_a_model_no_folder_is_made_for_texts(tmp_path):
    code, _, err = await run_here("transcribe", str(demo_call()), "-o", str(tmp_path / "new/texts"))
    assert (code, len(err.splitlines())) == (3, 1)
    assert not list(tmp_path.iterdir())
