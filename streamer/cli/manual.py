"""`streamer man`: the manual page, made of the same texts as the help of the commands, so that it is never out of date."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import typer

from streamer import __version__
from streamer.cli import output
from streamer.cli.commands.grouping import EXAMPLES, PANELS
from streamer.cli.commands.help_lines import explain
from streamer.errors import ExitCode

_WIDTH = 68
"""Characters of a line, before what roff obeys is escaped."""

_EXITS = {
    "0": "Done.",
    "1": "Something failed or was lost.",
    "2": "The command line or a setting is wrong.",
    "3": "A channel, call, file or model was not found.",
    "4": "The PBX cannot be reached, or refused.",
    "128+N": "Signal N ended the command; everything is saved.",
}


def run_man(context: typer.Context) -> int:
    """Print the page as roff, which `man -l -` shows."""
    output.data("\n".join(render_manual(context.find_root().command)))
    return ExitCode.DONE


def render_manual(streamer: Any) -> Iterator[str]:
    """Yield the lines of the page."""
    yield f'.TH STREAMER 1 "{datetime.now(UTC):%Y-%m-%d}" "streamer {__version__}" "User Commands"'
    yield from (".nh", ".ad l")
    yield from (".SH NAME", f"streamer \\- {_escape(streamer.help.rstrip('.'))}")
    yield from (".SH SYNOPSIS", ".B streamer", r"\fICOMMAND\fR [\fIOPTIONS\fR] [\fIARGS\fR]")
    for title, names in PANELS.items():
        yield f".SH {_escape(title.upper())}"
        for name in names:
            yield from _render_command(streamer.commands[name], name)
    yield from _render_end()


def _render_end() -> Iterator[str]:
    """Yield what is true of all commands."""
    yield ".SH EXIT STATUS"
    for code, meaning in _EXITS.items():
        yield from (".TP", f"\\fB{_escape(code)}\\fR", _escape(meaning))
    yield from (".SH ENVIRONMENT", ".TP", r"\fBSTREAMER_*\fR")
    yield _escape("Settings: STREAMER_MODEL sets model. They count for more than the config file.")
    yield from (".SH FILES", ".TP", r"\fI~/.config/streamer/config.toml\fR")
    yield _escape("Settings; `streamer config path` says which file is read.")
    yield from (".TP", r"\fI./recordings\fR", "Recordings and transcripts.")


def _render_command(command: Any, name: str) -> Iterator[str]:
    yield f".SS streamer {_escape(name)}"
    for number, paragraph in enumerate((command.help or "").split("\n\n")):
        yield from ((".PP",) if number else ())
        yield from map(_escape, _break_lines(paragraph))
    for parameter in command.params:
        if getattr(parameter, "hidden", False):
            continue
        written = ", ".join(flag for flag in parameter.opts if flag.startswith("-"))
        written = " ".join(filter(None, (written, parameter.metavar or "")))
        yield from (".TP", f"\\fB{_escape(written)}\\fR")
        yield from map(_escape, _break_lines(explain(parameter)))
    yield from (".PP", "Examples:", ".nf")
    yield from (f"  {_escape(example)}" for example in EXAMPLES.get(name, ()))
    yield ".fi"
    for word, below in getattr(command, "commands", {}).items():
        yield from _render_command(below, f"{name} {word}")


def _break_lines(text: str) -> list[str]:
    """Return a paragraph as lines of the usual width."""
    return textwrap.wrap(
        " ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False
    )


def _escape(text: str) -> str:
    """Return text of which roff obeys nothing."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped
