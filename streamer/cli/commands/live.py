"""Commands that record live channels, or play a call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamer.cli.options import (
    CONNECTION,
    LOOKS,
    SPEECH,
    STORED,
    Announce,
    AnyCall,
    AnyChannels,
    AsJson,
    CallName,
    Channels,
    Echo,
    Force,
    Plain,
    ReadOnly,
    Tone,
    check_number,
    choose_lines,
    parse_input,
    with_settings,
)
from streamer.errors import UsageError

if TYPE_CHECKING:
    from streamer.config import Settings


@with_settings(*CONNECTION, "recordings")
def record(
    settings: Settings,
    channels: Channels,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE.wav|DIR", help="Write the WAV files here."),
    ] = None,
    force: Force = False,
    seconds: Annotated[
        float | None,
        typer.Option(
            metavar="N", min=0.1, callback=check_number, help="Stop the recording after N seconds."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print no progress.")] = False,
) -> int:
    """Record live channels, one WAV per channel, and print the paths.

    A channel name with a ; needs quotes. Ctrl-C ends the recording; the call goes on, unless it is at ws://…/media/ID.
    """
    from streamer.cli.record import run_record

    return run_record(
        settings, channels, output_path=output, force=force, seconds=seconds, quiet=quiet
    )


@with_settings(*CONNECTION, *SPEECH, *STORED, *LOOKS)
def watch(
    settings: Settings,
    channels: AnyChannels = None,
    plain: Plain = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print events as JSON Lines.")] = False,
    web: Annotated[bool, typer.Option("--web", help="Show the screen in a browser.")] = False,
    host: Annotated[
        str | None,
        typer.Option(metavar="HOST", help="With --web: address to listen on (default: 127.0.0.1)."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            min=0,
            max=65535,
            help="With --web: port to listen on (default: 8000; 0: any).",
        ),
    ] = None,
    read_only: ReadOnly = False,
    echo: Echo = False,
    tone: Tone = None,
    announce: Announce = None,
) -> int:
    """Record live channels and show what is said; without a channel, show all calls.

    A process of its own records: q or Ctrl-C ends only the viewer, `streamer stop` ends the recording, and neither ends the call.
    --echo, --tone and --announce are heard at ws://…/media/ID only.
    """
    is_piped = choose_lines(plain=plain, as_json=as_json, web=web)
    from streamer.cli.playing import PlayingFlags
    from streamer.cli.watch import choose_place, run_watch

    place = choose_place(is_web=web, host=host, port=port, is_piped=is_piped)
    playing = PlayingFlags(echo, tone, announce)
    return run_watch(
        settings,
        channels or [],
        is_plain=plain,
        as_json=as_json,
        web=place,
        is_read_only=read_only,
        playing=playing,
    )


@with_settings("recordings")
def stop(
    settings: Settings,
    call: AnyCall = None,
    listener: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Stop a listener left over from a `serve`; record its live calls to their end.",
        ),
    ] = None,
) -> int:
    """Stop a recording, and say what becomes of the call."""
    from streamer.cli.stop import run_stop, run_stop_listener

    if (call is None) == (listener is None):
        raise UsageError("name one of CALL and --listener HOST:PORT, as in `streamer stop last`")
    if listener is not None:
        return run_stop_listener(settings, listener)
    return run_stop(settings, call or "")


@with_settings("recordings")
def play(
    settings: Settings,
    call: CallName,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", parser=parse_input, help="An audio file.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="1:20|SECONDS",
            help="Start there (default: the beginning; in a live call: now).",
        ),
    ] = None,
    leg: Annotated[str | None, typer.Option("--leg", metavar="LEG", help="Only this leg.")] = None,
    mixed: Annotated[bool, typer.Option("--mixed", help="All legs mixed (the default).")] = False,
    into_call: Annotated[
        bool, typer.Option("--into-call", help="Play FILE to the party of this live call.")
    ] = False,
    flush: Annotated[
        bool,
        typer.Option("--flush", help="Drop what is queued for the party and not yet heard."),
    ] = False,
) -> int:
    """Write a call's audio to stdout as WAV, or play a file to the party of a live call.

    Without FILE, pipe it into a player: streamer play last | aplay. A live call goes on until it ends. With --into-call, FILE is queued
    behind what is played already; the party must have come by AudioSocket, chan_websocket or Twilio's <Connect><Stream>.
    """
    is_listening = start is not None or leg is not None or mixed
    if (into_call or flush) and is_listening:
        raise UsageError(
            "--from, --leg and --mixed are for listening; drop them, or --into-call and --flush"
        )
    if into_call or flush or file is not None:
        from streamer.cli.play_into import run_play_into

        if file is not None and not into_call:
            raise UsageError("say with --into-call that the party is to hear FILE")
        if file is None and into_call:
            raise UsageError("name a FILE to play with --into-call")
        return run_play_into(settings, call, file, flushes=flush)
    from streamer.cli.play import run_play

    if leg is not None and mixed:
        raise UsageError("--leg is one leg and --mixed all of them; choose one of the two")
    return run_play(settings, call, start=start, leg=leg or "")


@with_settings("ca", "insecure", "recordings")
def channels(
    settings: Settings,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep printing changes until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """List who is on the phone now, as Asterisk's REST interface (ARI) tells it.

    Needs ari_user and ari_password, in the config file or the environment.
    """
    from streamer.cli.channels import run_channels

    return run_channels(settings, is_watching=watch, as_json=as_json)


@with_settings("ca", "insecure", *SPEECH, *STORED, *LOOKS)
def call(
    settings: Settings,
    endpoint: Annotated[
        str,
        typer.Argument(
            metavar="ENDPOINT",
            help="PJSIP/100, PJSIP/NUMBER@TRUNK, TECH/TRUNK/NUMBER, or a number.",
        ),
    ],
    plain: Plain = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print events as JSON Lines.")] = False,
    echo: Echo = False,
    tone: Tone = None,
    announce: Announce = None,
    context: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="When answered, go to this context of the dialplan."),
    ] = None,
    extension: Annotated[
        str | None, typer.Option(metavar="EXTEN", help="Extension there (default: s).")
    ] = None,
    app: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Or hand them to this ARI application."),
    ] = None,
    caller_id: Annotated[
        str | None, typer.Option(metavar="'NAME <NUMBER>'", help="Caller ID to show.")
    ] = None,
    technology: Annotated[
        str | None,
        typer.Option(
            "--endpoint-technology",
            metavar="PJSIP|SIP|IAX2|DAHDI",
            help="Technology, if ENDPOINT is a number.",
        ),
    ] = None,
    trunk: Annotated[
        str | None, typer.Option(metavar="NAME", help="Trunk, if ENDPOINT is a number.")
    ] = None,
    variable: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Set a channel variable.")
    ] = None,
    timeout: Annotated[
        int, typer.Option(metavar="SECONDS", help="Give up after ringing this long.")
    ] = 30,
) -> int:
    """Call somebody through ARI, record the call and show what is said.

    streamer holds the call, and leaving ends it; with --context, --extension or --app it goes there and is tapped. Needs ari_user and ari_password.
    """
    choose_lines(plain=plain, as_json=as_json)
    from streamer.calls.asked import AskedCall
    from streamer.cli.call import run_call
    from streamer.cli.playing import PlayingFlags
    from streamer.wire.ari.dialling import read_variables

    asked = AskedCall(
        endpoint,
        context=context,
        extension=extension,
        app=app,
        caller_id=caller_id,
        technology=technology,
        trunk=trunk,
        variables=read_variables(variable or []),
        ring_s=timeout,
    )
    playing = PlayingFlags(echo, tone, announce)
    return run_call(settings, asked, playing, is_plain=plain, as_json=as_json)


@with_settings(*LOOKS)
def demo(settings: Settings, plain: Plain = False, as_json: AsJson = False) -> int:
    """Transcribe the bundled call with the bundled model, offline and without any set-up."""
    choose_lines(plain=plain, as_json=as_json)
    from streamer.cli.demo import run_demo

    return run_demo(settings, is_plain=plain, as_json=as_json)
