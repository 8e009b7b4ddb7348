"""The command that plays a PBX, whichever side of the connection that is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.options import leave

_HOST, _PORT = "127.0.0.1", 5039


def simulate(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Audio files, or captured traces (.jsonl)."),
    ],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = _HOST,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any.")
    ] = _PORT,
    channel: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the channel.")
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again after the end.")] = False,
    speed: Annotated[float, typer.Option(min=0.01, help="Times faster than real time.")] = 1.0,
    hole: Annotated[
        list[str] | None, typer.Option(metavar="AT:SECONDS", help="Send nothing for a while.")
    ] = None,
    stall: Annotated[
        list[str] | None, typer.Option(metavar="AT:SECONDS", help="Hold back, then burst.")
    ] = None,
    break_off: Annotated[
        bool, typer.Option("--break", help="End without a close frame, or by a reset.")
    ] = False,
    audiosocket: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Call this AudioSocket server, instead of listening."
        ),
    ] = None,
    calls: Annotated[
        int | None,
        typer.Option(
            min=1, max=1000, help="AudioSocket: so many calls, which play the files in turn."
        ),
    ] = None,
    every: Annotated[
        float | None, typer.Option(min=0, help="AudioSocket: seconds between the starts of calls.")
    ] = None,
    uuid: Annotated[
        list[str] | None, typer.Option(help="AudioSocket: UUID of the first call, and so on.")
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option(help="AudioSocket: samples a second, as 16000 for c(slin16); else 8000."),
    ] = None,
    audio_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="ulaw|alaw|slin16",
            help="AudioSocket: sent under the label of 8 kHz, as in c(ulaw).",
        ),
    ] = None,
    dtmf: Annotated[
        list[str] | None, typer.Option(metavar="AT:DIGITS", help="AudioSocket: press keys.")
    ] = None,
    hangup: Annotated[
        float | None, typer.Option(metavar="AT", min=0.01, help="AudioSocket: hang up then.")
    ] = None,
    driver: Annotated[
        bool,
        typer.Option("--driver", help="AudioSocket: no end after 2 s of silence, as with Dial()."),
    ] = False,
    save: Annotated[
        Path | None, typer.Option(metavar="DIR", help="AudioSocket: WAVs of what comes back.")
    ] = None,
) -> None:
    """Stand in for Asterisk: serve files as live channels, and print their names.

    With --audiosocket HOST:PORT call a server as Asterisk does, print each call's UUID, and judge what it sends back.
    """
    from streamer.cli.simulate import SimulateOptions, run_simulate
    from streamer.cli.simulate_calls import CallOptions, run_calls
    from streamer.errors import UsageError

    faults = SimulateOptions(hole or [], stall or [], break_off)
    options = CallOptions(
        calls=calls,
        every=every,
        uuids=uuid or [],
        rate=rate,
        format=audio_format,
        dtmf=dtmf or [],
        hangs_up_at=hangup,
        is_driver=driver,
        save=save,
    )
    if audiosocket is not None:
        if (host, port, channel) != (_HOST, _PORT, None):
            raise UsageError("--host, --port and --channel do not go with --audiosocket HOST:PORT")
        leave(run_calls(files, audiosocket, loop=loop, speed=speed, faults=faults, options=options))
    if options != CallOptions():
        raise UsageError(
            "--calls, --every, --uuid, --rate, --format, --dtmf, --hangup, --driver and --save need --audiosocket HOST:PORT"
        )
    leave(
        run_simulate(
            files,
            host=host,
            port=port,
            loop=loop,
            speed=speed,
            channel=channel,
            options=faults,
        )
    )
