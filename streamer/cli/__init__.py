"""The command line: `commands` declares the arguments of each command; the module of its name here does the work.

That module is imported when the command is called, so that `--help` is instant.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any

import typer

from streamer import __version__
from streamer.cli import output
from streamer.cli.commands import (
    about,
    alerts,
    configure,
    live,
    past,
    serving,
    setup,
    stand_in,
    webhooks,
)
from streamer.cli.commands.grouping import GroupedHelp, finish_help
from streamer.cli.usage import reword
from streamer.core.telemetry import forbid_telemetry
from streamer.errors import ExitCode, StreamerError

app = typer.Typer(
    name="streamer",
    cls=GroupedHelp,
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


for _command in (
    live.record,
    live.watch,
    serving.serve,
    live.stop,
    live.play,
    live.channels,
    live.call,
    past.calls,
    past.show,
    past.stats,
    past.report,
    past.marks,
    past.search,
    past.export,
    past.delete,
    past.backup,
    past.resume,
    past.transcribe,
    live.demo,
    setup.doctor,
    stand_in.simulate,
):
    app.command()(_command)
app.command("help")(about.help_)
app.command()(about.version)
app.command()(about.completion)
app.command()(about.man)
app.command()(about.service)
app.add_typer(configure.config_app, name="config")
app.add_typer(setup.models_app, name="models")
app.add_typer(alerts.alerts_app, name="alerts")
app.add_typer(webhooks.webhooks_app, name="webhooks")
finish_help(app)


def main() -> None:
    """Run the command line and exit; every error is one line on stderr."""
    forbid_telemetry()
    output.fill_closed_descriptors()
    output.be_writable()
    sys.exit(_run())


@cache
def build_commands() -> Any:
    """Build every command with its arguments."""
    return typer.main.get_command(app)


def _run() -> int:
    arguments = sys.argv[1:]
    command = build_commands()
    is_completing = "_STREAMER_COMPLETE" in os.environ
    if is_completing:
        from streamer.cli.completion import offer_values

        offer_values(command)
    try:
        if not arguments and not is_completing:
            from streamer.cli.first_steps import say_first_steps

            say_first_steps()
            return ExitCode.USAGE
        result = command.main(arguments, prog_name="streamer", standalone_mode=False)
    except StreamerError as error:
        return output.fail(str(error), error.exit_code)
    except typer.TyperException as error:
        message = reword(error.format_message())
        return output.fail(
            f"{message} (see {_name_help(error, command, arguments)})", ExitCode.USAGE
        )
    except (typer.Abort, KeyboardInterrupt):
        return 128 + signal.SIGINT
    except BrokenPipeError:
        return output.close_quietly()
    except SystemExit as ended:  # Typer ends with 1 where the reader of stdout has gone
        if isinstance(ended.__context__, BrokenPipeError):
            return output.close_quietly()
        raise
    except Exception:  # noqa: BLE001 - the outermost edge: a user never sees a traceback
        from streamer.cli.logs import log_crash

        return output.fail(f"internal error; details are in {log_crash()}", ExitCode.FAILED)
    return result if isinstance(result, int) else ExitCode.DONE


def _name_help(error: typer.TyperException, command: Any, arguments: Sequence[str]) -> str:
    """Return the command line that explains the command which was called wrongly; an error may not know which one it was."""
    if context := getattr(error, "ctx", None):
        return f"{context.command_path} --help"
    names = ["streamer"]
    for word in arguments:
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            break
        names.append(word)
    return " ".join((*names, "--help"))
