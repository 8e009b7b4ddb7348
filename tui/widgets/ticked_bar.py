"""A scroll bar with signs on it, each at its place in the whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment, Segments
from rich.style import Style
from textual.scrollbar import ScrollBarRender

FindTicks = Callable[[int], Mapping[int, tuple[str, Style]]]
"""Returns the signs of a bar of so many rows, by row, and how they look."""


def make_ticked_bar(find_ticks: FindTicks) -> type[ScrollBarRender]:
    """Return what draws a vertical bar with signs."""

    class TickedBar(ScrollBarRender):
        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            size = options.height or console.height
            ticks = find_ticks(size)
            for bar in super().__rich_console__(console, options):
                if isinstance(bar, Segments):
                    rows = enumerate(bar.segments)
                    bar.segments = [_put(row, ticks.get(number)) for number, row in rows]
                yield bar

    return TickedBar


def _put(row: Segment, tick: tuple[str, Style] | None) -> Segment:
    """Return a row of the bar with a sign on the ground that it has."""
    if tick is None or row.style is None:
        return row
    sign, look = tick
    ground = row.style.color if row.style.reverse else row.style.bgcolor
    style = Style(color=look.color, bgcolor=ground, bold=True, meta=row.style.meta)
    return Segment(sign, style)
