"""Textual's driver, made to end with its terminal instead of waiting for it for ever."""

from __future__ import annotations

import asyncio
import select
import signal
from contextlib import suppress
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver

_ERASE_LINE = "\r\x1b[K"

_LOOK_S = 1.0
"""Seconds from one look whether the terminal is still there to the next."""


class _ForgivingFile:
    """A terminal to write to that may go away; what cannot be written is lost, since there is no one to see it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()


class Driver(LinuxDriver):
    """Writes to a terminal that may go away.

    Textual writes on a thread. When the terminal is gone that thread would end with an error, its queue would fill, and the event loop,
    waiting for room in it, would neither end on a signal nor let go of the call that it transcribes.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._file: Any = _ForgivingFile(self._file)
        self._next_look: asyncio.TimerHandle | None = None

    def start_application_mode(self) -> None:
        """Take the terminal, and watch over it until it is gone."""
        if self._next_look is None:
            self._file.write(_ERASE_LINE)  # what said that the screen is being opened
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._next_look is not None:
            self._next_look.cancel()
        self._look()

    def _look(self) -> None:
        """Leave as after SIGHUP, which the system sends only to those whose controlling terminal it was; others would read nothing for ever."""
        if self.exit_event.is_set():
            return
        watched = select.poll()
        watched.register(self.fileno, 0)
        if any(event & select.POLLHUP for _, event in watched.poll(0)):
            signal.raise_signal(signal.SIGHUP)
        else:
            self._next_look = self._loop.call_later(_LOOK_S, self._look)
