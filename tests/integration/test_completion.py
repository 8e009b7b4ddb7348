"""What a shell offers behind Tab: values, and nothing at all where they cannot be found out."""

import asyncio

import pytest
import typer
from typer._completion_classes import BashComplete

from streamer.cli import app
from streamer.cli.completion import SHELLS, VARIABLE, offer_values
from streamer.core.audio import Leg
from streamer.core.events import EndReason
from streamer.recording.writer import create_recording
from streamer.simulator.ari.server import PASSWORD, USER, SimulatedAri
from tests.fakes.command_line import run_here
from tests.fakes.ports import SILENT, closed_port, open_port
from tests.fakes.recorder import start_streamer


def complete(*words: str) -> list[str]:
    command = typer.main.get_command(app)
    offer_values(command)
    shell = BashComplete(command, {}, "streamer", VARIABLE)
    return [item.value for item in shell.get_completions(list(words[:-1]), words[-1])]


def set_ari(monkeypatch, port):
    monkeypatch.setenv("STREAMER_ARI_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("STREAMER_ARI_USER", USER)
    monkeypatch.setenv("STREAMER_ARI_PASSWORD", PASSWORD)


def test_calls_are_completed_from_the_folder_that_was_named(recordings):
    call = create_recording(
        recordings, source="audiosocket", url="", legs=(Leg("caller", "x", 8000),)
    )
    call.finish(EndReason.HANG_UP)
    folder = ("--recordings", str(recordings))
    for command in ("show", "export", "delete", "resume", "stop"):
        assert complete(command, *folder, "") == ["last", call.call.id]
        assert complete(command, *folder, "2") == [call.call.id]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["export", "last", "--format", ""], ["txt", "srt", "vtt", "json", "csv", "vcon"]),
        (["transcribe", "--format", "s"], ["srt"]),
        (["serve", "--format", "ul"], ["ulaw"]),
        (["simulate", "x", "--as", "t"], ["twilio"]),
        (["record", "--via", ""], ["auto", "ari", "stream-channel"]),
        (["config", "asterisk", "--via", "w"], ["websocket"]),
        (["watch", "--model", "de"], ["demo"]),
        (["models", "check", "de"], ["demo"]),
        (["models", "pull", "tin"], ["tiny", "tiny.en"]),
        (["completion", ""], list(SHELLS)),
        (["ser"], ["serve", "service"]),
        (["models", "pu"], ["pull"]),
    ],
)
def test_models_formats_and_choices_are_completed(words, offered):
    assert complete(*words) == offered


async def test_channels_are_asked_for_also_behind_a_label(monkeypatch):
    ari = SimulatedAri()
    async with ari.open("127.0.0.1", 0) as port:
        set_ari(monkeypatch, port)
        call = ari.pbx.start_call()
        name = call.caller["name"]
        assert name in await asyncio.to_thread(complete, "watch", "")
        assert f"caller={name}" in await asyncio.to_thread(complete, "record", "caller=PJ")


async def test_a_pbx_that_is_silent_or_absent_costs_nothing_but_a_moment(monkeypatch, capfd):
    set_ari(monkeypatch, closed_port())
    assert await asyncio.to_thread(complete, "watch", "P") == []
    async with open_port(SILENT) as port:
        set_ari(monkeypatch, port)
        assert await asyncio.to_thread(complete, "watch", "P") == []
    monkeypatch.delenv("STREAMER_ARI_USER")
    assert complete("watch", "P") == []
    monkeypatch.setenv("STREAMER_OPEN_TIMEOUT", "x")
    assert complete("show", "2") == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("shell", SHELLS)
async def test_each_shell_gets_its_script(shell):
    code, out, err = await run_here("completion", shell)
    assert (code, err) == (0, "")
    assert VARIABLE in out


async def test_another_shell_is_refused():
    code, out, err = await run_here("completion", "tcsh")
    assert (code, out) == (2, "")
    assert "bash, zsh, fish" in err


async def test_bash_gets_values_from_the_program():
    process = await start_streamer(
        [],
        env={VARIABLE: "complete_bash", "COMP_WORDS": "streamer models pull ti", "COMP_CWORD": "3"},
    )
    out, _ = await process.communicate()
    assert out.split() == [b"tiny", b"tiny.en"]
