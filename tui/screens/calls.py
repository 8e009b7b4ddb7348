"""The calls screen: the calls that any process records now, and past ones."""

from __future__ import annotations

import asyncio

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import DataTable, Input, Static
from textual.widgets.data_table import ColumnKey
from textual.worker import Worker

from streamer.calls.catalog import CallState, Entry
from streamer.core.audio import show_leg
from streamer.core.folders import say_no_calls, show_folder
from streamer.core.transcript import format_position
from streamer.errors import StreamerError
from tui.layout.formatting import (
    PROTOCOL_NAMES,
    name_protocol,
    show_beginning,
    show_count,
    show_name,
)
from tui.navigation import Navigator
from tui.screens.dialogs import FIRST_KEYS, MESSAGE_KEYS
from tui.state.list_details import CallDetails, DetailsReader
from tui.widgets.bottom import FindBar, TroubleLine, may_act
from tui.widgets.keys import KeyLine

REFRESH_S = 0.7
SHOWN = 200
"""Calls that are listed, or as many as are live; a search finds the others."""

_COLUMNS = {"state": 15, "began": 12, "length": 7, "legs": 16, "last words": 20}
_WIDE = 120
"""Cells from which channels are shown beside labels."""

_WIDE_LEGS = 48


class CallTable(DataTable[Text]):
    """The list itself."""

    BINDINGS = [
        Binding(
            "enter",
            "select_cursor",
            "Open",
            key_display="Enter",
            tooltip="Open the call",
        )
    ]


