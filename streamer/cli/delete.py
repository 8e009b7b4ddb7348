"""`streamer delete`: take a call out for good."""

from __future__ import annotations

import asyncio
from pathlib import Path

from streamer.catalog import find_entry
from streamer.cli import output
from streamer.cli.calls import show_legs
from streamer.cli.moments import show_moment
from streamer.config import Settings
from streamer.deletion import delete_call
from streamer.errors import ExitCode, NotFoundError, UsageError
from streamer.pipeline import store_path
from streamer.store import open_store


def run_delete(settings: Settings, name: str, *, is_sure: bool) -> int:
    """Delete a call; asks first unless the user is sure.

    Raises:
        StreamerError: There is no such call, it is in use, or something of it is left.
    """
    return asyncio.run(_delete(settings, name, is_sure=is_sure))


async def _delete(settings: Settings, name: str, *, is_sure: bool) -> int:
    async with open_store(store_path(settings)) as store:
        try:
            call = (await find_entry(store, Path(settings.recordings), name)).call
        except NotFoundError:
            await store.delete_calls([])  # finishes a deletion that was interrupted
            raise
        if not is_sure:
            _confirm(f"{call.id}, {show_moment(call.started_at)}: {show_legs(call)}")
        for path in await delete_call(store, call):
            output.talk(f"not removed, because it lies outside the recordings: {path}")
    output.talk(f"deleted {call.id}")
    return ExitCode.DONE


def _confirm(what: str) -> None:
    if not output.can_ask():
        raise UsageError("deleting asks first; without a terminal say --yes")
    if not output.ask(f"Delete the recordings and every word of {what}?"):
        raise UsageError("nothing was deleted")
