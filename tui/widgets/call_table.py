"""The table of the list of calls: it draws what has changed, and only where somebody sees it.

Textual's table renders each cell as a renderable of Rich, anew after every change of any: with fifty live calls that is most of what a
screen costs. Here the rows are drawn line by line from their cells; keys, cursor and mouse are Textual's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding
from textual.strip import Strip
from textual.widgets import DataTable

from tui.layout.board import COLUMNS, Cell, cut, fit

_BLANKS = 2
"""Cells beside each column."""

_SCROLLBAR = 1

_HEADER = 1
"""Lines above the rows."""

_NOTHING = Text()

_LOOKS = {"good": "success", "warning": "warning", "bad": "error", "quiet": "quiet"}
"""How cells look, and what the colour is called in a theme."""

_STICKY = 4
"""Cells that the last words may lack so that columns stand still."""

Row = Mapping[str, Cell]


class CallTable(DataTable[Text]):
    """Rows by call; the cursor stays on its call when the order changes."""

    BINDINGS = [
        Binding(
            "enter",
            "select_cursor",
            "Open",
            id="open",
            key_display="Enter",
            tooltip="Open the call",
        )
    ]

    def __init__(self) -> None:
        super().__init__(cursor_type="row", id="calls")
        self._wanted: dict[str, Row] = {}
        self._columns_shown: tuple[str, ...] = ()
        self._cells_wide: dict[str, int] = {}
        self._live_calls: frozenset[str] = frozenset()
        self._order: list[str] = []
        self._laid_out: tuple[tuple[str, ...], dict[str, int]] = ((), {})
        self._colours: dict[str, Style] = {}
        self._drawn_rows: dict[str, Row] = {}
        """What was drawn last of each row; of those out of sight that may be old."""

    @property
    def selected(self) -> str | None:
        """Return the key of the row under the cursor."""
        is_there = 0 <= self.cursor_row < len(self._order)
        return self._order[self.cursor_row] if is_there else None

    @property
    def names(self) -> tuple[str, ...]:
        """Return which columns are shown."""
        return self._columns_shown

    def forget_widths(self) -> None:
        """Have all columns as wide as their cells need, once more, and everything drawn anew."""
        self._cells_wide, self._drawn_rows, self._colours = {}, {}, {}

    def show_rows(
        self,
        rows: Mapping[str, Row],
        names: Sequence[str],
        *,
        width: int,
        live: frozenset[str],
    ) -> None:
        """Show rows in their order, with these columns, in `width` cells; of those that are `live` the newest words stay in sight."""
        self._live_calls = live
        needed = fit(names, rows.values(), width - _SCROLLBAR, blanks=_BLANKS)
        widths = self._keep_wide(needed)
        is_same = widths == self._cells_wide and tuple(names) == self._columns_shown
        if is_same and list(rows) == self._order and self._drawn_rows:
            self._wanted = dict(rows)
            self.catch_up()
        else:
            self._fill(rows, tuple(names), widths)

    def _keep_wide(self, needed: dict[str, int]) -> dict[str, int]:
        """Return widths that hardly shrink while calls are live, so that columns stand still."""
        if tuple(needed) != tuple(self._cells_wide) or not self._live_calls:
            return needed
        widths = {name: max(self._cells_wide[name], cells) for name, cells in needed.items()}
        if "words" in widths:
            grown = sum(widths[name] - needed[name] for name in widths if name != "words")
            widths["words"] = needed["words"] - grown
            if grown > _STICKY:
                return needed
        return widths

    def catch_up(self) -> None:
        """Draw what has changed of the rows in sight."""
        first = int(self.scroll_y)
        for number, key in enumerate(self._order[first : first + self.size.height], start=first):
            row = self._wanted[key]
            if self._drawn_rows.get(key) != row:
                self.refresh_line(number + _HEADER)
                self._drawn_rows[key] = row

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.catch_up()

    def render_line(self, y: int) -> Strip:
        """Return one line of the table: the headings, or a row."""
        number = y - _HEADER + (int(self.scroll_offset.y) if y else 0)
        width, left = self.size.width, int(self.scroll_offset.x)
        if number >= len(self._order):
            return Strip.blank(width, self.rich_style)
        style = self._find_style(number)
        if number < 0:
            cells = self._headings()
        else:
            cells = self._wanted[self._order[number]]
        is_live = number >= 0 and self._order[number] in self._live_calls
        segments = [
            self._draw_cell(place, name, cells[name], number, style, is_live=is_live)
            for place, name in enumerate(self._columns_shown)
        ]
        strip = Strip(segments).adjust_cell_length(max(width, left + width), style)
        return strip.crop(left, left + width)

    def _headings(self) -> Row:
        titles = {name: COLUMNS[name].title for name in self._columns_shown}
        if "began" in titles and "length" not in titles:
            titles["began"] = "time"  # when a past call began, and how long a live one has lasted
        return {name: Cell(title) for name, title in titles.items()}

    def _find_style(self, number: int) -> Style:
        if number < 0:
            part = "datatable--header"
        elif number == self.cursor_row:
            part = "datatable--cursor"
        else:
            return self.rich_style
        return self.get_component_rich_style(part)

    def _draw_cell(
        self, place: int, name: str, cell: Cell, number: int, style: Style, *, is_live: bool
    ) -> Segment:
        cells = self._cells_wide[name]
        text = cut(cell.text, cells, keeps_end=name == "words" and is_live)
        if cell_len(text) > cells:
            text = f"{set_cell_size(text, cells - 1)}…"
        is_strong = cell.look == "bad" or (name == "state" and is_live)
        is_pale = (
            cell.look == "quiet" and number == self.cursor_row
        )  # too pale on the cursor's ground
        style += self._palette("" if is_pale else cell.look) + Style(
            bold=True if is_strong else None, meta={"row": number, "column": place}
        )
        return Segment(f" {set_cell_size(text, cells)} ", style)

    def _palette(self, look: str) -> Style:
        if not self._colours:
            variables = self.app.get_css_variables()
            self._colours = {
                look: Style(color=variables[name])
                for look, name in _LOOKS.items()
                if name in variables
            }
        return self._colours.get(look, Style.null())

    def _fill(
        self, rows: Mapping[str, Row], names: tuple[str, ...], widths: dict[str, int]
    ) -> None:
        selected, scroll_y = self.selected, self.scroll_y
        self._cells_wide, self._wanted, self._drawn_rows = widths, dict(rows), dict(rows)
        self._order = list(rows)
        if (names, widths) != self._laid_out:
            self.clear(columns=True)
            for name in names:
                self.add_column(Text(COLUMNS[name].title), width=widths[name], key=name)
            self._columns_shown, self._laid_out = names, (names, widths)
        else:
            self.clear()
        for call_id in rows:
            self.add_row(*[_NOTHING] * len(names), key=call_id)
        if selected in self._wanted:
            self.move_cursor(row=self._order.index(selected), animate=False)
            self.scroll_to(y=scroll_y, animate=False)
