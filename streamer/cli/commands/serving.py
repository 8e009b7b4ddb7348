"""The command that listens for calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamer.cli.options import (
    LOOKS,
    SPEECH,
    STORED,
    Announce,
    AsJson,
    Echo,
    Plain,
    ReadOnly,
    Tone,
    check_number,
    choose_lines,
    with_settings,
)

if TYPE_CHECKING:
    from streamer.config import Settings


@with_settings(*SPEECH, *STORED, *LOOKS)
def serve(
    settings: Settings,
    audiosocket: Annotated[
        list[str],
        typer.Option(
            metavar="HOST:PORT",
            help="Listen here for AudioSocket connections; may be repeated.",
        ),
    ] = [],  # noqa: B006 - typer reads it, and no code changes it
    websocket: Annotated[
        list[str],
        typer.Option(
            metavar="HOST:PORT",
            help="Listen here for media over WebSockets, and for registrations; may be repeated.",
        ),
    ] = [],  # noqa: B006 - as above
    ari: Annotated[
        bool,
        typer.Option(
            "--ari",
            help="Tap calls of the Asterisk at ari_url: those that the [[watch]] rules choose.",
        ),
    ] = False,
    stream_channel: Annotated[
        list[str],
        typer.Option(
            metavar="HOST:PORT",
            help="With --ari: offer stream-channel here, as the module does; may be repeated.",
        ),
    ] = [],  # noqa: B006 - as above
    accept_unknown: Annotated[
        bool, typer.Option("--accept-unknown", help="Also take calls that are not registered.")
    ] = False,
    register: Annotated[
        list[str],
        typer.Option(
            metavar="HOST:PORT",
            help="Listen here for registrations of calls over HTTP; may be repeated.",
        ),
    ] = [],  # noqa: B006 - typer reads it, and no code changes it
    api: Annotated[
        list[str],
        typer.Option(
            metavar="HOST:PORT",
            help="Answer other programs here: calls, live events, metrics; may be repeated.",
        ),
    ] = [],  # noqa: B006 - as above
    format_name: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="auto|slin|slin16|ulaw|alaw",
            help="Codec of 8 kHz calls (default: detect).",
        ),
    ] = "auto",
    no_silence: Annotated[
        bool, typer.Option("--no-silence", help="Send no silence back to callers.")
    ] = False,
    echo: Echo = False,
    tone: Tone = None,
    announce: Announce = None,
    max_calls: Annotated[
        int, typer.Option(metavar="N", min=1, max=10_000, help="Take at most N calls at once.")
    ] = 500,
    grace: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            min=0,
            callback=check_number,
            help="At shutdown, wait at most N s for live calls (default: no limit).",
        ),
    ] = None,
    no_wait: Annotated[
        bool,
        typer.Option(
            "--no-wait",
            help="At shutdown, leave live calls to the recorder at once, as a service does.",
        ),
    ] = False,
    cert: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TLS certificate (PEM) for all addresses but loopback."),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Key of --cert, if in another file."),
    ] = None,
    read_only: ReadOnly = False,
    plain: Plain = False,
    as_json: AsJson = False,
) -> int:
    """Listen for calls that the PBX sends, record them all and show what is said.

    A process of its own listens: when `serve` ends, it takes no more calls and records live ones to their end.
    """
    choose_lines(plain=plain, as_json=as_json)
    from streamer.cli.playing import PlayingFlags
    from streamer.cli.serve import ServeFlags, run_serve

    flags = ServeFlags(
        audiosocket=tuple(audiosocket),
        websocket=tuple(websocket),
        accept_unknown=accept_unknown,
        register=tuple(register),
        api=tuple(api),
        no_silence=no_silence,
        format=format_name,
        playing=PlayingFlags(echo, tone, announce),
        max_calls=max_calls,
        grace=grace,
        waits=not no_wait,
        cert=cert,
        key=key,
        ari=ari,
        stream_channel=tuple(stream_channel),
        is_read_only=read_only,
    )
    return run_serve(settings, flags, is_plain=plain, as_json=as_json)
