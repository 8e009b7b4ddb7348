"""A pseudo terminal with a streamer command in it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import struct
import sys
import termios
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

_PATIENCE_S = 60.0


class Terminal:
    """A program in a pseudo terminal; `written` is what it wrote since it was last cleared."""

    def __init__(self, process: asyncio.subprocess.Process, descriptor: int) -> None:
        self.process = process
        self.written = b""
        self._descriptor = descriptor
        self._news = asyncio.Event()

    def read(self) -> None:
        """Take what has been written."""
        with contextlib.suppress(OSError):
            self.written += os.read(self._descriptor, 1 << 20)
        self._news.set()

    def type(self, keys: bytes) -> None:
        """Press keys, and forget what was written before."""
        self.written = b""
        os.write(self._descriptor, keys)

    async def until(self, holds: Callable[[bytes], bool]) -> float:
        """Return when a condition on what was written held."""
        async with asyncio.timeout(_PATIENCE_S):
            while not holds(self.written):
                self._news.clear()
                await self._news.wait()
        return time.monotonic()


@asynccontextmanager
async def open_terminal(
    *arguments: str, size: tuple[int, int] = (80, 24), env: Mapping[str, str] = os.environ
) -> AsyncIterator[Terminal]:
    """Run a command of streamer in a terminal, until the block ends."""
    outside, inside = pty.openpty()
    fcntl.ioctl(outside, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    os.set_blocking(outside, False)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "streamer",
        *arguments,
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
        env={**env, "TERM": "xterm-256color"},
    )
    terminal = Terminal(process, outside)
    asyncio.get_running_loop().add_reader(outside, terminal.read)
    try:
        yield terminal
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        asyncio.get_running_loop().remove_reader(outside)
        os.close(outside)
        os.close(inside)
