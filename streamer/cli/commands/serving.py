"""The command that listens for calls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.options import (
    AsJson,
    Config,
    Db,
    Hotwords,
    Language,
    LogFile,
    Model,
    Plain,
    Prompt,
    Recordings,
    Verbose,
    Window,
    leave,
    read_settings,
)


def serve(
    audiosocket: Annotated[
        list[str],
        typer.Option(metavar="HOST:PORT", help="Where to listen for AudioSocket; may be repeated."),
    ] = ["127.0.0.1:9092"],  # noqa: B006 - typer reads it, nobody changes it
    accept_unknown: Annotated[
        bool, typer.Option("--accept-unknown", help="Take calls that nobody has registered.")
    ] = False,
    register: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where calls are registered, by HTTP.")
    ] = None,
    format_name: Annotated[
        str,
        typer.Option(
            "--format", metavar="auto|slin|slin16|ulaw|alaw", help="What audio labelled slin is."
        ),
    ] = "auto",
    no_silence: Annotated[
        bool, typer.Option("--no-silence", help="Send nothing back to callers.")
    ] = False,
    echo: Annotated[
        bool, typer.Option("--echo", help="Test: let callers hear themselves.")
    ] = False,
    tone: Annotated[
        int | None, typer.Option(metavar="HZ", help="Test: let callers hear a tone.")
    ] = None,
    announce: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Play this to each caller first.")
    ] = None,
    max_calls: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many calls at once at most.")
    ] = 500,
    grace: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds that calls have to end once serving ends."),
    ] = None,
    plain: Plain = False,
    as_json: AsJson = False,
    model: Model = None,
    language: Language = None,
    prompt: Prompt = None,
    hotwords: Hotwords = None,
    encoder_window: Window = None,
    recordings: Recordings = None,
    db: Db = None,
    config: Config = None,
    log_file: LogFile = None,
    verbose: Verbose = 0,
) -> None:
    """Listen for calls that the PBX sends here, record them all and show what is said.

    The listener is a process of its own: when serving ends, live calls are recorded to their end.
    """
    from streamer.cli.serve import ServeFlags, run_serve

    settings = read_settings(
        config,
        verbose,
        model=model,
        language=language,
        prompt=prompt,
        hotwords=hotwords,
        encoder_window=encoder_window,
        recordings=recordings,
        db=db,
        log_file=log_file,
    )
    flags = ServeFlags(
        audiosocket=tuple(audiosocket),
        accept_unknown=accept_unknown,
        register=register,
        no_silence=no_silence,
        format=format_name,
        echo=echo,
        tone=tone,
        announce=announce,
        max_calls=max_calls,
        grace=grace,
    )
    leave(run_serve(settings, flags, is_plain=plain, as_json=as_json and not plain))
