"""The calls screen: the calls that any process records now, and past ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from textual.app import ComposeResult
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Input
from textual.worker import Worker

from streamer.calls.catalog import Entry
from streamer.core.folders import say_no_calls, show_folder
from streamer.errors import StreamerError
from tui.layout.board import FILTERED, choose_columns, describe, make_searchable
from tui.layout.formatting import PROTOCOL_NAMES, name_protocol, show_count, show_name
from tui.navigation import Navigator
from tui.screens.dialogs import FIRST_KEYS, MESSAGE_KEYS, Choose, Enter
from tui.screens.list_dialogs import PickColumns, PickView
from tui.screens.list_keys import LIST_KEYS
from tui.state.arrangement import Order, Shown, arrange, parse_query
from tui.state.board import BoardReader, add_alerts
from tui.state.outlook import Outlook
from tui.state.preferences import View, default_path
from tui.widgets.bottom import FindBar, TroubleLine, may_act
from tui.widgets.call_table import CallTable
from tui.widgets.keys import KeyLine
from tui.widgets.steady import SteadyText

REFRESH_S = 0.7
HASTE_S = 0.1
"""Alerts are looked for more often, since they are to be seen at once."""

SHOWN = 200
"""Calls that are listed, or as many as are live; a search finds the others."""


class CallsScreen(Screen[None]):
    """A list that refreshes itself."""

    app: Navigator

    BINDINGS = [
        *FIRST_KEYS,
        *LIST_KEYS,
        *MESSAGE_KEYS,
    ]

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Shown] = []
        self._board: BoardReader | None = None
        self.outlook = Outlook(default_path())
        self._is_laid_out = False
        self._refreshing: Worker[None] | None = None
        self._hastening: Worker[None] | None = None
        self._lacks_text = 0

    @property
    def entries(self) -> list[Entry]:
        """Return the calls that were found, in their order."""
        return [shown.entry for shown in self.calls]

    def compose(self) -> ComposeResult:
        yield SteadyText("calls", id="title", classes="title", markup=False)
        yield CallTable()
        yield SteadyText("Opening the list of calls", id="empty", classes="empty", markup=False)
        yield TroubleLine(id="trouble")
        yield FindBar(placeholder="Filter this list", id="filter")
        yield KeyLine()

    @property
    def table(self) -> CallTable:
        return self.query_one(CallTable)

    def on_mount(self) -> None:
        self._is_laid_out = True
        self.outlook.read()
        self.query_one(FindBar).close()
        self.table.display = False
        self.show_troubles()
        self.set_interval(REFRESH_S, self.refresh_soon)
        self.set_interval(HASTE_S, self._look_for_alerts)
        self.app.theme_changed_signal.subscribe(self, lambda _: self._redraw())

    def on_resize(self, event: Resize) -> None:
        """Give the columns their widths anew."""
        self._redraw()

    def _redraw(self) -> None:
        self.table.forget_widths()
        self._draw()

    def on_screen_resume(self) -> None:
        self.refresh_soon()

    def refresh_soon(self) -> None:
        """Look for calls, if this screen is on top: Textual draws both screens 60 times a second once one below has changed."""
        is_reading = self._refreshing is not None and not self._refreshing.is_finished
        if self._is_laid_out and self.is_active and self.app.open_calls.backend and not is_reading:
            self._refreshing = self.run_worker(self._refresh())

    def show_troubles(self) -> None:
        if not self._is_laid_out or not self.display:  # it is being closed
            return
        self.query_one(TroubleLine).show(
            [*self._list_notices(), *self.app.open_calls.shown_calls.troubles]
        )

    def _list_notices(self) -> list[str]:
        return self.app.open_calls.list_notices(lacks_text=self._lacks_text > 1)

    async def _refresh(self) -> None:
        open_calls = self.app.open_calls
        self._board = self._board or BoardReader(open_calls.recordings)
        store = open_calls.backend.store if open_calls.backend else None
        try:
            self.calls = await self._board.look(store, self.app.clock(), limit=SHOWN)
        except StreamerError as error:
            self.app.say(str(error), is_bad=True)
            return
        self._lacks_text = self._lacks_text + 1 if self._lack_text() else 0
        if self.display:  # else the screen is being closed
            self.show_troubles()
            self._draw()

    def _look_for_alerts(self) -> None:
        is_looking = self._hastening is not None and not self._hastening.is_finished
        if self.is_active and self._board is not None and not is_looking:
            self._hastening = self.run_worker(self._hasten(self._board))

    async def _hasten(self, board: BoardReader) -> None:
        backend = self.app.open_calls.backend
        with suppress(StreamerError):  # the next look says it
            new = await board.find_new_alerts(backend.store) if backend and backend.store else {}
            if new and self.query(CallTable):  # else the screen has been closed meanwhile
                self.calls = [add_alerts(shown, new) for shown in self.calls]
                self._draw()

    def _lack_text(self) -> bool:
        """Say whether audio comes of a live call that no process makes text of; where calls are waited for, also if there is none."""
        live = [shown.details for shown in self.calls if shown.details.is_live]
        awaits = self.app.open_calls.request.attend is not None
        return any(each.lacks_text for each in live) or (awaits and not live)

    def _draw(self) -> None:
        query = parse_query(self.query_one("#filter", Input).value, FILTERED)
        now, width = self.app.clock(), self.size.width
        self.calls = arrange(self.calls, self.outlook.order)
        rows = {}
        for shown in self.calls:
            cells = describe(shown, now, width)
            if not query or query.matches(make_searchable(shown, cells)):
                rows[shown.entry.call.id] = cells
        live = frozenset(shown.entry.call.id for shown in self.calls if shown.is_live)
        columns = choose_columns(self.outlook.now.columns, rows.values(), width)
        self.table.show_rows(rows, columns, width=width, live=live)
        if self.app.open_calls.backend is None:
            return  # the backend is not open yet
        self._write_title(len(live), len(rows) if query else None)
        self.table.display = bool(rows)
        empty = self.query_one("#empty", SteadyText)
        empty.display = not rows
        empty.update(self._explain_empty())
        if rows and self.focused is None:
            self.set_focus(self.table)

    def _write_title(self, live: int, shown: int | None) -> None:
        """Say how many calls there are, by what they are sorted if that was chosen, where calls come to, and where they are kept."""
        count = show_count(len(self.calls), "call")
        parts = [f"{live} live, {count}" + ("" if shown is None else f", {shown} shown")]
        if self.app.open_calls.request.is_read_only:
            parts.append("read-only")
        if self.outlook.order is not Order.ATTENTION:
            parts.append(f"by {self.outlook.order}")
        addresses = self.app.open_calls.shown_calls.listening.items()
        parts += [f"{name_protocol(source)} at {address}" for source, address in addresses]
        parts.append(show_name(show_folder(self.app.open_calls.recordings), 200))
        self.query_one("#title", SteadyText).update("   ".join(parts))

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

    @property
    def selected(self) -> str | None:
        """Return the id of the call under the cursor."""
        return self.table.selected

    def _with_call(self, act: Callable[[str], Awaitable[None]]) -> None:
        """Do something with the call under the cursor; of a call whose parties are calls of their own, ask which."""
        shown = next((each for each in self.calls if each.entry.call.id == self.selected), None)
        if shown is None:
            return
        if not shown.call_ids:
            self.run_worker(act(shown.entry.call.id))
            return

        def choose(party: str | None) -> None:
            if party is not None:
                self.run_worker(act(shown.call_ids[party]))

        self.app.push_screen(Choose("Which party?", dict.fromkeys(shown.call_ids, "")), choose)

    def action_open(self) -> None:
        self._with_call(self.app.open_call)

    async def on_data_table_row_selected(self, event: CallTable.RowSelected) -> None:
        event.stop()
        self.action_open()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether an action may run: keys with priority are text while a field has the focus."""
        if action == "pull" and self.app.offers(action):
            return self.app.open_calls.offers_model
        if action == "close":
            return self.query_one(FindBar).display or bool(self.query_one(FindBar).value)
        return self.app.offers(action) and may_act(self, action, ("filter",))

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

    def action_stop(self) -> None:
        self._with_call(self._stop)

    async def _stop(self, call_id: str) -> None:
        folder = next((e.call.folder for e in self.entries if e.call.id == call_id), None)
        await self.app.ask_to_stop(folder or self.app.open_calls.recordings / call_id)

    def action_sort(self) -> None:
        self._look_by(replace(self.outlook.now, order=self.outlook.order.next().value))
        self.app.say(f"Sorted by {self.outlook.order}")

    def action_columns(self) -> None:
        def choose(columns: tuple[str, ...] | None) -> None:
            if columns is not None:
                self._look_by(replace(self.outlook.now, columns=columns))

        self.app.push_screen(PickColumns(self.table.names), choose)

    def action_views(self) -> None:
        self.app.push_screen(PickView(self.outlook.views), self._take_view)

    def _take_view(self, answer: tuple[str, bool] | None) -> None:
        name, is_deleted = answer or ("", False)
        if is_deleted:
            self._tell(self.outlook.delete(name))
        elif view := self.outlook.views.get(name):
            field = self.query_one(FindBar)
            field.value, field.display = view.filter, bool(view.filter)
            self.set_focus(self.table)
            self._look_by(view)

    def action_keep_view(self) -> None:
        def keep(name: str | None) -> None:
            if name and name.strip():
                self._tell(self.outlook.keep_view(name, self.query_one(FindBar).value))

        self.app.push_screen(
            Enter("Name of this view: its filter, sort order and columns", ""), keep
        )

    def _look_by(self, view: View) -> None:
        self._tell(self.outlook.look_by(view))
        self._redraw()
        self.refresh_bindings()

    def _tell(self, trouble: str) -> None:
        if trouble:
            self.app.say(trouble, is_bad=True)

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
