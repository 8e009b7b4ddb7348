"""A language that nobody knows starts nothing; one that the model lacks never stands before a recording."""

import json

import pytest

from streamer.cli.demo import demo_call
from tests.fakes.command_line import run_here
from tests.integration.test_watch import arguments, demo_pbx, events_of

LACK = "the model demo knows only English, not Spanish"


@pytest.mark.parametrize(
    "command",
    [
        ["watch", "PJSIP/100-1"],
        ["watch"],
        ["serve", "--accept-unknown"],
        ["transcribe", str(demo_call())],
        ["resume", "--all"],
    ],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize("text", ["Spansh", "en,Spansh"])
async def test_an_unknown_language_is_exit_2_before_anything_starts(command, text, recordings):
    flags = ["--language", text, "--model", "demo", "--recordings", str(recordings)]
    code, out, err = await run_here(*command, *flags)
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert "the unknown language Spansh; the nearest known ones are Spanish (es)" in err
    assert not recordings.exists()


async def test_an_unknown_language_of_a_config_file_is_exit_2_for_every_command(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('language = "Spansh"')
    code, out, err = await run_here("calls", "--config", str(config), cwd=tmp_path)
    assert (code, out) == (2, "")
    assert f"{config}: language names the unknown language Spansh" in err


async def test_a_language_that_the_model_lacks_is_exit_2_where_only_text_is_made(recordings):
    flags = ["--language", "Spanish", "--model", "demo", "--recordings", str(recordings)]
    code, out, err = await run_here("transcribe", "--store", str(demo_call()), *flags)
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert LACK in err
    assert not recordings.exists()


@pytest.mark.slow
async def test_a_call_in_a_language_that_the_model_lacks_is_recorded_and_resumed(
    recordings, short_call
):
    async with demo_pbx(short_call, speed=30) as pbx:
        watch = [*arguments(pbx, recordings, "--json"), "--language"]
        code, out, err = await run_here(*watch, "es")
    events = events_of(out)
    assert code == 1, err
    assert [e["message"] for e in events if e["event"] == "trouble"] == [
        f"no text: {LACK}; recording continues; make the text later with `streamer resume --model NAME`"
    ]
    assert [e["reason"] for e in events if e["event"] == "call_ended"] == ["hang-up"]
    assert not [e for e in events if e["event"] == "final"]
    resume = ["resume", "--all", "--model", "demo", "--recordings", str(recordings), "--language"]
    code, out, err = await run_here(*resume, "es")
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert LACK in err
    code, out, err = await run_here(*resume, "es,English")
    assert (code, out.split()) == (0, [path.parent.name for path in recordings.glob("*/call.json")])
    assert f"{LACK}; text is made in English only" in err
    code, out, _ = await run_here("show", "last", "--json", "--recordings", str(recordings))
    call, *said = [json.loads(line) for line in out.splitlines()]
    assert call["state"] == "complete"
    assert {segment["language"] for segment in said} == {"en"}


@pytest.mark.slow
async def test_plain_lines_say_once_that_there_is_no_text(recordings, short_call):
    async with demo_pbx(short_call, speed=30) as pbx:
        watch = [*arguments(pbx, recordings, "--plain"), "--language", "es"]
        code, out, err = await run_here(*watch)
    assert (code, out) == (1, "")
    assert [LACK in line for line in err.splitlines()].count(True) == 1
