"""`streamer marks`: what users have marked, in one call or in all."""

from __future__ import annotations

import asyncio
from pathlib import Path

from streamer.calls.catalog import find_entry
from streamer.cli import output
from streamer.config import Settings
from streamer.core.encoding import encode_event
from streamer.core.mark import Mark
from streamer.core.transcript import show_mark
from streamer.core.untrusted import printable
from streamer.errors import ExitCode
from streamer.store import open_reader

_LONGEST = 10_000


def run_marks(settings: Settings, name: str | None, *, as_json: bool) -> int:
    """Print the marks of one call, or of all, newest call first; no marks are no error.

    Raises:
        StreamerError: There is no such call, or the database cannot be read.
    """
    marks = asyncio.run(_read(settings, name))
    for mark in marks:
        if as_json:
            output.json_line(encode_event(mark))
        else:
            before = "" if name else f"{mark.call_id} "
            output.data(printable(before + show_mark(mark), limit=_LONGEST))
    if not marks and not as_json:
        output.talk("nothing is marked; `m` on the screen of a call marks a line")
    return ExitCode.DONE


async def _read(settings: Settings, name: str | None) -> list[Mark]:
    async with open_reader(settings) as reader:
        if name is None:
            return await reader.read_marks()
        entry = await find_entry(reader, Path(settings.recordings), name)
        return await reader.read_marks([entry.call.id])
