"""Commands about streamer itself."""

from __future__ import annotations

from typing import Annotated

import typer

from streamer.cli.options import AsJson


def help_(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COMMAND]", help="For example watch, or models pull."),
    ] = None,
) -> int:
    """Explain a command, as its --help does; without one, list all."""
    from streamer.cli.about import run_help

    return run_help(context, command or [])


def version(as_json: AsJson = False) -> int:
    """Print the versions of streamer, of Python and of the libraries that matter."""
    from streamer.cli.about import run_version

    return run_version(as_json=as_json)
