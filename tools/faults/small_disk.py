"""What `disk` tries on a file system of its own: `python -m tools.faults.small_disk FOLDER`, which is one; prints JSON."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from streamer.config import Settings
from streamer.store import open_store
from tools.bench.machine import show
from tools.faults.broken_database import record_beside
from tools.faults.disk import HEADINGS, encode
from tools.faults.kept import find_call
from tools.faults.outcome import Outcome
from tools.faults.watched import BYTES_PER_S, END_S, WatchedCall, playing
from tools.processes import recordings_of, start_streamer
from tools.recorded import read_pcm

SECONDS = 8.0
ROOM_S = 4.0
"""For how much of the call there is room, about."""

_PIECE = 4096


async def _fill_up(folder: Path, outcome: Outcome) -> None:
    """Record a call for which the disk has too little room."""
    async with playing(folder, SECONDS) as call:
        recorder = await start_streamer(
            "record", *call.arguments, folder=folder, stderr=asyncio.subprocess.PIPE
        )
        await call.has_begun()
        _leave_room(folder, round(ROOM_S * BYTES_PER_S * len(call.tracks)))
        await call.has_ended()
        async with asyncio.timeout(END_S):
            _, err = await recorder.communicate()
    _judge(folder, call, err.decode().splitlines(), outcome)
    (folder / "filler").unlink()


def _leave_room(folder: Path, room: int) -> None:
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    (folder / "filler").write_bytes(bytes(max(0, free - room) // _PIECE * _PIECE))


def _judge(folder: Path, call: WatchedCall, said: list[str], outcome: Outcome) -> None:
    described, recorded_s, lost_s = find_call(folder), 0.0, 0.0
    losses = [f"the call was harmed: {report}" for report in call.pbx.reports]
    for track, leg in zip(call.tracks, described["legs"], strict=True):
        pcm = read_pcm(recordings_of(folder), described, leg)
        recorded_s += len(pcm) / BYTES_PER_S
        lost_s += leg["lost_seconds"]
        if not track.startswith(pcm):
            losses.append(f"{leg['leg']}: the WAV is not what was sent")
        if len(pcm) + leg["lost"] * 2 != len(track):
            losses.append(f"{leg['leg']}: {len(track)} bytes are not {len(pcm)} and what is lost")
    if not lost_s:
        losses.append("the disk was not full")
    about = [line for line in said if "the disk is full" in line]
    if len(about) != len(call.tracks):  # each leg has a file of its own
        losses.append(f"{len(about)} lines say it, which should be one for each leg: {said}")
    line = about[0].replace(str(folder), "...") if about else "-"
    sent_s = sum(map(len, call.tracks)) / BYTES_PER_S
    outcome.rows.append(["full", f"{sent_s:.1f} s", f"{recorded_s:.1f} s", f"{lost_s:.1f} s", line])
    outcome.losses += [f"full: {loss}" for loss in losses]


async def _read_only(folder: Path, outcome: Outcome) -> None:
    """Watch a call with a database on a file system that may only be read."""
    place = folder / "read-only"
    await _mount("-t", "tmpfs", "tmpfs", str(place))
    database = place / "streamer.sqlite3"
    async with open_store(Settings(db=str(database))):
        pass
    await _mount("-o", "remount,ro", str(place))
    await record_beside(folder, database, "read-only database", outcome)


async def _mount(*arguments: str) -> None:
    mounting = await asyncio.create_subprocess_exec("mount", *arguments)
    if await mounting.wait():
        raise OSError(f"mount {' '.join(arguments)} is not allowed")


async def _main(full: Path, database: Path) -> None:
    outcome = Outcome(HEADINGS)
    await _fill_up(full, outcome)
    await _read_only(database, outcome)
    show(encode(outcome))


def main() -> None:
    """Make a folder for each of the two, and try them."""
    full, database = (Path(sys.argv[1]) / name for name in ("full", "db"))
    full.mkdir()
    (database / "read-only").mkdir(parents=True)
    asyncio.run(_main(full, database))


if __name__ == "__main__":
    main()
