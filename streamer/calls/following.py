"""All calls that are recorded into a folder, whoever records and transcribes them: only shown, never transcribed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

from streamer.bus import Bus
from streamer.calls.backend import Backend, open_backend
from streamer.calls.session import run_session
from streamer.config import Settings
from streamer.core.events import Trouble
from streamer.core.reasons import explain
from streamer.errors import StreamerError
from streamer.recording.index import Arrivals

LOOK_S = 0.1
"""Seconds between two looks for new calls."""

_log = logging.getLogger(__name__)


async def follow_all(settings: Settings, bus: Bus) -> None:
    """Announce what happens to calls that are live now, and to those that begin later, until cancelled.

    The folder of recordings, and the database in it, are opened with the first call: whoever looks makes no folder.
    """
    arrivals = list_arrivals(Path(settings.recordings))
    first = await anext(arrivals)
    async with open_backend(settings, None, bus) as backend, asyncio.TaskGroup() as group:
        group.create_task(_follow(first, backend, bus))
        async for folder in arrivals:
            group.create_task(_follow(folder, backend, bus))


async def list_arrivals(recordings: Path) -> AsyncIterator[Path]:
    """Yield the folder of each call that is live, and then of each that begins; without end."""
    arrivals = Arrivals(recordings)
    while True:
        for folder in await asyncio.to_thread(arrivals.look):
            yield folder
        await asyncio.sleep(LOOK_S)


async def _follow(folder: Path, backend: Backend, bus: Bus) -> None:
    """Follow one call to its end; what goes wrong with it costs no other."""
    try:
        await run_session(folder, backend, bus)
    except (StreamerError, OSError) as error:
        bus.publish(Trouble(folder.name, f"this call cannot be shown any more: {explain(error)}"))
    except Exception:  # noqa: BLE001 - the task's outermost edge
        _log.exception("a call cannot be followed any more")
        bus.publish(
            Trouble(
                folder.name,
                "this call cannot be shown any more, by a fault of streamer's; see the log",
            )
        )
