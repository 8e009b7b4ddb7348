"""Textual's driver, made to end with its terminal instead of waiting for it for ever."""

from __future__ import annotations

from contextlib import suppress
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver


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
