"""`streamer man`: the manual page, made of the same texts as the help of the commands, so that it is never out of date."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from streamer import __version__
from streamer.cli import output
from streamer.cli.commands.grouping import EXAMPLES, PANELS
from streamer.errors import ExitCode


def run_man(context: typer.Context) -> int:
    """Print the page as roff, which `man -l -` shows."""
    output.data("\n".join(render_manual(context.find_root().command)))
    return ExitCode.DONE


def render_manual(streamer: Any) -> Iterator[str]:
    """Yield the lines of the page."""
    yield f'.TH STREAMER 1 "" "streamer {__version__}" "User Commands"'
    yield from (".SH NAME", f"streamer \\- {_escape(streamer.help.rstrip('.'))}")
    yield from (".SH SYNOPSIS", ".B streamer", r"\fICOMMAND\fR [\fIOPTIONS\fR] [\fIARGS\fR]")
    for title, names in PANELS.items():
        yield f".SH {_escape(title.upper())}"
        for name in names:
            yield from _render_command(streamer.commands[name], name)
    yield from (".SH FILES", _escape("~/.config/streamer/config.toml; see streamer config path"))


def _render_command(command: Any, name: str) -> Iterator[str]:
    yield f".SS streamer {_escape(name)}"
    for paragraph in (command.help or "").split("\n\n"):
        yield from (_escape(" ".join(paragraph.split())), ".PP")
    for parameter in command.params:
        if getattr(parameter, "hidden", False):
            continue
        written = ", ".join(flag for flag in parameter.opts if flag.startswith("-"))
        written = " ".join(filter(None, (written, parameter.metavar or "")))
        yield from (".TP", f"\\fB{_escape(written)}\\fR", _escape(parameter.help or ""))
    yield from (".PP", "Examples:", ".nf")
    yield from (f"  {_escape(example)}" for example in EXAMPLES.get(name, ()))
    yield ".fi"
    for word, below in getattr(command, "commands", {}).items():
        yield from _render_command(below, f"{name} {word}")


def _escape(text: str) -> str:
    """Return text of which roff obeys nothing."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped
