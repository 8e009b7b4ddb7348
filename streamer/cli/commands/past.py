"""Commands that work on files, and on recordings and transcripts that are stored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamer.cli.channel_choice import ChannelChoice
from streamer.cli.options import (
    SPEECH,
    STORED,
    AnyCall,
    AsJson,
    CallName,
    Force,
    FromParty,
    Limit,
    OnChannel,
    PressedDigits,
    Since,
    ToParty,
    Until,
    check_number,
    parse_input,
    parse_path,
    with_settings,
)
from streamer.errors import UsageError

if TYPE_CHECKING:
    from streamer.config import Settings


@with_settings(*SPEECH, *STORED)
def transcribe(
    settings: Settings,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...",
            parser=parse_input,
            help="Audio files, folders or patterns; a stereo file has two legs.",
        ),
    ] = None,
    format_name: Annotated[
        str | None,
        typer.Option("--format", metavar="txt|srt|vtt|json|csv|vcon", help="Output format."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE.FORMAT|DIR",
            parser=parse_path,
            help="Write the text there; of several files, into DIR.",
        ),
    ] = None,
    force: Force = False,
    raw: Annotated[
        str | None,
        typer.Option(metavar="CODEC[:RATE]", help="Codec of files without a header."),
    ] = None,
    incoming: Annotated[
        Path | None,
        typer.Option(
            "--in", metavar="FILE", parser=parse_input, help="One direction of a call; needs --out."
        ),
    ] = None,
    outgoing: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", parser=parse_input, help="The other direction; needs --in."
        ),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Play the file as a live call.")] = False,
    speed: Annotated[
        float,
        typer.Option(
            metavar="N",
            min=0.1,
            callback=check_number,
            help="With --live: N times faster than real time.",
        ),
    ] = 1.0,
    channels: Annotated[
        ChannelChoice,
        typer.Option(
            metavar="auto|split|first|mix",
            help="Channels that become legs: those that differ (auto, the default), all, the first, or a mix.",
        ),
    ] = ChannelChoice.AUTO,
    store: Annotated[
        bool, typer.Option("--store", help="Keep the audio and the transcript as a call.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="With --store: when the call began."),
    ] = None,
    name_pattern: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="With --store: read (?P<date>…), number, agent, direction from the name.",
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="With --store: store a file again.")
    ] = False,
) -> int:
    """Transcribe audio files, in the same way as live calls."""
    from streamer.cli.call_files import check_pair
    from streamer.cli.shelf import choose_keeping
    from streamer.cli.transcribe import run_transcribe
    from streamer.media.raw import parse_raw

    check_pair(incoming, outgoing, files or [])
    if speed != 1.0 and not live:
        raise UsageError("--speed is for a file that is played as a live call; add --live")
    return run_transcribe(
        settings,
        files or [],
        format_name=format_name,
        output_path=output,
        force=force,
        speed=speed if live else None,
        channels=channels,
        keeping=choose_keeping(is_stored=store, at=at, pattern=name_pattern, is_again=again),
        raw=parse_raw(raw) if raw is not None else None,
        pair=(incoming, outgoing) if incoming and outgoing else None,
    )


@with_settings(*STORED)
def calls(
    settings: Settings,
    since: Since = None,
    until: Until = None,
    channel: OnChannel = None,
    caller: FromParty = "",
    called: ToParty = "",
    digits: PressedDigits = "",
    text: Annotated[
        str, typer.Option(metavar="TEXT", help="Only calls in which this search finds something.")
    ] = "",
    live: Annotated[bool, typer.Option("--live", help="Only live calls.")] = False,
    alerts: Annotated[
        bool, typer.Option("--alerts", help="Only calls with alerts, and what they are.")
    ] = False,
    limit: Limit = 50,
    before: Annotated[
        str | None, typer.Option(metavar="CALL", help="Next page: start after this call.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """List calls, newest first."""
    from dataclasses import replace

    from streamer.calls.choosing import Parties
    from streamer.cli.calls import run_calls
    from streamer.cli.moments import make_filter

    return run_calls(
        settings,
        replace(make_filter(since, until, channel), has_alert=alerts),
        parties=Parties(caller, called, digits),
        text=text,
        is_live_only=live,
        limit=limit,
        before=before,
        as_json=as_json,
    )


@with_settings(*STORED)
def show(settings: Settings, call: CallName, as_json: AsJson = False) -> int:
    """Show what was said on a call."""
    from streamer.cli.show import run_show

    return run_show(settings, call, as_json=as_json)


@with_settings(*STORED)
def stats(
    settings: Settings,
    call: AnyCall = None,
    since: Since = None,
    until: Until = None,
    channel: OnChannel = None,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="agent|queue|day", help="A row for each of these."),
    ] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> int:
    """Show who talked how long, silence, interruptions and pace, for one call or many."""
    from streamer.cli.moments import make_filter
    from streamer.cli.stats import choose_by, run_stats, run_stats_of_call

    if as_json and as_csv:
        raise UsageError("--json and --csv are two formats; choose one")
    if call is None:
        chosen = make_filter(since, until, channel)
        return run_stats(settings, chosen, by=choose_by(by), as_json=as_json, as_csv=as_csv)
    if since or until or channel or by:
        raise UsageError("--since, --until, --channel and --by are for many calls; name no call")
    return run_stats_of_call(settings, call, as_json=as_json, as_csv=as_csv)


@with_settings(*STORED)
def report(
    settings: Settings,
    since: Since = "24h",
    until: Until = None,
    channel: OnChannel = None,
    caller: FromParty = "",
    called: ToParty = "",
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="txt|html", help="Format (default: by the name of FILE, or txt)."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            parser=parse_path,
            help="Write to this file; - is stdout.",
        ),
    ] = None,
    force: Force = False,
) -> int:
    """Report calls, alerts, audio quality and unfinished work of the last 24 hours or another time."""
    from streamer.calls.choosing import Parties
    from streamer.cli.moments import make_filter
    from streamer.cli.report import run_report

    return run_report(
        settings,
        make_filter(since, until, channel),
        Parties(caller, called),
        format_name=format_name,
        output_path=output,
        force=force,
    )


@with_settings(*STORED)
def search(
    settings: Settings,
    text: Annotated[
        list[str],
        typer.Argument(metavar="TEXT...", help='Words, "a phrase", begin*, AND, OR, NOT, ( ).'),
    ],
    since: Since = None,
    until: Until = None,
    channel: OnChannel = None,
    caller: FromParty = "",
    called: ToParty = "",
    digits: PressedDigits = "",
    limit: Limit = 50,
    offset: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, max=1_000_000_000, help="Next page: skip N lines (default: 0)."
        ),
    ] = 0,
    context: Annotated[
        int | None,
        typer.Option(
            "-C",
            "--context",
            metavar="N",
            min=0,
            max=1000,
            help="Lines of the call before and after each (default: 1 on a terminal).",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Search what was said in all calls, newest first."""
    from streamer.calls.choosing import Parties
    from streamer.cli.moments import make_filter
    from streamer.cli.search import run_search

    if as_json and context is not None:
        raise UsageError("--context is for text; --json lists the lines that were found")
    return run_search(
        settings,
        " ".join(text),
        make_filter(since, until, channel),
        Parties(caller, called, digits),
        limit=limit,
        offset=offset,
        context=context,
        as_json=as_json,
    )


