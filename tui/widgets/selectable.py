"""Words in rows that can be selected with the mouse: which stand under it, and what is copied."""

from __future__ import annotations

from rich.style import Style
from textual.events import MouseDown
from textual.geometry import Offset
from textual.scroll_view import ScrollView
from textual.selection import Selection

from tui.layout.call_transcript import CallLayout
from tui.layout.formatting import show_name
from tui.layout.selection import Span, encode_place, find_span, read_selected, settle
from tui.layout.transcript import Block
from tui.state.call import ShownCall
from tui.widgets.painter import Painter


class SelectableWords(ScrollView):
    """The laid-out words of a call, of which Textual selects those that the mouse is dragged over."""

    def __init__(self, shown: ShownCall, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.shown = shown
        self.blocks = CallLayout(shown)
        self._painter = Painter(shown, self._find_style)
        self._dragged_at: int | None = None
        """The first row in sight when a mouse button was pressed that is still held."""
        self._clears = False
        """Whether something was selected when it was pressed."""

    @property
    def is_dragged(self) -> bool:
        """Say whether a mouse button is held that was pressed here."""
        return self._dragged_at is not None

    def find_place(self, x: int, y: int) -> Offset | None:
        """Return the character at a cell of the terminal, or the nearest one, as `selection` counts; None if nothing was said."""
        region, size = self.content_region, self.size
        row = self.scroll_offset.y + max(0, min(y - region.y, size.height - 1))
        place = self.blocks.locate(min(row, self.blocks.height - 1))
        if place is None:
            return None
        block = self.blocks[place[0]]
        if row >= self.blocks.height:
            return encode_place(block.order, len(block.text))
        character = self._painter.find_character(block, place[1], x - region.x, size.width)
        return encode_place(block.order, character)

    def find_selected(self, block: Block) -> Span | None:
        """Return what of a block's text is selected."""
        selection = self.text_selection
        return selection and find_span(settle(selection, self.blocks, self.shown), block)

    @property
    def has_selected(self) -> bool:
        """Say whether any words are selected, without collecting them."""
        selection = self.text_selection
        if selection is None:
            return False
        settled = settle(selection, self.blocks, self.shown)
        return any(find_span(settled, block) for block in self.blocks)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected words; see `selection.read_selected`."""
        self.complete()
        settled = settle(selection, self.blocks, self.shown)
        text = read_selected(settled, self.blocks, lambda leg: show_name(self.shown.name(leg)))
        return (text, "\n") if text else None

    def complete(self) -> None:
        """Lay out every line."""

    def on_mouse_down(self, _: MouseDown) -> None:
        """Begin to hold still."""
        self._dragged_at = self.scroll_offset.y
        self._clears = self.text_selection is not None

    def _find_style(self, name: str) -> Style:
        return self.get_component_rich_style(f"transcript--{name}", partial=True)
