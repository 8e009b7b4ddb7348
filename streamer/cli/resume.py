"""`streamer resume`: complete the transcripts of interrupted calls from their recordings."""

from __future__ import annotations

import asyncio
from pathlib import Path

from streamer.bus import Bus, Subscription
from streamer.calls.backend import Backend, open_backend, without_partials
from streamer.calls.catalog import CallState, Entry, find_entry, list_damaged, list_entries
from streamer.calls.encoding import encode_entry
from streamer.calls.segment_writer import PATIENCE_S
from streamer.calls.session import run_session
from streamer.cli import output
from streamer.cli.calls import show_legs
from streamer.cli.models import choose_or_pull, need_language
from streamer.cli.signals import ENGINE_ENDS, run_to_end
from streamer.config import Settings
from streamer.core.events import Trouble
from streamer.errors import ExitCode, StreamerError
from streamer.speech.engine.models import InstalledModel
from streamer.store import Reader, open_reader

_PAGE = 500
_ALL_COMPLETE = "all transcripts are complete"


def run_resume(settings: Settings, name: str | None, *, is_all: bool, as_json: bool) -> int:
    """Complete one call or all of them and print the id of each that is done; without either, list those calls.

    Raises:
        StreamerError: There is no such call, no model, or no database.
    """
    entries = asyncio.run(_choose(settings, name))
    damaged = list_damaged(Path(settings.recordings)) if name is None else []
    for folder in damaged:
        output.talk(
            f"{folder} has no call.json that can be read, so `resume` skips it; its WAVs are good"
        )
    if name is None and not is_all:
        for entry in entries:
            output.json_line(encode_entry(entry)) if as_json else output.data(entry.call.id)
        if not as_json:
            output.talk("finish these: streamer resume --all" if entries else _ALL_COMPLETE)
        return ExitCode.DONE
    if not entries:
        if not damaged:
            output.talk(_ALL_COMPLETE)
        return ExitCode.FAILED if damaged else ExitCode.DONE
    model = choose_or_pull(settings)
    if model is None:
        return ExitCode.NOT_FOUND
    need_language(settings, model)
    return run_to_end(_resume(settings, model, entries), ending=ENGINE_ENDS)


async def _choose(settings: Settings, name: str | None) -> list[Entry]:
    async with open_reader(settings) as reader:
        if name is None:
            return await find_unfinished(reader, Path(settings.recordings))
        entry = await find_entry(reader, Path(settings.recordings), name)
    if entry.state in (CallState.LIVE, CallState.TRANSCRIBING):
        raise StreamerError(
            f"{entry.call.id} is {entry.state.value}, so another process makes its text; watch it: streamer watch"
        )
    return [entry] if entry.state is CallState.UNFINISHED else []


async def find_unfinished(reader: Reader, recordings: Path) -> list[Entry]:
    """Return all calls that have ended and whose transcript is incomplete, oldest first.

    Raises:
        StoreError: The store cannot be read.
    """
    found: list[Entry] = []
    before = None
    while page := await list_entries(reader, recordings, limit=_PAGE, before=before):
        found += [entry for entry in page if entry.state is CallState.UNFINISHED]
        before = page[-1].call.id
    return found[::-1]


async def _resume(settings: Settings, model: InstalledModel, entries: list[Entry]) -> int:
    bus, code = Bus(), ExitCode.DONE
    with bus.subscribe() as events:
        telling = asyncio.ensure_future(_tell(events))
        async with open_backend(settings, model, bus, patience_s=PATIENCE_S) as backend:
            backend.name = "resume"
            for number, entry in enumerate(entries, start=1):
                output.talk(f"{number} of {len(entries)}: {entry.call.id}, {show_legs(entry)}")
                if not await _resume_one(without_partials(backend), entry, bus):
                    code = ExitCode.FAILED
        bus.close()
        await telling
    return code


async def _resume_one(backend: Backend, entry: Entry, bus: Bus) -> bool:
    try:
        result = await run_session(entry.call.folder, backend, bus)
    except StreamerError as error:
        output.talk(f"{entry.call.id}: {error}")
        return False
    if result.trouble:
        output.talk(f"{entry.call.id}: {result.trouble}")
        return False
    output.data(entry.call.id)
    return True


async def _tell(events: Subscription) -> None:
    async for event in events:
        if isinstance(event, Trouble):
            output.talk(event.message)
