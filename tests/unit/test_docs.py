"""The manual is checked: every command has help, and every command, flag and setting stands in the README."""

from pathlib import Path

import pytest
import typer

from streamer.cli import app
from streamer.config import Settings
from streamer.errors import ExitCode

README = (Path(__file__).parents[2] / "README.md").read_text()
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
FLAGS = sorted(
    {
        flag
        for command in COMMANDS.values()
        for option in command.params
        for flag in option.opts
        if flag.startswith("--")
    }
)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_stands_in_the_readme(name):
    assert COMMANDS[name].help
    assert f"streamer {name}" in README


@pytest.mark.parametrize("flag", [flag for flag in FLAGS if flag != "--verbose"])
def test_every_flag_stands_in_the_readme(flag):
    assert flag in README


@pytest.mark.parametrize("setting", Settings.__slots__)
def test_every_setting_stands_in_the_readme(setting):
    assert f"`{setting}`" in README


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_stands_in_the_readme(code):
    assert f"| {int(code)} |" in README
