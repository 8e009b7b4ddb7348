"""Commands about the rules of `[[alert]]`."""

from __future__ import annotations

from typing import Annotated

import typer

from streamer.cli.commands.grouping import Group
from streamer.cli.options import STORED, AnyCall, AsJson, with_settings
from streamer.config import Settings
from streamer.errors import ExitCode, UsageError

alerts_app = typer.Typer(
    cls=Group,
    help="List the watch-words of the config file, or try them.",
    rich_markup_mode=None,
    invoke_without_command=True,
)


@alerts_app.callback()
def _alerts(context: typer.Context) -> int:
    """List the watch-words of the config file, or try them."""
    if context.invoked_subcommand is None:
        return alerts_list(config=None, log_file=None, verbose=0)
    return ExitCode.DONE


@alerts_app.command("list")
@with_settings()
def alerts_list(settings: Settings, as_json: AsJson = False) -> int:
    """List the rules of the config file."""
    from streamer.cli.alerts import run_list

    return run_list(settings, as_json=as_json)


@alerts_app.command("test")
@with_settings("language", *STORED)
def alerts_test(
    settings: Settings,
    call: AnyCall = None,
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Try this sentence instead of a call.")
    ] = None,
    leg: Annotated[
        str | None,
        typer.Option(metavar="LABEL", help="The leg on which the text is said; without it, any."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show which rules would fire on a call or on a sentence, and why; nothing is stored."""
    from streamer.cli.alerts import run_test_call, run_test_text

    if (call is None) == (text is None):
        raise UsageError("name a call to try the rules on, or a sentence with --text")
    if call is not None:
        if leg is not None:
            raise UsageError("--leg is for --text; a call has its own legs")
        return run_test_call(settings, call, as_json=as_json)
    assert text is not None
    return run_test_text(settings, text, leg=leg, as_json=as_json)
