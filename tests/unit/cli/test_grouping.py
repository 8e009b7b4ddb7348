"""The help: every command below a title, with two examples that its parser takes."""

import re
import shlex
from typing import Any

import pytest
import typer

from streamer.cli import app
from streamer.cli.commands.grouping import EXAMPLES, PANELS
from tests.fakes.command_line import run_here

STREAMER: Any = typer.main.get_command(app)


def _list_commands(group, before=""):
    for name, command in group.commands.items():
        yield f"{before}{name}", command
        if isinstance(command, typer.core.TyperGroup):
            yield from _list_commands(command, f"{before}{name} ")


COMMANDS = dict(_list_commands(STREAMER))


def test_every_command_stands_below_one_title():
    listed = [name for names in PANELS.values() for name in names]
    assert sorted(listed) == sorted(STREAMER.commands)


async def test_the_help_has_the_titles_in_order():
    _, out, _ = await run_here("--help")
    titles = [line.removesuffix(":") for line in out.splitlines() if line.endswith(":")]
    assert titles == ["Options", *PANELS]
    assert all(f"\n  {name} " in out for name in STREAMER.commands)


@pytest.mark.parametrize("name", COMMANDS)
async def test_every_command_has_two_examples_in_its_help(name):
    assert len(EXAMPLES[name]) == 2
    _, out, _ = await run_here(*name.split(), "--help")
    for example in EXAMPLES[name]:
        assert f"    {example}\n" in out


@pytest.mark.parametrize("name", ["", *COMMANDS])
async def test_the_help_fits_80_columns_and_is_cut_nowhere(name):
    _, out, _ = await run_here(*name.split(), "--help")
    assert [
        line for line in out.splitlines() if len(line) > 80 or re.search(r"[a-z]\.\.\.$", line)
    ] == []


@pytest.mark.parametrize("name", COMMANDS)
async def test_the_help_says_ranges_and_defaults_in_words(name):
    _, out, _ = await run_here(*name.split(), "--help")
    facts = " ".join(out.split("Examples:")[0].split())
    assert "<=" not in facts
    assert "[default" not in facts
    assert "[required]" not in facts


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("serve", "Take at most N calls at once (1 to 10000; default: 500)."),
        ("record", "Stop the recording after N seconds (at least 0.1)."),
        ("config asterisk", "How calls reach streamer (required)."),
        ("simulate", "Play N times faster than real time (at least 0.01; default: 1)."),
        ("watch", "Usage: streamer watch [OPTIONS] [[LABEL=]CHANNEL...]"),
        ("show", "Usage: streamer show [OPTIONS] CALL "),
        ("completion", "Usage: streamer completion [OPTIONS] {bash|zsh|fish}"),
    ],
)
async def test_the_help_says_what_may_be_given(name, said):
    _, out, _ = await run_here(*name.split(), "--help")
    assert said in " ".join(out.split())


def test_there_are_no_examples_of_other_commands():
    assert set(EXAMPLES) == set(COMMANDS)


@pytest.mark.parametrize(
    ("name", "example"), [(name, line) for name in COMMANDS for line in EXAMPLES[name]]
)
def test_the_parser_takes_every_example(name, example):
    inner = example[example.index("streamer ") :].partition(")")[0]
    words = shlex.split(inner.partition(" | ")[0].partition(" > ")[0].rstrip('"'))
    command, rest = STREAMER, words[1:]
    while isinstance(command, typer.core.TyperGroup) and rest:
        command, rest = command.commands[rest[0]], rest[1:]
    assert COMMANDS[" ".join(name.split())] is command or name in (
        "models",
        "config",
        "alerts",
        "webhooks",
        "help",
    )
    command.make_context(name, rest, resilient_parsing=False)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["calls", "--sinse", "2h"], "--since"),
        (["serch"], "'search'"),
        (["models", "pul"], "'pull'"),
    ],
)
async def test_what_was_typed_wrongly_names_what_was_meant(typed, meant):
    code, out, err = await run_here(*typed)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "Did you mean" in err
    assert meant in err
