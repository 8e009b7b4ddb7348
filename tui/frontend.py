"""The entry point of `streamer.frontends`: show a request on a screen until its user leaves."""

from __future__ import annotations

import asyncio
import importlib.util
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from streamer.cli import output
from streamer.cli.frontend import ScreenRequest
from streamer.cli.logs import log_path
from streamer.errors import ExitCode

if TYPE_CHECKING:
    from tui.app import ScreenApp

if importlib.util.find_spec("textual") is None:
    raise ImportError("Textual is not installed", name="textual")

_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_screen(request: ScreenRequest) -> int:
    """Show the request; return 0, 1 after a crash of the screen, or 128 + the signal that ended it."""
    output.say_opening()
    from tui.app import ScreenApp

    app = ScreenApp(request)
    app.keep_to_colours_of_terminal()
    app.keep_looks()
    return asyncio.run(show(app))


def judge_keys(table: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Return which actions cannot have the keys that a user has chosen for them, and why."""
    from tui.app import ScreenApp
    from tui.screens.keymap import judge

    return judge(table, ScreenApp.BINDINGS)


async def show(app: ScreenApp) -> int:
    """Show the application until its user leaves; return the exit code, as of `run_screen`."""
    request = app.open_calls.request
    loop = asyncio.get_running_loop()
    for number in _ENDING_SIGNALS:
        loop.add_signal_handler(number, app.leave_by_signal, number)
    try:
        with suppress(OSError):  # the terminal is gone
            await app.run_async()
    finally:
        await app.open_calls.aclose()  # the terminal is the user's again meanwhile
    if request.outcome.is_over and request.outcome.exit_code:
        for (
            trouble
        ) in app.open_calls.unread_troubles():  # the terminal would show nothing of it any more
            output.talk(trouble)
    if app.has_crashed:
        output.talk(
            f"the screen failed; recordings continue; the traceback is in {log_path(request.settings.log_file)}"
        )
    return app.return_code or ExitCode.DONE
