"""A process that outlives whoever started it: its plan goes in on stdin, what it says comes out as `messages`.

So no secret stands in a process list, and a starter that dies costs nothing: the lines then go nowhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from streamer.core.telemetry import forbid_telemetry
from streamer.errors import ExitCode, StreamerError
from streamer.recording.private_files import append_private
from streamer.tap.messages import Exited, Message, Said, encode_message, parse_message

_log = logging.getLogger(__name__)

_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_WARNING = re.compile(r"[-\d]+ [:,\d]+ (WARNING|ERROR|CRITICAL) \S+: (?P<message>.*)", re.DOTALL)
_MOST_TAILED = 1 << 16


class DetachedProcess:
    """A process that was started; it lives on when this object and this process are gone."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    async def messages(self) -> AsyncIterator[Message]:
        """Yield what it says, until it ends; what is no message of ours is logged."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), self._process.stdout
        )
        try:
            async for line in reader:
                try:
                    yield parse_message(line)
                except ValueError as error:
                    _log.warning("a tap sent a message that cannot be parsed: %s", error)
            await asyncio.to_thread(self._process.wait)
        finally:
            transport.close()


def start_detached(module: str, plan: Mapping[str, Any]) -> DetachedProcess:
    """Start a module of this package, in a session of its own, with a plan that JSON can hold."""
    # Not asyncio's subprocess: its transport kills the child when it is closed.
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(plan).encode())
    process.stdin.close()
    return DetachedProcess(process)


class Starter:
    """Whoever started this process, as the process sees it: takes messages for as long as somebody listens."""

    def __init__(self) -> None:
        os.set_blocking(1, False)

    def send(self, message: Message) -> None:
        """Send one message; never blocks, never fails."""
        with contextlib.suppress(OSError):  # nobody listens any more, or not now
            os.write(1, encode_message(message))


def log_to(path: Path) -> None:
    """Log to a file that is private to its owner, after what it holds."""
    logging.basicConfig(stream=append_private(path), format=_LINE, level=logging.INFO, force=True)


class LogTail:
    """Reads what is added to a log of `log_to` from now on; whoever has taken a detached process over hears its warnings so."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        with contextlib.suppress(OSError):
            self._offset = path.stat().st_size

    def read(self) -> list[str]:
        """Return the warnings since the last time, each an untrusted line; what is being written waits for the next time."""
        try:
            with self._path.open("rb") as file:
                if file.seek(0, os.SEEK_END) < self._offset:
                    self._offset = 0  # it was emptied
                file.seek(self._offset)
                added, end, rest = file.read(_MOST_TAILED).rpartition(b"\n")
        except OSError:
            return []
        # What fills a whole look without an end is no line of ours, and is passed over.
        self._offset += len(added + end) or len(rest) // _MOST_TAILED * _MOST_TAILED
        lines = [line.decode("utf-8", "replace") for line in added.split(b"\n")]
        return [found["message"] for line in lines if (found := _WARNING.fullmatch(line))]


def run_detached(work: Callable[[Starter], Coroutine[Any, Any, int]], *, what: str) -> int:
    """Run a detached process's work, which returns its exit code; say that code, and what went wrong, to whoever started it.

    `what` names the process for the user. An error that is no `StreamerError` goes into the log, too, and is raised.
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTSTP, signal.SIGPIPE):
        signal.signal(
            number, signal.SIG_IGN
        )  # nothing that happens to a terminal or a reader ends it
    forbid_telemetry()
    starter, code = Starter(), int(ExitCode.FAILED)
    try:
        code = int(asyncio.run(work(starter)))
    except StreamerError as error:
        starter.send(Said(str(error)))
        code = int(error.exit_code)
    except Exception:
        _log.exception("%s has failed", what)
        starter.send(Said(f"{what} has failed, by a fault of streamer's; see the log"))
        raise
    finally:
        starter.send(Exited(code))
    return code
