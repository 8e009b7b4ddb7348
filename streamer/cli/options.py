"""The arguments and flags that several commands share, and how flags become `Settings`."""

from __future__ import annotations

import functools
import inspect
import math
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

from streamer.cli import output
from streamer.errors import UsageError

if TYPE_CHECKING:
    from streamer.config import Settings


def parse_path(text: str) -> Path:
    """Read the name of a file of which one that cannot be read is told by whoever reads it, so that others are done.

    Raises:
        UsageError: It is empty, as of a variable that is not set; it would be the folder in which one is.
    """
    if not text:
        raise UsageError("a file name is empty; check that the variable is set")
    return Path(text)


def parse_input(text: str) -> Path:
    """Read the name of a file to read audio from; `-` is stdin, and a pipe may stand in the place of a file.

    Raises:
        UsageError: As `parse_path` does.
    """
    from streamer.media.piped import find_pipe

    return find_pipe(text) or parse_path(text)


def check_number(number: float | None) -> float | None:
    """Refuse what is read as a number and is none, which no bound keeps out.

    Raises:
        BadParameter: It is NaN.
    """
    if number is not None and math.isnan(number):
        raise typer.BadParameter("it must be a number")
    return number


def parse_digits(text: str) -> str:
    """Read keys of a telephone, in the order in which they were pressed.

    Raises:
        UsageError: One of them is no key.
    """
    if re.fullmatch(r"[0-9A-D*#]*", text) is None:
        raise UsageError(f"--digits takes 0-9, A-D, * and #, not {text!r}")
    return text


Channels = Annotated[
    list[str],
    typer.Argument(
        metavar="[LABEL=]CHANNEL...", help="Channel names, unique ids, or ws://…/media/ID."
    ),
]

AnyChannels = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[[LABEL=]CHANNEL...]", help="Channel names, unique ids, or ws://…/media/ID."
    ),
]

_CALL_HELP = "Id of a call, its beginning, or `last`."

CallName = Annotated[str, typer.Argument(metavar="CALL", help=_CALL_HELP)]

AnyCall = Annotated[str | None, typer.Argument(metavar="[CALL]", help=_CALL_HELP)]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON Lines.")]

ReadOnly = Annotated[
    bool,
    typer.Option(
        "--read-only", help="Open a screen that cannot stop, rename, export or delete calls."
    ),
]

Plain = Annotated[bool, typer.Option("--plain", help="Print one line per utterance.")]

Echo = Annotated[bool, typer.Option("--echo", help="Test: play callers their own voice.")]

Tone = Annotated[int | None, typer.Option(metavar="HZ", help="Test: play callers a tone.")]

Announce = Annotated[
    Path | None,
    typer.Option(metavar="FILE", parser=parse_input, help="Play this file to each caller first."),
]

Since = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="From this local time on, or this long ago, such as 2h."),
]

Until = Annotated[
    str | None, typer.Option(metavar="TIME", help="Before this local time, or this long ago.")
]

OnChannel = Annotated[
    str | None, typer.Option(metavar="PART", help="Only channels whose name contains PART.")
]

FromParty = Annotated[
    str,
    typer.Option("--from", metavar="PART", help="Only calls from a number or name with PART."),
]

ToParty = Annotated[
    str, typer.Option("--to", metavar="PART", help="Only calls to a number or name with PART.")
]

PressedDigits = Annotated[
    str,
    typer.Option(
        metavar="DIGITS", parser=parse_digits, help="Only calls in which these keys were pressed."
    ),
]

Limit = Annotated[int, typer.Option(metavar="N", min=1, max=100_000, help="List at most N.")]

Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]


CONNECTION = ("via", "url", "headers", "ca", "insecure")
"""Settings of a command that connects to the PBX."""

SPEECH = ("model", "models_dir", "language", "prompt", "hotwords", "encoder_window")
"""Settings of a command that transcribes."""

LOOKS = ("theme", "glyphs")
"""Settings of a command that opens the screen."""

STORED = ("recordings", "db")
"""Settings of a command that looks up what is stored."""

