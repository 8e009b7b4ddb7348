"""A disk that is full, a database that may only be read, and a database that is garbage: the call is recorded in any case.

The first two need a file system of their own, which a namespace gives without harm to anybody; where that is not allowed they are skipped.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tools.faults.broken_database import record_beside
from tools.faults.outcome import Outcome

HEADINGS = ("disk", "audio sent", "recorded", "counted as lost", "said")
GARBAGE = random.Random(3).randbytes(65_536)


async def run() -> Outcome:
    """Do all of them."""
    outcome = Outcome(HEADINGS)
    for other in (await _run_apart(), await _meet_garbage()):
        outcome.rows += other.rows
        outcome.losses += other.losses
    return outcome


async def _run_apart() -> Outcome:
    """Do what needs mounts, in a namespace with a small file system."""
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        mount = 'mount -t tmpfs -o size=8m tmpfs "$1" && exec "$2" -m tools.faults.small_disk "$1"'
        try:
            apart = await asyncio.create_subprocess_exec(
                *("unshare", "-rm", "sh", "-c", mount, "sh", folder, sys.executable),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except FileNotFoundError:
            return _skip("there is no `unshare` here")
        out, err = await apart.communicate()
    if apart.returncode:
        return _skip((err.decode().splitlines() or ["no reason given"])[-1])
    return Outcome(**json.loads(out))


def _skip(why: str) -> Outcome:
    return Outcome(HEADINGS, [["full, or only to be read", "-", "-", "-", f"skipped: {why}"]])


async def _meet_garbage() -> Outcome:
    outcome = Outcome(HEADINGS)
    with tempfile.TemporaryDirectory(prefix="st-", ignore_cleanup_errors=True) as name:
        database = Path(name) / "garbage.sqlite3"
        database.write_bytes(GARBAGE)
        await record_beside(Path(name), database, "garbage for a database", outcome)
        if database.read_bytes() != GARBAGE:
            outcome.losses.append("garbage: the file was written to")
    return outcome


def encode(outcome: Outcome) -> str:
    """Return an outcome as it is passed from one process to another."""
    return json.dumps(asdict(outcome))
