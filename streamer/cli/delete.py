"""`streamer delete`: remove a call for good."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from streamer.calls.catalog import Entry, find_entry
from streamer.calls.deletion import LeftBehindError, delete_call
from streamer.cli import output
from streamer.cli.calls import show_legs
from streamer.cli.moments import show_moment
from streamer.config import Settings
from streamer.errors import ExitCode, NotFoundError, UsageError
from streamer.store import CallRow, open_reader, open_store


def run_delete(settings: Settings, name: str, *, is_sure: bool) -> int:
    """Delete a call; asks first unless the user is sure.

    Raises:
        StreamerError: There is no such call, it is in use, or a part of it could not be deleted.
    """
    entry = asyncio.run(_find(settings, name))
    call = entry.call
    if not is_sure:
        # Asked outside the event loop, which would swallow a Ctrl-C.
        _confirm(f"{call.id}, {show_moment(call.started_at)}: {show_legs(entry)}")
    try:
        _name_outside(asyncio.run(_delete(settings, call)))
    except LeftBehindError as error:
        _name_outside(error.outside)
        raise
    output.talk(f"deleted {call.id}")
    return ExitCode.DONE


def _name_outside(paths: list[Path]) -> None:
    for path in paths:
        output.talk(f"not deleted, because it lies outside the call's folder: {path}")


async def _find(settings: Settings, name: str) -> Entry:
    try:
        async with open_reader(settings) as reader:
            return await find_entry(reader, Path(settings.recordings), name)
    except NotFoundError:
        with suppress(NotFoundError):
            async with open_store(settings, must_exist=True) as store:
                await store.delete_calls([])  # finishes a deletion that was interrupted
        raise


async def _delete(settings: Settings, call: CallRow) -> list[Path]:
    async with open_store(settings) as store:
        return await delete_call(store, Path(settings.recordings), call)


def _confirm(what: str) -> None:
    if not output.can_ask():
        raise UsageError(
            "`delete` asks before it deletes, and there is no terminal to ask on; add --yes to delete without a question"
        )
    if not output.ask(f"Delete the recordings and the transcript of {what}?"):
        raise UsageError("nothing deleted")
