"""The arguments and flags that several commands share, and what becomes of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from streamer.config import Settings

Channels = Annotated[
    list[str], typer.Argument(metavar="[LABEL=]CHANNEL...", help="Channel names or unique ids.")
]

AnyChannels = Annotated[
    list[str] | None,
    typer.Argument(metavar="[LABEL=]CHANNEL...", help="Channel names or unique ids."),
]

CallName = Annotated[str, typer.Argument(metavar="CALL", help="Its id, a prefix of it, or `last`.")]

Url = Annotated[str | None, typer.Option(help="Asterisk's websocket, ws:// or wss://.")]

Recordings = Annotated[str | None, typer.Option(metavar="DIR", help="Folder of all recordings.")]

Config = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Config file; see `streamer config`.")
]

Db = Annotated[str | None, typer.Option("--db", metavar="FILE", help="Database of transcripts.")]

LogFile = Annotated[str | None, typer.Option(metavar="FILE", help="Log file.")]

Verbose = Annotated[
    int, typer.Option("-v", "--verbose", count=True, help="Say more; twice for everything.")
]

Header = Annotated[
    list[str] | None, typer.Option(metavar="'NAME: VALUE'", help="Further request header.")
]

CaFile = Annotated[
    str | None, typer.Option(metavar="FILE", help="Certificate that signed the PBX's.")
]

Insecure = Annotated[bool | None, typer.Option("--insecure", help="Accept any certificate.")]

Model = Annotated[
    str | None, typer.Option(metavar="NAME|DIR", help="Speech model; see `streamer models`.")
]

Language = Annotated[str | None, typer.Option(metavar="en|auto", help="Language that is spoken.")]

Prompt = Annotated[
    str | None, typer.Option(metavar="TEXT", help="A sentence with names that may be said.")
]

Hotwords = Annotated[
    str | None, typer.Option(metavar="A,B", help="Names and terms that may be said.")
]

Window = Annotated[
    str | None,
    typer.Option("--encoder-window", metavar="auto|short|full", help="How much the encoder sees."),
]

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]

Plain = Annotated[bool, typer.Option("--plain", help="Print settled lines.")]

Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="From this local time on, or so long ago: 2h.")
]

Until = Annotated[str | None, typer.Option(metavar="TIME", help="Before this time.")]

OnChannel = Annotated[
    str | None, typer.Option("--channel", metavar="PART", help="Part of a channel's name.")
]

Limit = Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")]

Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]


def read_settings(config: Path | None, verbose: int, **flags: object) -> Settings:
    """Merge flags, of which None was not given, with all other places a setting may come from, and start the log.

    Raises:
        UsageError: A setting that cannot be meant.
    """
    from streamer.cli.logs import start_logging
    from streamer.config import load_settings
    from streamer.errors import UsageError

    settings = load_settings(config=config, environment=os.environ, flags=flags)
    if Path(settings.recordings).exists() and not Path(settings.recordings).is_dir():
        raise UsageError(f"{settings.recordings} is not a folder; name one with --recordings")
    start_logging(settings.log_file, verbosity=verbose)
    return settings


def leave(code: int) -> NoReturn:
    """End the command with an exit code."""
    raise typer.Exit(code)
