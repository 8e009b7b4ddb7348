"""`streamer backup`: copy the recordings and the database into a new folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

from streamer.calls.backup import copy_calls, make_target
from streamer.cli import output
from streamer.config import Settings
from streamer.errors import ExitCode, UsageError
from streamer.store import open_reader, store_path


def run_backup(settings: Settings, target: Path) -> int:
    """Copy everything that is not being recorded, and name what is left out.

    Raises:
        StreamerError: The folder is not empty, or something cannot be read or written.
    """
    if str(target) == "-":
        raise UsageError("a backup is a folder and cannot go to stdout; name a new or an empty one")
    make_target(target)
    asyncio.run(_copy_database(settings, target))
    backup = copy_calls(Path(settings.recordings), target)
    for call_id in backup.live:
        output.talk(f"left out {call_id}: it is being recorded; run the backup again later")
    for path in backup.left:
        output.talk(f"left out {path}: streamer did not write it")
    output.talk(f"copied {backup.calls} call{'' if backup.calls == 1 else 's'}")
    output.data(str(target))
    return ExitCode.DONE if backup.is_whole else ExitCode.FAILED


async def _copy_database(settings: Settings, target: Path) -> None:
    async with open_reader(settings) as reader:
        await reader.back_up(target / store_path(settings).name)
