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
    """Show the help of a command; without one, list all commands."""
    from streamer.cli.about import run_help

    return run_help(context, command or [])


def version(as_json: AsJson = False) -> int:
    """Print the versions of streamer, Python and the main libraries."""
    from streamer.cli.about import run_version

    return run_version(as_json=as_json)


def completion(
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish", help="Your shell.")],
) -> int:
    """Print the shell script that completes commands, flags, calls, models and channels."""
    from streamer.cli.completion import run_completion

    return run_completion(shell)


def service(
    context: typer.Context,
    flags: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- FLAGS]", help="Flags for `serve`, behind --."),
    ] = None,
    user: Annotated[bool, typer.Option("--user", help="For the systemd of one user.")] = False,
) -> int:
    """Print a systemd unit that runs `serve`, and that harms no call when it is stopped."""
    from streamer.cli.service import run_service

    return run_service(context, flags or [], is_user=user)


def man(context: typer.Context) -> int:
    """Print the manual page, for `man -l -`."""
    from streamer.cli.manual import run_man

    return run_man(context)
