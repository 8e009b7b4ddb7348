"""What `record` shows on stderr: a live meter on a terminal, else a line now and then, and nothing when quiet."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import TYPE_CHECKING, Protocol

from streamer.cli import output
from streamer.core.transcript import format_position
from streamer.core.untrusted import printable

if TYPE_CHECKING:
    from rich.table import Table

    from streamer.recording.writer import Recording

REFRESH_S = 0.1
LINE_S = 10.0
METER_WIDTH = 20
_SHOWN_LEGS = 12


class Progress(Protocol):
    """Follows one recording until it is closed."""

    is_quiet: bool

    def watch(self, recording: Recording) -> None:
        """Start to show a recording."""

    def say(self, message: str) -> None:
        """Say one untrusted line without tearing the meter."""

    async def run(self) -> None:
        """Refresh until cancelled."""

    def close(self) -> None:
        """Stop showing."""


def open_progress(*, is_quiet: bool) -> Progress:
    """Choose the progress that suits stderr."""
    if is_quiet or not sys.stderr.isatty():
        return LineProgress(is_quiet=is_quiet)
    return MeterProgress()


class LineProgress:
    """A plain line every 10 s, or none."""

    def __init__(self, *, is_quiet: bool) -> None:
        self.is_quiet = is_quiet
        self._recording: Recording | None = None
        self._began = time.monotonic()

    def watch(self, recording: Recording) -> None:
        """Start to show a recording."""
        self._recording = recording
        self._began = time.monotonic()

    def say(self, message: str) -> None:
        """Say one line."""
        output.talk(message)

    async def run(self) -> None:
        """Print a line now and then until cancelled."""
        while True:
            await asyncio.sleep(LINE_S)
            if self._recording is not None and not self.is_quiet:
                output.talk(describe(self._recording, elapsed_s=time.monotonic() - self._began))

    def close(self) -> None:
        """Nothing to clear away."""


class MeterProgress:
    """A table redrawn in place: time, and for each leg its level, frames, longest gap and size."""

    is_quiet = False

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(stderr=True)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._recording: Recording | None = None
        self._began = time.monotonic()

    def watch(self, recording: Recording) -> None:
        """Start to show a recording."""
        self._recording = recording
        self._began = time.monotonic()
        with contextlib.suppress(OSError):
            self._live.start()

    def say(self, message: str) -> None:
        """Print a line above the meter; a terminal that is gone does not matter."""
        shown = printable(message, limit=output.TALK_LIMIT)
        with contextlib.suppress(OSError):
            self._console.print(shown, markup=False, highlight=False, soft_wrap=True)

    async def run(self) -> None:
        """Redraw until cancelled; a terminal that is gone ends only the drawing."""
        try:
            while True:
                await asyncio.sleep(REFRESH_S)
                if self._recording is not None:
                    self._live.update(self._draw(self._recording), refresh=True)
        except OSError:
            self._recording = None

    def close(self) -> None:
        """Leave the last picture on the screen."""
        recording = self._recording
        with contextlib.suppress(OSError):
            self._live.stop()
            if recording is not None:
                self._console.print(self._draw(recording))

    def _draw(self, recording: Recording) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, padding=(0, 1), show_header=True, header_style="dim")
        for heading in (
            format_position(time.monotonic() - self._began),
            "level",
            "frames",
            "gap",
            "size",
        ):
            table.add_column(heading, justify="left" if heading == "level" else "right")
        for number, leg in enumerate(recording.legs[:_SHOWN_LEGS]):
            level = recording.level(number) if leg.reason is None else 0.0
            meter = Text(draw_meter(level, is_ascii=not self._console.encoding.startswith("utf")))
            meter.stylize("green" if level < 0.9 else "red")
            frames, gap, size = (
                str(leg.frames),
                f"{leg.longest_gap:.2f} s",
                format_size(leg.samples * 2),
            )
            table.add_row(Text(printable(leg.leg)), meter, frames, gap, size)
        if len(recording.legs) > _SHOWN_LEGS:
            table.add_row(f"and {len(recording.legs) - _SHOWN_LEGS} more", "", "", "", "")
        return table


def describe(recording: Recording, *, elapsed_s: float) -> str:
    """Return a recording's state as one line."""
    frames = sum(leg.frames for leg in recording.legs)
    gap = max(leg.longest_gap for leg in recording.legs)
    size = format_size(sum(leg.samples * 2 for leg in recording.legs))
    return f"{format_position(elapsed_s)} {frames} frames, longest gap {gap:.2f} s, {size}"


def draw_meter(level: float, *, is_ascii: bool = False) -> str:
    """Return a bar for a level of 0 to 1 on a scale of 60 dB."""
    loudness = max(0.0, 1 + _decibels(level) / 60)
    filled = round(loudness * METER_WIDTH)
    full, empty = ("#", ".") if is_ascii else ("█", "·")
    return full * filled + empty * (METER_WIDTH - filled)


def _decibels(level: float) -> float:
    import math

    return 20 * math.log10(level) if level > 0 else -60.0


def format_size(size: int) -> str:
    """Return a count of bytes in kB or MB."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
