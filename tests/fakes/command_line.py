"""The command line in this process: its exit code and what it prints, without the second that an interpreter takes.

Signals, closed descriptors and what a command imports are tried with real processes, see `recorder`.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

from streamer.cli import _run
from tests.fakes.replay import PATIENCE_S

_LOOP = "asyncio.unix_events._UnixSelectorEventLoop"
_one_at_a_time = threading.Lock()
"""Arguments and streams are the whole process's."""


class _Stream(io.TextIOWrapper):
    """A pipe that somebody reads."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), "utf-8", errors="backslashreplace", write_through=True)

    def read_all(self) -> str:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode()


async def run_here(
    *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """Do what `run_streamer` does, in a thread of this process."""
    async with asyncio.timeout(PATIENCE_S):
        return await asyncio.to_thread(_run_command, arguments, cwd, env)


def _run_command(
    arguments: tuple[str, ...], cwd: Path | None, env: Mapping[str, str] | None
) -> tuple[int, str, str]:
    out, err = _Stream(), _Stream()
    with ExitStack() as stack:
        assert _one_at_a_time.acquire(blocking=False), "one command at a time"
        stack.callback(_one_at_a_time.release)
        stack.enter_context(patch.object(sys, "argv", ["streamer", *arguments]))
        stack.enter_context(patch.object(sys, "stdin", io.StringIO()))
        stack.enter_context(patch.object(sys, "stdout", out))
        stack.enter_context(patch.object(sys, "stderr", err))
        stack.enter_context(_same_logging())
        stack.enter_context(_no_signals())
        if env is not None:
            stack.enter_context(patch.dict(os.environ, env, clear=True))
        if cwd is not None:
            stack.callback(os.chdir, Path.cwd())
            os.chdir(cwd)
        code = int(_run())
    return code, out.read_all(), err.read_all()


@contextmanager
def _no_signals() -> Iterator[None]:
    """Let an event loop that is not the main thread's ask for signals, none of which will come."""
    with (
        patch(f"{_LOOP}.add_signal_handler", lambda *_: None),
        patch(f"{_LOOP}.remove_signal_handler", lambda *_: False),
    ):
        yield


@contextmanager
def _same_logging() -> Iterator[None]:
    """Give back the loggers as they were; a command begins its own log."""
    root = logging.getLogger()
    loggers = [root, logging.getLogger("streamer"), logging.getLogger("websockets")]
    levels, handlers = [logger.level for logger in loggers], root.handlers
    root.handlers = []  # which the command would close
    try:
        yield
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers = handlers
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        logging.raiseExceptions = True