_FLAGS: dict[str, Any] = {
    "via": Annotated[
        str | None,
        typer.Option(
            metavar="auto|ari|stream-channel", help="How to get at the channels; auto prefers ARI."
        ),
    ],
    "url": Annotated[
        str | None,
        typer.Option(metavar="URL", help="URL of Asterisk's websocket (ws:// or wss://)."),
    ],
    "headers": Annotated[
        list[str] | None,
        typer.Option("--header", metavar="'NAME: VALUE'", help="Add a request header."),
    ],
    "ca": Annotated[
        str | None,
        typer.Option(metavar="FILE", help="CA certificate of the PBX (PEM)."),
    ],
    "insecure": Annotated[
        bool | None, typer.Option("--insecure", help="Accept any certificate (unsafe).")
    ],
    "model": Annotated[
        str | None, typer.Option(metavar="NAME|DIR", help="Speech model; see `streamer models`.")
    ],
    "models_dir": Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of models, one folder each.")
    ],
    "language": Annotated[
        str | None,
        typer.Option(metavar="en|en,es|auto", help="Spoken language, or several to choose from."),
    ],
    "prompt": Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="A sentence with names that may be spoken."),
    ],
    "hotwords": Annotated[
        str | None, typer.Option(metavar="A,B", help="Names and terms that may be spoken.")
    ],
    "encoder_window": Annotated[
        str | None,
        typer.Option(
            metavar="auto|short|full",
            help="Encoder input: full or short (faster; auto decides by measurement).",
        ),
    ],
    "recordings": Annotated[
        str | None, typer.Option(metavar="DIR", help="Recordings folder (default: ./recordings).")
    ],
    "db": Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Transcript database (default: in that folder)."),
    ],
    "theme": Annotated[
        str | None, typer.Option(metavar="dark|light", help="Colours of the screen.")
    ],
    "glyphs": Annotated[
        bool | None,
        typer.Option("--ascii/--no-ascii", help="Draw the screen with ASCII characters alone."),
    ],
    "log_file": Annotated[str | None, typer.Option(metavar="FILE", help="Log file.")],
}
"""The flag of each setting that has one; a flag that is None was not given."""

ConfigFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Config file; `streamer config` prints one.")
]

_VERBOSE = Annotated[
    int, typer.Option("-v", "--verbose", count=True, help="Print more log lines (-vv: all).")
]

_P = ParamSpec("_P")


def choose_lines(*, plain: bool, as_json: bool, web: bool = False) -> bool:
    """Return whether lines are printed at all, rather than a screen shown; on a terminal, say at once that one is coming.

    Raises:
        UsageError: Two kinds of lines are asked for.
    """
    if plain and as_json:
        raise UsageError("choose one of --plain and --json")
    is_piped = plain or as_json
    if not is_piped and not web:
        output.say_opening()
    return is_piped


def with_settings(
    *names: str,
) -> Callable[[Callable[Concatenate[Settings, _P], int]], Callable[..., int]]:
    """Give a command the flags of these settings, and pass it the `Settings` as its first argument.

    The flags stand behind those of the command itself, with --config, --log-file and --verbose last.
    """

    def decorate(command: Callable[Concatenate[Settings, _P], int]) -> Callable[..., int]:
        flags = (*names, "log_file")
        own = inspect.signature(command, locals={"Settings": object}, eval_str=True)
        _, *parameters = own.parameters.values()

        @functools.wraps(command)
        def run(*args: Any, **given: Any) -> int:
            settings = _read_settings(
                given.pop("config"), given.pop("verbose"), {name: given.pop(name) for name in flags}
            )
            return command(settings, *args, **given)

        parameters += _list_shared(names)
        run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate


def _list_shared(names: tuple[str, ...]) -> Iterator[inspect.Parameter]:
    """Yield the parameters that a command gets beside its own."""
    shared = {name: _FLAGS[name] for name in names}
    shared |= {"config": ConfigFile, "log_file": _FLAGS["log_file"], "verbose": _VERBOSE}
    for name, annotation in shared.items():
        yield inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=0 if name == "verbose" else None,
            annotation=annotation,
        )


def _read_settings(config: Path | None, verbosity: int, flags: dict[str, Any]) -> Settings:
    """Merge flags with all other places a setting may come from, and start the log.

    Raises:
        UsageError: A setting has a wrong value.
    """
    from streamer.cli.logs import start_logging
    from streamer.config.reading import find_warnings, load_settings
    from streamer.config.values import parse_headers

    lines = flags.pop("headers", None)
    headers = parse_headers(lines) if lines else None
    settings = load_settings(
        config=config, environment=os.environ, flags={**flags, "headers": headers}
    )
    for warning in find_warnings(config, os.environ, settings):
        output.talk(f"warning: {warning}")
    with suppress(PermissionError):  # whoever reads them says so
        if Path(settings.recordings).exists() and not Path(settings.recordings).is_dir():
            raise UsageError(f"{settings.recordings} is not a folder; name one with --recordings")
    with suppress(PermissionError):
        if settings.models_dir and Path(settings.models_dir).is_file():
            raise UsageError(f"{settings.models_dir} is not a folder; name one with --models-dir")
    start_logging(settings.log_file, verbosity=verbosity)
    return settings
