"""How far `transcribe` has got, on stderr if that is a terminal: the seconds of one file, or of several how many are done."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from streamer.core.untrusted import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class FileProgress:
    """Follows files one after the other; without a bar it shows nothing."""

    def __init__(self, bar: Progress | None = None, *, count: int = 1) -> None:
        self._bar = bar
        self._count = count
        self._done = -1
        self._task: TaskID | None = None
        self._total_s = 0.0
        self._reached: dict[str, float] = {}

    def begin(self, name: str) -> None:
        """Go on to the next file."""
        self._done += 1
        self._total_s = 0.0
        self._reached = {}
        if self._bar is None:
            return
        from rich.markup import escape

        name = escape(printable(name))
        if self._count > 1:
            name = f"{self._done + 1}/{self._count} {name}"
        if self._task is None:
            self._task = self._bar.add_task(name, total=float(self._count))
        self._bar.update(self._task, description=name, completed=self._done)
        self._bar.start()

    def rest(self) -> None:
        """Leave the terminal to a text until the next file begins."""
        if self._bar is not None:
            self._bar.stop()

    def measure(self, total_s: float) -> None:
        """Take note of how many seconds all legs of the file have."""
        self._total_s = total_s

    def show(self, leg: str, seconds: float) -> None:
        """Show how far a leg of the file has got."""
        self._reached[leg] = max(self._reached.get(leg, 0.0), seconds)
        if self._bar is not None and self._task is not None and self._total_s:
            share = min(1.0, sum(self._reached.values()) / self._total_s)
            self._bar.update(self._task, completed=self._done + share)


@contextmanager
def open_progress(count: int) -> Iterator[FileProgress]:
    """Show progress over so many files while the block lasts."""
    if not sys.stderr.isatty():
        yield FileProgress()
        return
    from rich.console import Console
    from rich.progress import Progress

    # What is printed to stdout must not come out on the terminal of the bar.
    bar = Progress(console=Console(stderr=True), transient=True, redirect_stdout=False)
    try:
        yield FileProgress(bar, count=count)
    finally:
        bar.stop()
