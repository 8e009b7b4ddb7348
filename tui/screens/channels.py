"""The picker: who is on the phone now, as ARI tells it; Enter taps a channel and opens its call."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import DataTable, Input, Static

from streamer.errors import StreamerError
from tui.layout.formatting import show_count, show_name
from tui.layout.hint import draw_hint
from tui.navigation import Navigator
from tui.state.channels import follow_channels
from tui.widgets.steady import SteadyText

if TYPE_CHECKING:
    from streamer.ari.roster import Line

_COLUMNS = {"number": 10, "name": 22, "state": 8, "with": 10, "codec": 7, "tapped": 6}
_ROWS = 200
"""Channels that are listed; a word in the field finds the others."""


class ChannelPicker(ModalScreen["Line | None"]):
    """Asks for a channel; returns None after Esc."""

    app: Navigator

    BINDINGS = [
        Binding("escape", "leave", "Close", id="leave", tooltip="Cancel"),
        Binding("enter", "pick", "Tap", id="pick", priority=True, tooltip="Record the channel"),
        Binding("down", "move('cursor_down')", show=False, tooltip="Next channel"),
        Binding("up", "move('cursor_up')", show=False, tooltip="Previous channel"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[Line] = ()
        self._shown: dict[str, tuple[str, ...]] = {}
        self._said = "Asking Asterisk who is on the phone"

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="channels"):
            yield SteadyText("Tap a channel", id="channels-title", markup=False)
            yield Input(placeholder="Type to filter", id="channel")
            yield DataTable[Text](cursor_type="row", id="lines")
            yield SteadyText(self._said, id="channels-said", markup=False)
            yield Static(draw_hint("Enter Tap and open   Esc Cancel"), classes="hint")

    def on_mount(self) -> None:
        for name, width in _COLUMNS.items():
            self._table.add_column(Text(name), width=width, key=name)
        self._table.can_focus = False
        self._table.display = False
        self.query_one("#channel", Input).focus()
        self.run_worker(self._follow())

    @property
    def _table(self) -> DataTable[Text]:
        return self.query_one("#lines", DataTable)

    async def _follow(self) -> None:
        """Show what changes until the picker is left."""
        try:
            settings = self.app.open_calls.request.settings
            async with aclosing(follow_channels(settings, self._say)) as listed:
                async for lines in listed:
                    self._lines, self._said = lines, ""
                    self._draw()
        except StreamerError as error:
            self._say(str(error))

    def _say(self, text: str) -> None:
        self._said = show_name(text, 500)
        self._draw()

    def _draw(self) -> None:
        if not self.query("#channels-said"):  # it has been left
            return
        wanted = self.query_one("#channel", Input).value.casefold().split()
        rows = {line.channel.id: _describe(line) for line in self._lines}
        rows = {
            channel: cells
            for channel, cells in rows.items()
            if all(word in " ".join((channel, *cells)).casefold() for word in wanted)
        }
        self._fill(dict(list(rows.items())[:_ROWS]))
        self._table.display = bool(rows)
        self.query_one("#channels-title", SteadyText).update(
            f"Tap a channel: {show_count(len(self._lines), 'channel')}, {len(rows)} shown"
        )
        nobody = "No channel matches." if self._lines else "Nobody is on the phone."
        said = self.query_one("#channels-said", SteadyText)
        said.update(self._said or nobody)
        said.display = bool(self._said) or not rows

    def _fill(self, rows: dict[str, tuple[str, ...]]) -> None:
        """Show rows, with the cursor on the same channel."""
        if rows == self._shown:
            return
        selected = self._selected
        self._shown = rows
        self._table.clear()
        for channel, cells in rows.items():
            painted = (Text(cell, no_wrap=True, overflow="ellipsis") for cell in cells)
            self._table.add_row(*painted, key=channel)
        if selected in rows:
            self._table.move_cursor(row=list(rows).index(selected), animate=False)

    @property
    def _selected(self) -> str:
        """Return the id of the channel under the cursor; empty if there is none."""
        ids, row = list(self._shown), self._table.cursor_row
        return ids[row] if 0 <= row < len(ids) else ""

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._draw()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self.action_pick()

    def action_pick(self) -> None:
        picked = next((line for line in self._lines if line.channel.id == self._selected), None)
        if picked is not None:
            self.dismiss(picked)

    def action_move(self, action: str) -> None:
        getattr(self._table, f"action_{action}")()

    def action_leave(self) -> None:
        self.dismiss(None)


def _describe(line: Line) -> tuple[str, ...]:
    channel = line.channel
    cells = (
        channel.caller.number,
        channel.name,
        channel.state,
        channel.connected.number or channel.connected.name,
        line.codec or "",
        "yes" if line.tapped else "",
    )
    return tuple(show_name(cell, 60) if cell else "" for cell in cells)
