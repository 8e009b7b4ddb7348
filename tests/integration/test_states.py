"""What every command says and how it ends where there is nothing yet, or nothing can be written: one line, and the code for it."""

import json

import pytest

from streamer.cli.demo import demo_call
from tests.fakes.command_line import run_here

URL = ["--url", "ws://127.0.0.1:1/ws"]
NONE_YET = "No calls in ./recordings yet"
NO_LAST = "no call last: there are none in ./recordings yet"
NO_MODEL = "no speech model is installed"
NO_ARI = "ari_user and ari_password must be set"
FILE = str(demo_call())

EMPTY = {
    "record": (["x", *URL], 4, "Nothing is listening at ws://127.0.0.1:1/ws"),
    "watch": ([], 2, "Without a terminal, name a channel"),
    "watch x": (["--plain", *URL], 4, "Nothing is listening at ws://127.0.0.1:1/ws"),
    "stop": (["last"], 3, NO_LAST),
    "play": (["last", "--flush"], 3, NO_LAST),
    "channels": ([], 2, NO_ARI),
    "calls": ([], 0, NONE_YET),
    "show": (["last"], 3, NO_LAST),
    "stats": ([], 0, NONE_YET),
    "stats last": ([], 3, NO_LAST),
    "report": ([], 0, "No call in ./recordings matches"),
    "search": (["hello"], 0, "Nothing found in ./recordings"),
    "export": (["last"], 2, "choose what to export"),
    "export last": (["-o", "x.srt"], 3, NO_LAST),
    "delete": (["last"], 3, NO_LAST),
    "backup": (["copy"], 0, "copied 0 calls"),
    "resume": ([], 0, "all transcripts are complete"),
    "resume --all": ([], 0, "all transcripts are complete"),
    "transcribe": ([FILE], 3, f"{NO_MODEL}; install one with `streamer models pull"),
    "transcribe none.wav": ([], 3, "no such file: none.wav"),
    "marks": ([], 0, "nothing is marked; `m` on the screen of a call marks a line"),
    "marks last": ([], 3, NO_LAST),
    "call": (["PJSIP/100"], 2, NO_ARI),
    "doctor": (["PJSIP/100"], 2, NO_ARI),
    "webhooks list": ([], 0, "no webhook has been told anything"),
    "webhooks resend": ([], 3, "there is no database recordings/streamer.sqlite3"),
    "alerts list": ([], 0, "the config file has no [[alert]]"),
    "alerts test": (["last"], 3, NO_LAST),
    "config check": ([], 0, "all settings can be used"),
    "config path": ([], 0, "this file does not exist yet"),
    "models list": ([], 0, "models are kept in"),
    "models pull": ([], 2, "download it with `streamer models pull"),
    "models path": (["small"], 3, "the model small is not installed"),
    "models check": ([], 3, f"{NO_MODEL}; install one with `streamer models pull"),
}
"""Behind a command what it is given, then its exit code and what stderr says."""

AS_JSON = (
    *("calls", "stats", "search", "resume", "marks", "webhooks list", "alerts list"),
    *("config check", "config path", "models list"),
)
LISTED = {"config path", "models list"}

UNWRITABLE = {
    "record x": (URL, 1, "cannot record in"),
    "watch x": (["--plain", *URL], 1, "cannot record in"),
    "serve": (["--plain", "--audiosocket", "127.0.0.1:0"], 1, "cannot record in"),
    "backup": (["file/copy"], 2, "file/copy is not a folder"),
    "transcribe": ([FILE, "-o", "file/texts", "--model", "demo"], 2, "cannot be made"),
    "export last": (["-o", "file/x.srt"], 2, "file of the output is not a folder"),
    "calls": ([], 1, "file/recordings cannot be read: part of its path is a file"),
    "show": (["last"], 1, "file/recordings cannot be read: part of its path is a file"),
}
"""The same where nothing can be written."""


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


@pytest.fixture
def run(tmp_path, here):
    """Run a command in an empty folder, from an empty home."""
    home = tmp_path / "home"
    home.mkdir()
    env = {"HOME": str(home), "XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}

    async def run_in(*arguments, **variables):
        return await run_here(*arguments, cwd=here, env=env | variables)

    return run_in


@pytest.mark.parametrize("name", EMPTY)
async def test_where_there_is_nothing_a_command_says_so_and_what_to_do(run, here, name):
    arguments, code, said = EMPTY[name]
    got, _, err = await run(*name.split(), *arguments)
    assert (got, said in err) == (code, True), err
    assert "recording continues" not in err
    looks_only = code == 0 and name != "backup" or code in (2, 3)
    assert not (looks_only and (here / "recordings").exists()), "looking makes no folder"


@pytest.mark.parametrize("name", AS_JSON)
async def test_where_there_is_nothing_json_is_nothing_or_lines_of_it(run, name):
    arguments, code, _ = EMPTY[name]
    got, out, err = await run(*name.split(), *arguments, "--json")
    assert got == code
    lines = [json.loads(line) for line in out.splitlines()]
    assert bool(lines) is (name in LISTED)
    assert NONE_YET not in err


@pytest.mark.parametrize("name", UNWRITABLE)
async def test_where_nothing_can_be_written_a_command_says_where_and_why(run, here, name):
    (here / "file").touch()  # a folder below a file cannot be made, not by root either
    arguments, code, said = UNWRITABLE[name]
    got, _, err = await run(*name.split(), *arguments, STREAMER_RECORDINGS="file/recordings")
    assert (got, said in err) == (code, True), err
    assert "recording continues" not in err
