"""A tab's process that is ready before its browser comes.

Theory of operation. An interpreter with the screen's modules takes seconds to start on a busy machine; to draw takes it a tenth of one.
So one process has imported everything and waits for its first line: the size of the terminal and what to open, as JSON. Whoever takes it
writes that line. The next one is started a little later, because the one that draws needs the processor. There is never more than one
that waits, it takes as much memory as a tab, and it ends when its stdin does, also where the server was killed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version

from tui.web.plan import Opening

_PAUSE_S = 3.0
"""Seconds from a tab's beginning to that of the process for the next one."""

_ENVIRONMENT = {
    "TEXTUAL_FPS": "60",
    "TEXTUAL_COLOR_SYSTEM": "truecolor",
    "TERM_PROGRAM": "textual",
    "TERM_PROGRAM_VERSION": version("textual-serve"),
}


_log = logging.getLogger(__name__)


class SpareTab:
    """Starts the processes of tabs with a command for a shell, each before it is wanted."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._waiting: Process | None = None
        self._starting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def prepare(self, pause_s: float = 0.0) -> None:
        """Have a process ready soon."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(pause_s, self._begin)

    async def take(self, opening: Opening) -> Process:
        """Return a process that draws, the one that waits if there is one.

        Raises:
            OSError: None can be started.
        """
        if self._starting is not None:
            await asyncio.wait([self._starting])
        process, self._waiting = self._waiting, None
        if process is None or _is_dead(process):
            process = await self._start()
        assert process.stdin is not None
        with suppress(OSError, RuntimeError):  # it has ended meanwhile, which whoever reads notices
            process.stdin.write(json.dumps(asdict(opening)).encode() + b"\n")
        self.prepare(_PAUSE_S)
        return process

    async def aclose(self) -> None:
        """End the process that waits."""
        if self._timer is not None:
            self._timer.cancel()
        if self._starting is not None:
            await asyncio.wait([self._starting])
        process, self._waiting = self._waiting, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()

    def _begin(self) -> None:
        if self._starting is None or self._starting.done():
            self._starting = asyncio.ensure_future(self._fill())

    async def _fill(self) -> None:
        if self._waiting is None:
            try:
                self._waiting = await self._start()
            except OSError as error:  # the next tab tries again, and says so
                _log.warning("no process can be started for the next tab: %s", error)

    async def _start(self) -> Process:
        return await asyncio.create_subprocess_shell(
            self._command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={**os.environ, **_ENVIRONMENT},
        )


def _is_dead(process: Process) -> bool:
    """Say whether a process has ended; its end may be heard of before its exit code is known."""
    assert process.stdout is not None
    return process.returncode is not None or process.stdout.at_eof()
