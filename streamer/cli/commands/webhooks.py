"""Commands about what is passed on to other programs."""

from __future__ import annotations

from typing import Annotated

import typer

from streamer.cli.commands.grouping import Group
from streamer.cli.options import STORED, AsJson, with_settings
from streamer.config import Settings
from streamer.errors import ExitCode

webhooks_app = typer.Typer(
    cls=Group,
    help="List what webhooks have yet to get, or send again what they did not take.",
    rich_markup_mode=None,
    invoke_without_command=True,
)

_Endpoint = Annotated[
    str, typer.Option(metavar="NAME", help="Only of this one, as `webhooks list` names it.")
]


@webhooks_app.callback()
def _webhooks(context: typer.Context) -> int:
    """List what webhooks have yet to get, or send again what they did not take."""
    if context.invoked_subcommand is None:
        return webhooks_list(recordings=None, db=None, config=None, log_file=None, verbose=0)
    return ExitCode.DONE


@webhooks_app.command("list")
@with_settings(*STORED)
def webhooks_list(settings: Settings, endpoint: _Endpoint = "", as_json: AsJson = False) -> int:
    """List webhooks with what waits for each, and the events that it did not take."""
    from streamer.cli.webhooks import run_list

    return run_list(settings, endpoint, as_json=as_json)


@webhooks_app.command("resend")
@with_settings(*STORED)
def webhooks_resend(
    settings: Settings,
    events: Annotated[
        list[int] | None,
        typer.Argument(metavar="[EVENT]...", help="Numbers of `webhooks list`; left out, all."),
    ] = None,
    endpoint: _Endpoint = "",
) -> int:
    """Send dead letters (what webhooks did not take) again, by the `serve` or `watch` that runs, or the next one."""
    from streamer.cli.webhooks import run_resend

    return run_resend(settings, tuple(events or ()), endpoint)
