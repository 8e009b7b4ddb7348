"""Small screens in front of the list of calls: which columns it has, and views that were given names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import OptionList, SelectionList, Static
from textual.widgets.option_list import Option

from tui.layout.board import COLUMNS
from tui.layout.formatting import show_name
from tui.layout.hint import draw_hint
from tui.screens.dialogs import QUIT
from tui.state.preferences import View


class Ticks(SelectionList[str]):
    """Choices whose ticks are told apart without colours, too."""

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        index = y + self.scroll_offset.y
        if index >= self.option_count:
            return strip
        _, box, _, *prompt = strip
        mark = "x" if self.get_option_at_index(index).value in self.selected else " "
        plain = (prompt[0].style or Style()) + Style(meta=box.style.meta if box.style else {})
        return Strip([Segment(f"[{mark}]", plain), *prompt])


class PickColumns(ModalScreen[tuple[str, ...] | None]):
    """Asks for columns; returns them after Enter, none of them for those that fit, and None after Esc."""

    BINDINGS = [
        Binding("enter", "keep", "Save", id="keep", priority=True, tooltip="Save"),
        Binding("escape", "leave", "Close", id="leave", tooltip="Cancel"),
        Binding("a", "reset", "Automatic", id="reset", tooltip="Choose columns by the width"),
        Binding("j", "move('cursor_down')", show=False, id="choice-down", tooltip="Next choice"),
        Binding("k", "move('cursor_up')", show=False, id="choice-up", tooltip="Previous choice"),
        QUIT,
    ]

    def __init__(self, shown: Sequence[str]) -> None:
        super().__init__()
        self._shown = shown

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content("Columns of this list"))
            yield Ticks(
                *(
                    (Text.assemble(f"{name:<10}", (column.about, "dim")), name, name in self._shown)
                    for name, column in COLUMNS.items()
                )
            )
            yield Static(
                draw_hint("Space Choose   Enter Save   a Automatic   Esc Cancel"), classes="hint"
            )

    def action_keep(self) -> None:
        chosen = self.query_one(SelectionList).selected
        self.dismiss(tuple(name for name in COLUMNS if name in chosen))

    def action_reset(self) -> None:
        self.dismiss(())

    def action_move(self, action: str) -> None:
        getattr(self.query_one(SelectionList), f"action_{action}")()

    def action_leave(self) -> None:
        self.dismiss(None)


class PickView(ModalScreen[tuple[str, bool] | None]):
    """Asks for a view; returns its name and whether it is to be deleted, None after Esc."""

    BINDINGS = [
        Binding("escape", "leave", "Close", id="leave", tooltip="Cancel"),
        Binding("x", "delete", "Delete", id="delete", tooltip="Delete this view"),
        Binding("j", "move('cursor_down')", show=False, id="choice-down", tooltip="Next choice"),
        Binding("k", "move('cursor_up')", show=False, id="choice-up", tooltip="Previous choice"),
        QUIT,
    ]

    def __init__(self, views: Mapping[str, View]) -> None:
        super().__init__()
        self._views = views

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content("Views"))
            yield OptionList(*map(self._draw, self._views), markup=False)
            yield Static(draw_hint("Enter Choose   x Delete   Esc Cancel"), classes="hint")

    def _draw(self, name: str) -> Option:
        view = self._views[name]
        about = f"{show_name(view.filter, 30) if view.filter else 'all calls'}, by {view.order}"
        return Option(Text.assemble(f"{show_name(name, 20):<20} ", (about, "dim")), id=name)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss((str(event.option.id), False))

    def action_delete(self) -> None:
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            option = options.get_option_at_index(options.highlighted)
            self.dismiss((str(option.id), True))

    def action_move(self, action: str) -> None:
        getattr(self.query_one(OptionList), f"action_{action}")()

    def action_leave(self) -> None:
        self.dismiss(None)
