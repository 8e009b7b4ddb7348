"""Real streamer processes for a tool: started with a keeper and a home of their own, found, waited for."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

TAP = "streamer.tap.outbound_process"
LISTENER = "streamer.tap.inbound_process"
ENGINE = "streamer.speech.engine.worker"

_END_S = 10.0


async def start_streamer(
    *arguments: str, folder: Path, **options: Any
) -> asyncio.subprocess.Process:
    """Start a command with the environment of `folder`; its stdout is read."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "streamer", *arguments),
        **{
            "stdin": asyncio.subprocess.DEVNULL,
            "stdout": asyncio.subprocess.PIPE,
            "stderr": asyncio.subprocess.DEVNULL,
            "env": environment(folder),
            **options,
        },
    )


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which streamer records into `folder`/recordings, and has its keeper in `folder`/run."""
    own = {
        "HOME": str(folder),
        "STREAMER_RECORDINGS": str(recordings_of(folder)),
        "STREAMER_RUNTIME_DIR": str(folder / "run"),
    }
    return {**os.environ, **own}


def recordings_of(folder: Path) -> Path:
    """Return where `start_streamer` records."""
    return folder / "recordings"


async def end(process: asyncio.subprocess.Process) -> None:
    """End a process, kindly at first."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_END_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def until(condition: Callable[[], bool], most_s: float) -> None:
    """Wait for what other processes do; it is looked for on a thread, since a look at all processes takes a while.

    Raises:
        TimeoutError: It did not come in time.
    """
    async with asyncio.timeout(most_s):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - other processes make it true
            await asyncio.sleep(0.05)


def find_keeper(runtime_dir: Path) -> psutil.Process | None:
    """Return the keeper that listens in a folder."""
    path = str(runtime_dir / "keeper.sock")
    for process in psutil.process_iter(["cmdline"]):
        if any("keeper/process.py" in word for word in process.info["cmdline"] or []):
            with suppress(psutil.Error):
                if any(str(one.laddr) == path for one in process.net_connections("unix")):
                    return process
    return None


def find_working(module: str, recordings: Path) -> list[psutil.Process]:
    """Return the processes that run a module and have files of these recordings open."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if module in (process.info["cmdline"] or []):
            with suppress(psutil.Error):
                files = process.open_files()
                if any(Path(file.path).is_relative_to(recordings) for file in files):
                    found.append(process)
    return found


def find_children(process: asyncio.subprocess.Process, module: str) -> list[psutil.Process]:
    """Return the processes below one that run a module."""
    found = []
    with suppress(psutil.Error):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error):
                if module in child.cmdline():
                    found.append(child)
    return found


async def resume_all(folder: Path) -> int:
    """Complete the text of every call; return the exit code."""
    resume = await start_streamer("resume", "--all", "--model", "demo", folder=folder)
    await resume.communicate()
    return resume.returncode or 0
