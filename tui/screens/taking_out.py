"""What `c` and `e` do: take words out of a call, into the clipboard or a file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from streamer.errors import StreamerError
from tui.clipboard import copy_by_command
from tui.layout.formatting import show_name
from tui.navigation import Navigator
from tui.screens.dialogs import Choose
from tui.state.call import ShownCall
from tui.state.export import FORMATS, write_export


def copy(app: Navigator, text: str, what: str) -> None:
    """Copy a text to the clipboard, as far as it can be reached, and say what became of it."""
    app.copy_to_clipboard(text)
    if app.is_web:
        app.say(f"Copied {what}")
    else:
        app.screen.run_worker(_copy_further(app, text, what), group="copy", exclusive=True)


async def _copy_further(app: Navigator, text: str, what: str) -> None:
    copied = await asyncio.to_thread(copy_by_command, text, os.environ)
    said = f"Copied {what}" if copied.is_done else f"Copying {what} may have failed"
    app.say(
        f"{said}: {copied.note}" if copied.note else said,
        is_bad=not copied.is_done,
        is_advice=True,
    )


async def ask_for_export(app: Navigator, shown: ShownCall) -> None:
    """Ask in which format to save a call in the working folder, and save it."""
    folder, screen = Path.cwd(), app.screen

    def write(name: str | None) -> None:
        if name is not None:
            screen.run_worker(_export(app, shown, name, folder))

    where = "\n(on the machine that runs streamer)" if app.is_web else ""
    question = f"Export to {show_name(str(folder))}{where}"
    await app.push_screen(Choose(question, FORMATS), write)


async def _export(app: Navigator, shown: ShownCall, name: str, folder: Path) -> None:
    try:
        path = await asyncio.to_thread(write_export, shown, name, folder)
    except StreamerError as error:
        app.say(str(error), is_bad=True)
    else:
        app.say(f"Saved {path}")
