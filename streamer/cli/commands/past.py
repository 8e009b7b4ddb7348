"""Commands that work on what is kept: files, recordings and words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.options import (
    AsJson,
    CallName,
    Config,
    Db,
    Force,
    Hotwords,
    Language,
    Limit,
    LogFile,
    Model,
    OnChannel,
    Prompt,
    Recordings,
    Since,
    Until,
    Verbose,
    Window,
    leave,
    read_settings,
)
from streamer.errors import UsageError


def transcribe(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Audio; stereo is two legs.")
    ],
    format_name: Annotated[
        str, typer.Option("--format", metavar="txt|srt|vtt|json|csv", help="How it is printed.")
    ] = "txt",
    live: Annotated[bool, typer.Option("--live", help="Play it as a live call.")] = False,
    speed: Annotated[
        float, typer.Option(min=0.1, help="Times faster than real time, with --live.")
    ] = 1.0,
    store: Annotated[
        bool, typer.Option("--store", help="Keep the audio and the transcript like a call's.")
    ] = False,
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
    """Turn audio files into text, through the very path that live calls take."""
    from streamer.cli.transcribe import run_transcribe

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
    leave(
        run_transcribe(
            settings,
            files,
            format_name=format_name,
            is_live_path=live,
            speed=speed,
            is_stored=store,
        )
    )


def calls(
    since: Since = None,
    until: Until = None,
    channel: OnChannel = None,
    text: Annotated[
        str, typer.Option(metavar="TEXT", help="Calls in which a search finds this.")
    ] = "",
    live: Annotated[
        bool, typer.Option("--live", help="Only calls that are being recorded.")
    ] = False,
    limit: Limit = 50,
    before: Annotated[
        str | None, typer.Option(metavar="CALL", help="Go on after this call, for the next page.")
    ] = None,
    as_json: AsJson = False,
    recordings: Recordings = None,
    db: Db = None,
    config: Config = None,
    log_file: LogFile = None,
    verbose: Verbose = 0,
) -> None:
    """List calls, newest first."""
    from streamer.cli.calls import run_calls
    from streamer.cli.moments import make_filter

    settings = read_settings(config, verbose, recordings=recordings, db=db, log_file=log_file)
    chosen = make_filter(since, until, channel)
    leave(
        run_calls(
            settings,
            chosen,
            text=text,
            is_live_only=live,
            limit=limit,
            before=before,
            as_json=as_json,
        )
    )


def show(
    call: CallName,
    as_json: AsJson = False,
    recordings: Recordings = None,
    db: Db = None,
    config: Config = None,
    log_file: LogFile = None,
    verbose: Verbose = 0,
) -> None:
    """Show what was said on a call."""
    from streamer.cli.show import run_show

    leave(
        run_show(
            read_settings(config, verbose, recordings=recordings, db=db, log_file=log_file),
            call,
            as_json=as_json,
        )
    )


def search(
    text: Annotated[
        list[str],
        typer.Argument(
            metavar="TEXT...", help='Words; "a phrase", begin*, AND, OR, NOT, ( ) are syntax.'
        ),
    ],
    since: Since = None,
    until: Until = None,
    channel: OnChannel = None,
    limit: Limit = 50,
    offset: Annotated[
        int, typer.Option(min=0, max=1_000_000_000, help="Leave out so many, for the next page.")
    ] = 0,
    as_json: AsJson = False,
    recordings: Recordings = None,
    db: Db = None,
    config: Config = None,
    log_file: LogFile = None,
    verbose: Verbose = 0,
) -> None:
    """Find what was said, in all calls, newest first."""
    from streamer.cli.moments import make_filter
    from streamer.cli.search import run_search

    settings = read_settings(config, verbose, recordings=recordings, db=db, log_file=log_file)
    chosen = make_filter(since, until, channel)
    query = " ".join(text)
    leave(run_search(settings, query, chosen, limit=limit, offset=offset, as_json=as_json))


def export(
    call: CallName,
    format_name: Annotated[
        str | None,
        typer.Option("--format", metavar="txt|srt|vtt|json|csv", help="How it is written."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where it is written.")
    ] = None,
    audio: Annotated[
        bool, typer.Option("--audio", help="Write all legs as one WAV, a channel each.")
    ] = False,
    force: Force = False,
    recordings: Recordings = None,
    db: Db = None,
    config: Config = None,
    log_file: LogFile = None,
    verbose: Verbose = 0,
) -> None:
    """Write a call's transcript in a format that other programs read, or its audio."""
    from streamer.cli.show import run_export

    leave(
        run_export(
            read_settings(config, verbose, recordings=recordings, db=db, log_file=log_file),
            call,
            format_name=format_name,
            output_path=output,
            force=force,
            is_audio=audio,
        )
    )


def delete(
    call: CallName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    recordings: Recordings = None,
    db: Db = None,
    config: Config = None,
    log_file: LogFile = None,
    verbose: Verbose = 0,
) -> None:
    """Delete a call: its recordings, its words, and every trace of them in the database."""
    from streamer.cli.delete import run_delete

    leave(
        run_delete(
            read_settings(config, verbose, recordings=recordings, db=db, log_file=log_file),
            call,
            is_sure=yes,
        )
    )


def resume(
    call: Annotated[
        str | None, typer.Argument(metavar="[CALL]", help="Its id, a prefix of it, or `last`.")
    ] = None,
    all_calls: Annotated[
        bool, typer.Option("--all", help="Every call that is not complete.")
    ] = False,
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
    """Finish the words of calls that were interrupted, from their recordings; without arguments, list them."""
    from streamer.cli.resume import run_resume

    if call is not None and all_calls:
        raise UsageError("name a call or say --all, not both")
    leave(
        run_resume(
            read_settings(
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
            ),
            call,
            is_all=all_calls,
            as_json=as_json,
        )
    )