@with_settings(*STORED)
def marks(settings: Settings, call: AnyCall = None, as_json: AsJson = False) -> int:
    """List the lines that users have marked, and their notes, in one call or all."""
    from streamer.cli.marks import run_marks

    return run_marks(settings, call, as_json=as_json)


@with_settings(*STORED)
def export(
    settings: Settings,
    call: CallName,
    format_name: Annotated[
        str | None,
        typer.Option("--format", metavar="txt|srt|vtt|json|csv|vcon", help="Transcript format."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to this file.")
    ] = None,
    audio: Annotated[
        bool, typer.Option("--audio", help="Export the audio: one WAV, one channel per leg.")
    ] = False,
    force: Force = False,
) -> int:
    """Write a call's transcript, in a format for other programs, or its audio."""
    from streamer.cli.show import run_export

    return run_export(
        settings,
        call,
        format_name=format_name,
        output_path=output,
        force=force,
        is_audio=audio,
    )


@with_settings(*STORED)
def delete(
    settings: Settings,
    call: CallName,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
) -> int:
    """Delete a call: its recordings, its transcript, and every trace of it in the database."""
    from streamer.cli.delete import run_delete

    return run_delete(settings, call, is_sure=yes)


@with_settings(*STORED)
def backup(
    settings: Settings,
    target: Annotated[
        Path, typer.Argument(metavar="DIR", help="New or empty folder for the copy.")
    ],
) -> int:
    """Copy the database and all calls that have ended into a new folder."""
    from streamer.cli.backup import run_backup

    return run_backup(settings, target)


@with_settings(*SPEECH, *STORED)
def resume(
    settings: Settings,
    call: AnyCall = None,
    all_calls: Annotated[
        bool, typer.Option("--all", help="Finish all unfinished transcripts.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Complete the transcripts of interrupted calls from their recordings; without a call, list those calls."""
    from streamer.cli.resume import run_resume

    if call is not None and all_calls:
        raise UsageError("name a call or use --all, not both")
    return run_resume(settings, call, is_all=all_calls, as_json=as_json)
