"""200 calls over `serve`, twenty at once, and what its processes hold at the beginning and in the end."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tools.faults.many_calls import CALLS, LENGTH_S, PCM
from tools.faults.outcome import Outcome
from tools.faults.watched import BEGIN_S, END_S, Viewer, viewing
from tools.processes import LISTENER, find_keeper, find_working, recordings_of, until
from tools.recorded import read_calls, read_pcm

MOST_MORE_FILES = 8
"""Descriptors that may be open in the end beyond those of the beginning."""


@dataclass(frozen=True, slots=True)
class _Held:
    rss_mb: float
    files: int

    def __str__(self) -> str:
        return f"{self.rss_mb:.0f} MB, {self.files} descriptors"


async def run() -> Outcome:
    """Make the calls, and compare every WAV with what was said."""
    outcome = Outcome(("", "at the beginning", "in the middle", "in the end"))
    with tempfile.TemporaryDirectory(prefix="st-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        flags = ["--audiosocket", "127.0.0.1:0", "--accept-unknown"]
        async with viewing("serve", *flags, folder=folder) as viewer:
            await until(lambda: bool(viewer.of_kind("listening")), BEGIN_S)
            port = viewer.of_kind("listening")[-1]["address"].rpartition(":")[2]
            begun = _look(viewer, folder)
            calling = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tools.faults.many_calls", port),
                stdout=asyncio.subprocess.PIPE,
            )
            await until(lambda: len(read_calls(recordings_of(folder))) >= CALLS // 2, 2 * END_S)
            middle = _look(viewer, folder)
            out, _ = await calling.communicate()
            with suppress(TimeoutError):
                await until(lambda: _count_ended(folder) == CALLS, END_S)
            ended = _look(viewer, folder)
        whole = _compare(folder, json.loads(out), outcome)
    for process in ("serve", "listener", "keeper"):
        holds = [str(look.get(process, "-")) for look in (begun, middle, ended)]
        outcome.rows.append([process, *holds])
    outcome.rows.append([f"of {CALLS} calls of {LENGTH_S:.0f} s", "", "", f"{whole} are whole"])
    _find_leaks(begun, ended, outcome)
    return outcome


def _look(viewer: Viewer, folder: Path) -> dict[str, _Held]:
    (listener,) = find_working(LISTENER, recordings_of(folder))
    found = {
        "serve": psutil.Process(viewer.process.pid),
        "listener": listener,
        "keeper": find_keeper(folder / "run"),
    }
    return {
        name: _Held(process.memory_info().rss / 2**20, process.num_fds())
        for name, process in found.items()
        if process is not None
    }


def _count_ended(folder: Path) -> int:
    return sum(call["reason"] is not None for call in read_calls(recordings_of(folder)))


def _compare(folder: Path, results: dict[str, Any], outcome: Outcome) -> int:
    """Return how many calls are recorded wholly."""
    recorded = {call["facts"]["uuid"]: call for call in read_calls(recordings_of(folder))}
    whole = 0
    for uuid, ending in results.items():
        call = recorded.get(uuid)
        if ending != "HUNG_UP":
            outcome.losses.append(f"{uuid} ended otherwise: {ending}")
        elif call is None or call["reason"] != "hang-up":
            outcome.losses.append(f"{uuid} is not recorded to its end")
        elif read_pcm(recordings_of(folder), call, call["legs"][0]) != PCM:
            outcome.losses.append(f"{uuid} is not recorded as it was sent")
        else:
            whole += 1
    return whole


def _find_leaks(begun: dict[str, _Held], ended: dict[str, _Held], outcome: Outcome) -> None:
    for name, before in begun.items():
        if name in ended and ended[name].files > before.files + MOST_MORE_FILES:
            outcome.losses.append(
                f"{name} has {ended[name].files} descriptors, after {before.files}"
            )
