"""What streamer says of itself: the help of a command, and the versions of what it is made of."""

from __future__ import annotations

import importlib.metadata
import platform

import typer

from streamer import __version__
from streamer.cli import output
from streamer.errors import ExitCode, UsageError

_LIBRARIES = (
    "faster-whisper",
    "ctranslate2",
    "onnxruntime",
    "numpy",
    "av",
    "websockets",
    "aiohttp",
    "textual",
    "textual-serve",
    "aiosqlite",
    "typer",
)
"""Those whose version may decide what streamer hears, sends or shows."""


def run_help(context: typer.Context, command: list[str]) -> int:
    """Print the help of a command.

    Raises:
        typer.TyperException: There is no such command.
        UsageError: More is named than a command.
    """
    streamer = found = context.find_root().command
    for number, word in enumerate(command):
        if not hasattr(found, "commands"):
            named = " ".join(command[:number])
            raise UsageError(f"{named} has no commands of its own; try: streamer help {named}")
        found = found.commands.get(word)
    streamer.main([*command, "--help"], prog_name="streamer", standalone_mode=False)
    return ExitCode.DONE


def run_version(*, as_json: bool) -> int:
    """Print the versions, streamer's own first, as `--version` does."""
    libraries = {name: _find_version(name) for name in _LIBRARIES}
    about = {
        "streamer": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "libraries": libraries,
    }
    if as_json:
        output.json_line(about)
        return ExitCode.DONE
    output.data(f"streamer {__version__}")
    output.data(f"Python {about['python']} on {about['system']}")
    for name, found in libraries.items():
        output.data(f"{name} {found or 'is not installed'}")
    return ExitCode.DONE


def _find_version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None