class CallsScreen(Screen[None]):
    """A list that refreshes itself."""

    app: Navigator

    BINDINGS = [
        *FIRST_KEYS,
        Binding("enter", "open", "Open", id="open", tooltip="Open the call"),
        Binding(
            "slash",
            "filter",
            "Filter",
            id="filter",
            priority=True,
            tooltip="Filter this list",
        ),
        Binding(
            "ctrl+f",
            "app.search",
            "Search",
            id="search-all",
            priority=True,
            tooltip="Search all calls",
        ),
        Binding("s", "stop", "Stop", id="stop", tooltip="Stop recording this call"),
        Binding(
            "o",
            "app.channels",
            "Channels",
            id="channels",
            show=False,
            tooltip="Tap a channel of the PBX (ARI)",
        ),
        Binding("escape", "close", "Show all", id="close", tooltip="Clear the filter"),
        Binding("j", "move('cursor_down')", "Down", id="down", show=False, tooltip="Next call"),
        Binding("k", "move('cursor_up')", "Up", id="up", show=False, tooltip="Previous call"),
        Binding(
            "g",
            "move('scroll_top')",
            "First",
            id="first",
            show=False,
            tooltip="Go to the newest call",
        ),
        Binding(
            "G",
            "move('scroll_bottom')",
            "Last",
            id="last",
            show=False,
            tooltip="Go to the oldest call",
        ),
        *MESSAGE_KEYS,
    ]

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []
        self._details: dict[str, CallDetails] = {}
        self._reader = DetailsReader()
        self._cells: dict[str, tuple[str, ...]] = {}
        self._is_laid_out = False
        self._refreshing: Worker[None] | None = None
        self._lacks_text = 0

    def compose(self) -> ComposeResult:
        yield Static("calls", id="title", classes="title", markup=False)
        yield CallTable(cursor_type="row", id="calls")
        yield Static("Opening the list of calls", id="empty", classes="empty", markup=False)
        yield TroubleLine(id="trouble")
        yield FindBar(placeholder="Filter this list", id="filter")
        yield KeyLine()

    @property
    def table(self) -> DataTable[Text]:
        return self.query_one(DataTable)

    def on_mount(self) -> None:
        self._is_laid_out = True
        self.query_one(FindBar).close()
        for name, width in _COLUMNS.items():
            self.table.add_column(Text(name), width=width, key=name)
        self.table.display = False
        self.show_troubles()
        self.set_interval(REFRESH_S, self.refresh_soon)

    def on_resize(self, event: Resize) -> None:
        """Give the width that the other columns leave to the words."""
        self._fit(event.size.width)
        self._draw()

    def _fit(self, width: int) -> None:
        columns = {key.value: column for key, column in self.table.columns.items()}
        columns["legs"].width = _WIDE_LEGS if width >= _WIDE else _COLUMNS["legs"]
        others = sum(column.width + 2 for name, column in columns.items() if name != "last words")
        columns["last words"].width = max(_COLUMNS["last words"], width - others - 3)
        self._cells = {}

    def on_screen_resume(self) -> None:
        self.refresh_soon()

    def refresh_soon(self) -> None:
        """Look for calls, if this screen is in sight."""
        is_reading = self._refreshing is not None and not self._refreshing.is_finished
        if self._is_laid_out and self.is_current and self.app.open_calls.backend and not is_reading:
            self._refreshing = self.run_worker(self._refresh())

    def show_troubles(self) -> None:
        if not self._is_laid_out or not self.query(TroubleLine):  # or closed meanwhile
            return
        self.query_one(TroubleLine).show(
            [*self._list_notices(), *self.app.open_calls.shown_calls.troubles]
        )

    def _list_notices(self) -> list[str]:
        return self.app.open_calls.list_notices(lacks_text=self._lacks_text > 1)

    async def _refresh(self) -> None:
        try:
            entries = await self.app.open_calls.list_calls(limit=SHOWN)
        except StreamerError as error:
            self.app.say(str(error), is_bad=True)
            return
        self._details = await asyncio.to_thread(self._reader.read, entries)
        self._lacks_text = self._lacks_text + 1 if self._lack_text() else 0
        self.entries = entries
        self.show_troubles()
        if self.query(CallTable):  # else the screen has been closed meanwhile
            self._draw()

    def _lack_text(self) -> bool:
        """Say whether audio comes of a live call that no process makes text of; where calls are waited for, also if there is none."""
        live = [details for details in self._details.values() if details.is_live]
        awaits = self.app.open_calls.request.attend is not None
        return any(each.lacks_text for each in live) or (awaits and not live)

    def _draw(self) -> None:
        wanted = self.query_one("#filter", Input).value.casefold().split()
        rows = {entry.call.id: self._describe(entry) for entry in self.entries}
        states = {entry.call.id: entry.state.value for entry in self.entries}
        rows = {
            call_id: cells
            for call_id, cells in rows.items()
            if _holds((call_id, states[call_id], *cells), wanted)
        }
        self._widen_states(rows)
        self._fill(rows)
        if self.app.open_calls.backend is None:
            return  # the backend is not open yet
        live = sum(entry.state is CallState.LIVE for entry in self.entries)
        shown = f", {len(rows)} shown" if wanted else ""
        addresses = self.app.open_calls.shown_calls.listening.items()
        listening = "".join(
            f"   {name_protocol(source)} at {address}" for source, address in addresses
        )
        folder = show_name(show_folder(self.app.open_calls.recordings), 200)
        self.query_one("#title", Static).update(
            f"{live} live, {show_count(len(self.entries), 'call')}{shown}{listening}   {folder}"
        )
        self.table.display = bool(rows)
        empty = self.query_one("#empty", Static)
        empty.display = not rows
        empty.update(self._explain_empty())
        if rows and self.focused is None:
            self.set_focus(self.table)

    def _explain_empty(self) -> str:
        """Say why no call is listed, and what to do."""
        typed = self.query_one("#filter", Input).value.strip()
        if typed:
            return f'No call matches "{show_name(typed)}". Esc clears the filter.'
        places = [
            f"{address} ({name_protocol(source)})"
            for source, address in self.app.open_calls.shown_calls.listening.items()
            if source in PROTOCOL_NAMES
        ]
        if places:
            return f"Waiting for calls on {', '.join(places)}. Press ? for the dialplan lines."
        return show_name(say_no_calls(self.app.open_calls.recordings), 400)

    def _widen_states(self, rows: dict[str, tuple[str, ...]]) -> None:
        """Give the states the width of the longest one, its remark included."""
        column = self.table.columns.get(ColumnKey("state"))
        width = max([_COLUMNS["state"], *(len(cells[0]) for cells in rows.values())])
        if column is not None and column.width != width:
            column.width = width
            self._fit(self.size.width)

    def _fill(self, rows: dict[str, tuple[str, ...]]) -> None:
        """Update cells that differ; only a changed order fills the list anew, with the cursor on the same call."""
        table = self.table
        if list(rows) == list(self._cells):
            for call_id, cells in rows.items():
                for name, old, new in zip(_COLUMNS, self._cells[call_id], cells, strict=True):
                    if old != new:
                        table.update_cell(call_id, name, self._paint(name, new))
        else:
            selected, scroll_y = self.selected, table.scroll_y
            table.clear()
            for call_id, cells in rows.items():
                painted = [self._paint(n, c) for n, c in zip(_COLUMNS, cells, strict=True)]
                table.add_row(*painted, key=call_id)
            if selected in rows:
                table.move_cursor(row=list(rows).index(selected), animate=False)
                table.scroll_to(y=scroll_y, animate=False)
        self._cells = rows

    def _describe(self, entry: Entry) -> tuple[str, ...]:
        call, now = entry.call, self.app.clock()
        details = self._details.get(call.id, CallDetails())
        length_s = call.duration_s
        state = f"  {entry.state.value}"
        if entry.state is CallState.LIVE:
            length_s = (now - (call.zero_at or call.started_at)).total_seconds()
            state = f"● {details.lag_s:.0f} s behind" if details.lag_s else "● live"
        if entry.remark:
            state = f"{state}, {entry.remark}"
        is_wide = self.size.width >= _WIDE
        known = [row.leg for row in call.legs]
        legs = ", ".join(
            show_leg(leg.label, known, details.names) + (f" {leg.channel}" if is_wide else "")
            for leg in known
        )
        return (
            state,
            show_beginning(call.started_at, now),
            "" if length_s is None else format_position(length_s),
            show_name(legs, 80),
            show_name(call.last_words, 200) if call.last_words else "",
        )

    def _paint(self, column: str, cell: str) -> Text:
        style = "bold" if column == "state" and cell.startswith("●") else ""
        return Text(cell, style, no_wrap=True, overflow="ellipsis")

    @property
    def selected(self) -> str | None:
        """Return the id of the call under the cursor."""
        ids = list(self._cells)
        row = self.table.cursor_row
        return ids[row] if 0 <= row < len(ids) else None

    async def action_open(self) -> None:
        if self.selected is not None:
            await self.app.open_call(self.selected)

    async def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        if event.row_key.value is not None:
            await self.app.open_call(event.row_key.value)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether an action may run: keys with priority are text while a field has the focus."""
        if action == "pull":
            return self.app.open_calls.offers_model
        if action == "close":
            return self.query_one(FindBar).display or bool(self.query_one(FindBar).value)
        return may_act(self, action, ("filter",))

    def action_filter(self) -> None:
        self.query_one(FindBar).open()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._draw()

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.set_focus(self.table)

    def action_close(self) -> None:
        field = self.query_one(FindBar)
        field.value = ""
        field.close()
        self.set_focus(self.table)
        self.refresh_bindings()

    def action_move(self, action: str) -> None:
        getattr(self.table, f"action_{action}")()

    async def action_stop(self) -> None:
        entry = next((e for e in self.entries if e.call.id == self.selected), None)
        await self.app.ask_to_stop(entry.call.folder if entry else None)

    def action_pull(self) -> None:
        self.app.open_calls.pull_model()

    def action_read(self) -> None:
        if self._list_notices():
            self.app.open_calls.read_notice()
            self.show_troubles()
            return
        del self.app.open_calls.shown_calls.troubles[:1]
        self.show_troubles()

    def on_trouble_line_read(self) -> None:
        self.action_read()


def _holds(cells: tuple[str, ...], wanted: list[str]) -> bool:
    return all(any(word in cell.casefold() for cell in cells) for word in wanted)
