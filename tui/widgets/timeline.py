"""The strip of a call: two rows of its whole time, drawn by `tui.layout.timeline`; a click goes to that moment."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style
from rich.text import Text
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.layout.glyphs import COLOURS
from tui.layout.timeline import Cell

_LOOKS = ("critical", "warning", "info", "mark", "key", "hold", "doubt", "here")


class Timeline(Widget):
    """Who talks when, and what happened; `cells` are as many as there is room for."""

    ALLOW_SELECT = False

    COMPONENT_CLASSES = {
        "timeline--in-sight",
        *(f"timeline--{look}" for look in _LOOKS),
        *(f"timeline--speaker-{n}" for n in range(COLOURS)),
    }

    cells: reactive[tuple[Cell, ...]] = reactive(())

    @dataclass
    class Pressed(Message):
        """A cell was clicked; `share` is which part of the strip lies before it, 0 to 1."""

        share: float

    def render(self) -> Text:
        upper, lower = Text(no_wrap=True, end=""), Text(no_wrap=True, end="")
        for cell in self.cells:
            ground = self._style("in-sight") if cell.is_in_sight else Style()
            upper.append(cell.talk, ground + self._talk_style(cell))
            lower.append(cell.sign, ground + self._style(cell.look) if cell.look else ground)
        return Text("\n", end="").join([upper, lower])

    def _talk_style(self, cell: Cell) -> Style:
        """Return the colours of both halves; where two legs speak, the lower one is the ground."""
        if cell.upper is None and cell.lower is None:
            return Style()
        if cell.upper is None or cell.lower is None:
            return self._colour(cell.lower if cell.upper is None else cell.upper)
        return self._colour(cell.upper) + Style(bgcolor=self._colour(cell.lower).color)

    def _colour(self, rank: int | None) -> Style:
        style = self._style(f"speaker-{(rank or 0) % COLOURS}")
        return Style(color=style.color)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"timeline--{name}", partial=True)

    def on_click(self, event: Click) -> None:
        event.stop()
        self.post_message(self.Pressed(event.x / max(1, self.size.width)))
