"""The command line: one module a command, imported when it is called, so that `--help` is instant."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamer import __version__
from streamer.cli import output
from streamer.errors import ExitCode, StreamerError, UsageError

if TYPE_CHECKING:
    from streamer.config import Settings

app = typer.Typer(
    name="streamer",
    help="See what is being said on an Asterisk call, on your own machine.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:
    if value:
        output.data(f"streamer {__version__}")
        raise typer.Exit


@app.callback()
def _global_options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """See what is being said on an Asterisk call, on your own machine."""


Channels = Annotated[
    list[str], typer.Argument(metavar="[LABEL=]CHANNEL...", help="Channel names or unique ids.")
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


@app.command()
def record(
    channels: Channels,
    url: Url = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE.wav|DIR", help="Where the WAVs go."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
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

    flags: dict[str, object] = {
        "url": url,
        "recordings": recordings,
        "log_file": log_file,
        "ca": ca,
        "insecure": insecure,
        "headers": parse_headers(header) if header else None,
    }
    settings = _settings(config, flags, verbose)
    _leave(
        run_record(
            settings, channels, output_path=output, force=force, seconds=seconds, quiet=quiet
        )
    )


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


@app.command()
def watch(
    channels: Channels,
    url: Url = None,
    model: Model = None,
    language: Language = None,
    prompt: Prompt = None,
    hotwords: Hotwords = None,
    encoder_window: Window = None,
    plain: Annotated[bool, typer.Option("--plain", help="Print settled lines.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print events, a JSON object a line.")
    ] = False,
    header: Header = None,
    ca: CaFile = None,
    insecure: Insecure = None,
    recordings: Recordings = None,
    db: Db = None,
    config: Config = None,
    log_file: LogFile = None,
    verbose: Verbose = 0,
) -> None:
    """Record live channels and print what is said, as it is settled.

    The recorder is a process of its own: Ctrl-C ends the watching, `streamer stop` the recording, nothing the call.
    """
    from streamer.cli.watch import run_watch
    from streamer.config import parse_headers

    flags: dict[str, object] = {
        "url": url,
        "model": model,
        "language": language,
        "prompt": prompt,
        "hotwords": hotwords,
        "encoder_window": encoder_window,
        "ca": ca,
        "insecure": insecure,
        "headers": parse_headers(header) if header else None,
        "recordings": recordings,
        "db": db,
        "log_file": log_file,
    }
    settings = _settings(config, flags, verbose)
    _leave(run_watch(settings, channels, as_json=as_json and not plain))


@app.command()
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

    flags: dict[str, object] = {
        "model": model,
        "language": language,
        "prompt": prompt,
        "hotwords": hotwords,
        "encoder_window": encoder_window,
        "recordings": recordings,
        "db": db,
        "log_file": log_file,
    }
    settings = _settings(config, flags, verbose)
    _leave(
        run_transcribe(
            settings,
            files,
            format_name=format_name,
            is_live_path=live,
            speed=speed,
            is_stored=store,
        )
    )


@app.command()
def demo(
    as_json: AsJson = False, config: Config = None, log_file: LogFile = None, verbose: Verbose = 0
) -> None:
    """Show a bundled call being transcribed by the bundled model, offline, without any set-up."""
    from streamer.cli.demo import run_demo

    _leave(run_demo(_settings(config, {"log_file": log_file}, verbose), as_json=as_json))


@app.command()
def stop(
    call: CallName,
    recordings: Recordings = None,
    config: Config = None,
    log_file: LogFile = None,
    verbose: Verbose = 0,
) -> None:
    """End a recording that another process makes; the call itself goes on."""
    from streamer.cli.stop import run_stop

    settings = _settings(config, {"recordings": recordings, "log_file": log_file}, verbose)
    _leave(run_stop(settings, call))


Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="From this local time on, or so long ago: 2h.")
]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Before this time.")]
OnChannel = Annotated[
    str | None, typer.Option("--channel", metavar="PART", help="Part of a channel's name.")
]
Limit = Annotated[int, typer.Option(min=1, help="How many at most.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]


@app.command()
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

    flags: dict[str, object] = {"recordings": recordings, "db": db, "log_file": log_file}
    settings = _settings(config, flags, verbose)
    chosen = make_filter(since, until, channel)
    _leave(
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


@app.command()
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

    flags: dict[str, object] = {"recordings": recordings, "db": db, "log_file": log_file}
    _leave(run_show(_settings(config, flags, verbose), call, as_json=as_json))


@app.command()
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
    offset: Annotated[int, typer.Option(min=0, help="Leave out so many, for the next page.")] = 0,
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

    flags: dict[str, object] = {"recordings": recordings, "db": db, "log_file": log_file}
    settings = _settings(config, flags, verbose)
    chosen = make_filter(since, until, channel)
    query = " ".join(text)
    _leave(run_search(settings, query, chosen, limit=limit, offset=offset, as_json=as_json))


@app.command()
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

    flags: dict[str, object] = {"recordings": recordings, "db": db, "log_file": log_file}
    _leave(
        run_export(
            _settings(config, flags, verbose),
            call,
            format_name=format_name,
            output_path=output,
            force=force,
            is_audio=audio,
        )
    )


@app.command()
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

    flags: dict[str, object] = {"recordings": recordings, "db": db, "log_file": log_file}
    _leave(run_delete(_settings(config, flags, verbose), call, is_sure=yes))


@app.command()
def resume(
    call: Annotated[
        str | None, typer.Argument(metavar="[CALL]", help="Its id, a prefix of it, or `last`.")
    ] = None,
    all_calls: Annotated[
        bool, typer.Option("--all", help="Every call that is not complete.")
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
    """Finish the words of calls that were interrupted, from their recordings; without arguments, list them."""
    from streamer.cli.resume import run_resume

    if call is not None and all_calls:
        raise UsageError("name a call or say --all, not both")
    flags: dict[str, object] = {
        "model": model,
        "language": language,
        "prompt": prompt,
        "hotwords": hotwords,
        "encoder_window": encoder_window,
        "recordings": recordings,
        "db": db,
        "log_file": log_file,
    }
    _leave(run_resume(_settings(config, flags, verbose), call, is_all=all_calls))


@app.command()
def simulate(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Audio files, or captured traces (.jsonl)."),
    ],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any.")
    ] = 5039,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again after the end.")] = False,
    speed: Annotated[float, typer.Option(min=0.01, help="Times faster than real time.")] = 1.0,
    channel: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the channel.")
    ] = None,
    hole: Annotated[
        list[str] | None, typer.Option(metavar="AT:SECONDS", help="Send nothing for a while.")
    ] = None,
    stall: Annotated[
        list[str] | None, typer.Option(metavar="AT:SECONDS", help="Hold back, then burst.")
    ] = None,
    break_off: Annotated[bool, typer.Option("--break", help="End without a close frame.")] = False,
) -> None:
    """Stand in for Asterisk: serve files as live channels, and print their names."""
    from streamer.cli.simulate import SimulateOptions, run_simulate

    faults = SimulateOptions(hole or [], stall or [], break_off)
    _leave(
        run_simulate(
            files, host=host, port=port, loop=loop, speed=speed, channel=channel, options=faults
        )
    )


@app.command()
def config() -> None:
    """Print an annotated config file to begin with."""
    from streamer.config import default_config_path, render_sample

    output.data(render_sample().rstrip("\n"))
    output.talk(f"save it as {default_config_path()}")


models_app = typer.Typer(
    help="List, download and find speech models.",
    rich_markup_mode=None,
    invoke_without_command=True,
)
app.add_typer(models_app, name="models")


@models_app.callback()
def _models(context: typer.Context) -> None:
    """List, download and find speech models."""
    if context.invoked_subcommand is None:
        models_list(as_json=False)


@models_app.command("list")
def models_list(as_json: AsJson = False) -> None:
    """List the installed models: bundled, and in the Hugging Face cache."""
    from streamer.cli.models import run_list

    _leave(run_list(as_json=as_json))


@models_app.command("pull")
def models_pull(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As tiny, base, small, large-v3.")],
) -> None:
    """Download a faster-whisper model; the only command that uses the internet."""
    from streamer.cli.models import run_pull

    _leave(run_pull(name))


@models_app.command("path")
def models_path(name: Annotated[str, typer.Argument(metavar="NAME|DIR")]) -> None:
    """Print where a model is installed."""
    from streamer.cli.models import run_path

    _leave(run_path(name))


def _settings(config: Path | None, flags: dict[str, object], verbose: int) -> Settings:
    from streamer.cli.logs import start_logging
    from streamer.config import load_settings

    settings = load_settings(config=config, environment=os.environ, flags=flags)
    start_logging(settings.log_file, verbosity=verbose)
    return settings


def _leave(code: int) -> None:
    raise typer.Exit(code)


def main() -> None:
    """Run the command line and exit; every error is one line on stderr."""
    output.fill_closed_descriptors()
    sys.exit(_run())


def _run() -> int:
    arguments = sys.argv[1:]
    try:
        result = typer.main.get_command(app).main(
            arguments or ["--help"], prog_name="streamer", standalone_mode=False
        )
    except StreamerError as error:
        return output.fail(str(error), error.exit_code)
    except typer.TyperException as error:
        return output.fail(f"{error.format_message()} (see streamer --help)", ExitCode.USAGE)
    except (typer.Abort, KeyboardInterrupt):
        return 128 + signal.SIGINT
    except BrokenPipeError:
        return output.close_quietly()
    except Exception as error:  # noqa: BLE001 - the outermost edge: a user never sees a traceback
        from streamer.cli.logs import log_crash

        return output.fail(
            f"internal error: {error!r}; the traceback is in {log_crash()}", ExitCode.FAILED
        )
    if not arguments:
        return ExitCode.USAGE
    return result if isinstance(result, int) else ExitCode.DONE
