"""Commands that set things up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from streamer.cli.commands.grouping import Group
from streamer.cli.options import AsJson, ConfigFile, with_settings
from streamer.errors import ExitCode

if TYPE_CHECKING:
    from streamer.config import Settings


def doctor(
    channel: Annotated[
        str | None,
        typer.Argument(
            metavar="[CHANNEL]", help="Listen to this live call for 3 s instead (through ARI)."
        ),
    ] = None,
    as_json: AsJson = False,
    recordings: Annotated[
        str | None, typer.Option(metavar="DIR", help="Recordings folder (default: ./recordings).")
    ] = None,
    config: ConfigFile = None,
) -> int:
    """Check what is set up here and on the PBX, or a live call, and say what to do; changes nothing."""
    from streamer.cli.doctor import run_doctor, run_hearing

    flags = {"recordings": recordings}
    if channel is not None:
        return run_hearing(config, flags, channel, as_json=as_json)
    return run_doctor(config, flags, as_json=as_json)


models_app = typer.Typer(
    cls=Group,
    help="List, download, check and locate speech models.",
    rich_markup_mode=None,
    invoke_without_command=True,
)


@models_app.callback()
def _models(context: typer.Context, as_json: AsJson = False) -> int:
    """List, download, check and locate speech models."""
    if context.invoked_subcommand is None:
        return models_list(models_dir=None, config=None, log_file=None, verbose=0, as_json=as_json)
    return ExitCode.DONE


@models_app.command("list")
@with_settings("models_dir")
def models_list(settings: Settings, as_json: AsJson = False) -> int:
    """List the installed models: bundled, in models_dir, and in the Hugging Face cache."""
    from streamer.cli.models import run_list

    return run_list(settings, as_json=as_json)


@models_app.command("pull")
@with_settings("language", "models_dir")
def models_pull(
    settings: Settings,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="tiny, base, small, large-v3, ... (default: one for this machine).",
        ),
    ] = None,
) -> int:
    """Download a faster-whisper model; no other command uses the internet."""
    from streamer.cli.models import run_advised_pull, run_pull

    return run_pull(settings, name) if name else run_advised_pull(settings)


@models_app.command("check")
@with_settings("models_dir")
def models_check(
    settings: Settings,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|DIR]", help="Model name or folder (default: the one for calls)."
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Try a model on bundled speech: is it accurate, how fast, for how many calls."""
    from streamer.cli.check_model import run_check

    return run_check(settings, name or settings.model, as_json=as_json)


@models_app.command("path")
@with_settings("models_dir")
def models_path(
    settings: Settings,
    name: Annotated[
        str,
        typer.Argument(metavar="NAME|DIR", help="Model name (see `models list`) or folder."),
    ],
) -> int:
    """Print where a model is installed."""
    from streamer.cli.models import run_path

    return run_path(settings, name)
