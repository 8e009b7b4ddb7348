"""Commands that record live channels, or play them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.options import (
    AnyChannels,
    AsJson,
    CaFile,
    CallName,
    Channels,
    Config,
    Db,
    Force,
    Header,
    Hotwords,
    Insecure,
    Language,
    LogFile,
    Model,
    Plain,
    Prompt,
    Recordings,
    Url,
    Verbose,
    Window,
    leave,
    read_settings,
)


def record(
    channels: Channels,
    url: Url = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE.wav|DIR", help="Where the WAVs go."),
    ] = None,
    force: Force = False,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="End the recording after so many seconds.")
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Show no progress.")] = False,
    header: Header = None,
    ca: CaFile = None,
    insecure: Insecure = None,
    recordings: Recordings = None,
    config: Config = None,
    log_file: LogFile = None,
    verbose: Verbose = 0,
) -> None:
    """Record live channels, a WAV each; print the finished WAVs' paths.

    A channel name with a ; needs quotes. Ctrl-C ends the recording, never the call.
    """
    from streamer.cli.record import run_record
    from streamer.config import parse_headers

    settings = read_settings(
        config,
        verbose,
        url=url,
        recordings=recordings,
        log_file=log_file,
        ca=ca,
        insecure=insecure,
        headers=parse_headers(header) if header else None,
    )
    leave(
        run_record(
            settings, channels, output_path=output, force=force, seconds=seconds, quiet=quiet
        )
    )


def watch(
    channels: AnyChannels = None,
    url: Url = None,
    model: Model = None,
    language: Language = None,
    prompt: Prompt = None,
    hotwords: Hotwords = None,
    encoder_window: Window = None,
    plain: Plain = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print events, a JSON object a line.")
    ] = False,
    web: Annotated[bool, typer.Option("--web", help="Show the screen in a browser.")] = False,
    host: Annotated[
        str | None, typer.Option(help="Address that --web listens on, 127.0.0.1 by default.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port that --web listens on, 8000 by default; 0 for any."
        ),
    ] = None,
    header: Header = None,
    ca: CaFile = None,
    insecure: Insecure = None,
    recordings: Recordings = None,
    db: Db = None,
    config: Config = None,
    log_file: LogFile = None,
    verbose: Verbose = 0,
) -> None:
    """Record live channels and show what is said, as it is settled; without any, show all calls.

    The recorder is a process of its own: q or Ctrl-C ends the watching, `streamer stop` the recording, nothing the call.
    """
    from streamer.cli.watch import choose_place, run_watch
    from streamer.config import parse_headers

    place = choose_place(is_web=web, host=host, port=port, is_piped=plain or as_json)
    settings = read_settings(
        config,
        verbose,
        url=url,
        model=model,
        language=language,
        prompt=prompt,
        hotwords=hotwords,
        encoder_window=encoder_window,
        ca=ca,
        insecure=insecure,
        headers=parse_headers(header) if header else None,
        recordings=recordings,
        db=db,
        log_file=log_file,
    )
    leave(
        run_watch(
            settings, channels or [], is_plain=plain, as_json=as_json and not plain, web=place
        )
    )


def stop(
    call: CallName,
    recordings: Recordings = None,
    config: Config = None,
    log_file: LogFile = None,
    verbose: Verbose = 0,
) -> None:
    """End a recording that another process makes; the call itself goes on."""
    from streamer.cli.stop import run_stop

    settings = read_settings(config, verbose, recordings=recordings, log_file=log_file)
    leave(run_stop(settings, call))


def demo(
    plain: Plain = False,
    as_json: AsJson = False,
    config: Config = None,
    log_file: LogFile = None,
    verbose: Verbose = 0,
) -> None:
    """Show a bundled call being transcribed by the bundled model, offline, without any set-up."""
    from streamer.cli.demo import run_demo

    settings = read_settings(config, verbose, log_file=log_file)
    leave(run_demo(settings, is_plain=plain, as_json=as_json and not plain))
