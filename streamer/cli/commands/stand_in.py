"""The command that plays a PBX, as a server or as a client."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamer.cli.options import check_number, parse_input

_HOST, _PORT = "127.0.0.1", 5039


def simulate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...", parser=parse_input, help="Audio files or captured traces (.jsonl)."
        ),
    ] = None,
    host: Annotated[str, typer.Option(metavar="HOST", help="Address to listen on.")] = _HOST,
    port: Annotated[
        int,
        typer.Option(
            metavar="PORT", min=0, max=65535, help="Port to listen on (default: 5039; 0: any)."
        ),
    ] = _PORT,
    channel: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the channel.")
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Play again and again.")] = False,
    speed: Annotated[
        float,
        typer.Option(
            metavar="N", min=0.01, callback=check_number, help="Play N times faster than real time."
        ),
    ] = 1.0,
    hole: Annotated[
        list[str] | None,
        typer.Option(metavar="AT:SECONDS", help="Send nothing for SECONDS, as a muted party."),
    ] = None,
    stall: Annotated[
        list[str] | None,
        typer.Option(metavar="AT:SECONDS", help="Hold frames back for SECONDS, then send a burst."),
    ] = None,
    break_off: Annotated[
        bool, typer.Option("--break", help="End without a close frame, or with a TCP reset.")
    ] = False,
    audiosocket: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Call this AudioSocket server, instead of listening."
        ),
    ] = None,
    stands_for: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="chan-websocket|yeastar|twilio|audio-stream|rapida|ari",
            help="Stand in for what sends audio over a WebSocket, or for ARI.",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="WS://HOST:PORT/PATH",
            help="With --as: call this server. chan-websocket listens without it.",
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="chan-websocket: write control messages as JSON, as f(json)."),
    ] = False,
    calls: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=1000,
            help="AudioSocket: make N calls that play the files in turn.",
        ),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            min=0,
            callback=check_number,
            help="AudioSocket: seconds between the starts of calls.",
        ),
    ] = None,
    uuid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="UUID", help="AudioSocket: UUID of a call; repeat the flag for the next."
        ),
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option(
            metavar="HZ",
            help="AudioSocket: samples per second (default: 8000; 16000 is c(slin16)).",
        ),
    ] = None,
    audio_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="ulaw|alaw|slin16",
            help="AudioSocket: format to send under the label of 8 kHz, as c(ulaw) does.",
        ),
    ] = None,
    dtmf: Annotated[
        list[str] | None, typer.Option(metavar="AT:DIGITS", help="AudioSocket: send DTMF digits.")
    ] = None,
    hangup: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            min=0.01,
            callback=check_number,
            help="AudioSocket: hang up after N seconds.",
        ),
    ] = None,
    driver: Annotated[
        bool,
        typer.Option(
            "--driver", help="AudioSocket: do not hang up after 2 s of silence, as with Dial()."
        ),
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="AudioSocket: save the audio that comes back, one WAV per call."
        ),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            metavar="hold|blind|attended|confbridge|queue|dtmf|codec",
            help="--as ari: what happens in each call.",
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=VALUE]", help="--as ari: what goes wrong; repeat the flag for more."
        ),
    ] = None,
) -> int:
    """Simulate Asterisk: serve files as live channels, and print their names.

    With --audiosocket HOST:PORT, call that server as Asterisk does, print the UUID of each call, and check what comes back.

    With --as and --url, call over a WebSocket, as Asterisk, Yeastar, Twilio or FreeSWITCH do; the flags marked AudioSocket work here too.

    With --as ari, offer calls that `streamer channels` lists and that can be tapped. Each pair of files is a call; without files, the
    bundled call is. --calls, --every, --hangup, --scenario, --fault and --loop work here.
    """
    from dataclasses import replace

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
    if stands_for == "ari":
        others = replace(options, calls=None, every=None, hangs_up_at=None)
        if (
            (url, as_json, audiosocket, channel, speed) != (None, False, None, None, 1.0)
            or others != CallOptions()
            or faults != SimulateOptions([], [], False)
        ):
            raise UsageError(
                "--as ari takes files, and only --host, --port, --calls, --every, --hangup, --scenario, --fault and --loop"
            )
        from streamer.cli.simulate_ari import CallPlan, run_ari

        plan = CallPlan(calls, every or 0.0, hangup, loop, scenario, fault or [])
        return run_ari(files or [], host=host, port=port, plan=plan)
    if scenario is not None or fault:
        raise UsageError("--scenario and --fault need --as ari")
    if not files:
        raise UsageError("simulate needs a FILE to play, an audio file or a captured trace")
    if stands_for is None and (url, as_json) != (None, False):
        raise UsageError("--url and --json need --as, which says what to stand in for")
    if stands_for is not None:
        if (audiosocket, channel, driver) != (None, None, False):
            raise UsageError("--audiosocket, --channel and --driver cannot be used with --as")
        if url is not None and (host, port) != (_HOST, _PORT):
            raise UsageError("--host and --port are for listening; leave them out with --url")
        from streamer.cli.simulate_web import WebCallOptions, run_web_calls

        return run_web_calls(
            files,
            stands_for,
            url,
            host=host,
            port=port,
            loop=loop,
            speed=speed,
            faults=faults,
            options=WebCallOptions(
                calls=calls,
                every=every,
                ids=uuid or [],
                rate=rate,
                format=audio_format,
                is_json=as_json,
                dtmf=dtmf or [],
                hangs_up_at=hangup,
                save=save,
            ),
        )
    if audiosocket is not None:
        if (host, port, channel) != (_HOST, _PORT, None):
            raise UsageError(
                "--host, --port and --channel cannot be used with --audiosocket HOST:PORT"
            )
        return run_calls(files, audiosocket, loop=loop, speed=speed, faults=faults, options=options)
    if options != CallOptions():
        raise UsageError(
            "--calls, --every, --uuid, --rate, --format, --dtmf, --hangup, --driver and --save need --audiosocket HOST:PORT or --as"
        )
    return run_simulate(
        files, host=host, port=port, loop=loop, speed=speed, channel=channel, options=faults
    )
