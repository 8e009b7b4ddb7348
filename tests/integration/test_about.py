"""What streamer says of itself."""

import json

import pytest

from streamer import __version__
from tests.fakes.command_line import run_here


@pytest.mark.parametrize("words", [[], ["watch"], ["models"], ["models", "pull"]])
async def test_help_prints_what_the_flag_does(words):
    helped = await run_here("help", *words)
    assert helped == await run_here(*words, "--help")
    assert helped[0] == 0


async def test_help_for_what_is_no_command_names_the_nearest():
    code, out, err = await run_here("help", "serch")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "'search'" in err


async def test_the_versions_begin_with_the_line_of_the_flag():
    _, flag, _ = await run_here("--version")
    code, out, err = await run_here("version")
    assert (code, err) == (0, "")
    first, python, *libraries = out.splitlines()
    assert f"{first}\n" == flag
    assert python.startswith("Python 3.")
    assert any(line.startswith("ctranslate2 ") for line in libraries)


async def test_the_versions_are_one_json_object():
    code, out, _ = await run_here("version", "--json")
    assert code == 0
    about = json.loads(out)
    assert about["streamer"] == __version__
    assert None not in about["libraries"].values()


async def test_the_manual_has_every_command_and_nothing_that_roff_obeys():
    code, out, err = await run_here("man")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(".TH STREAMER 1")
    for name in ("watch", "models pull", "config asterisk", "man"):
        assert f".SS streamer {name}" in lines
    asked = {line.partition(" ")[0] for line in lines if line[:1] in ".'"}
    assert asked == {".TH", ".nh", ".ad", ".SH", ".SS", ".B", ".PP", ".TP", ".nf", ".fi"}
    assert lines.count(".SH EXIT STATUS") == 1
