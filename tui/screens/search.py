"""The search screen: what was said in all calls, found while it is typed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from streamer.calls.catalog import name_speakers
from streamer.core.transcript import format_position
from streamer.errors import StreamerError, UsageError
from streamer.store import Hit
from tui.layout.formatting import show_count, show_moment, show_name
from tui.navigation import Navigator
from tui.screens.dialogs import FIRST_KEYS
from tui.widgets.bottom import HELP_IN_FIELD, may_act
from tui.widgets.keys import KeyLine

_LONGEST = 400
_LEAST = 20
"""Cells for a line that was found, at least."""


class QueryField(Input):
    """The search text."""

    BINDINGS = [
        Binding(
            "enter",
            "submit",
            "Go to results",
            key_display="Enter",
            tooltip="Go to the results",
        ),
        HELP_IN_FIELD,
    ]


class HitList(OptionList):
    """What was found."""

    BINDINGS = [
        Binding(
            "enter",
            "select",
            "Open",
            id="open",
            key_display="Enter",
            tooltip="Open the call at this line",
        )
    ]


class SearchScreen(Screen[None]):
    """A field, and what is found below it."""

    app: Navigator

    BINDINGS = [
        *FIRST_KEYS,
        Binding("escape", "back", "Back", id="back", tooltip="Go back"),
        Binding("enter", "open", "Open", id="open", tooltip="Open the call at this line"),
        Binding(
            "slash", "query", "Search", id="query", priority=True, tooltip="Change the search text"
        ),
        Binding("down", "list", "List", id="list", show=False, tooltip="Go to the results"),
        Binding("j", "move('cursor_down')", "Down", id="down", show=False, tooltip="Next line"),
        Binding("k", "move('cursor_up')", "Up", id="up", show=False, tooltip="Previous line"),
        Binding(
            "g", "move('first')", "First", id="first", show=False, tooltip="Go to the newest line"
        ),
        Binding(
            "G", "move('last')", "Last", id="last", show=False, tooltip="Go to the oldest line"
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.hits: list[Hit] = []
        self._speakers: Sequence[str] = ()

    def compose(self) -> ComposeResult:
        yield QueryField(placeholder='Words, "a phrase", begin*, AND, OR, NOT', id="query")
        yield Static("Type words to search all calls", id="found", classes="title", markup=False)
        yield HitList(id="hits", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        self.set_focus(self.query_one(Input))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.run_worker(self._search(event.value.strip()), group="search", exclusive=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_list()

    async def _search(self, query: str) -> None:
        summary = "Type words to search all calls"
        hits: list[Hit] = []
        if query:
            try:
                hits = await self.app.open_calls.search(query)
                summary = (
                    f"{show_count(len(hits), 'line')}, newest first" if hits else "Nothing found"
                )
            except UsageError as error:
                summary = str(error)
            except StreamerError as error:
                self.app.say(str(error), is_bad=True)
        speakers = await asyncio.to_thread(name_speakers, self.app.open_calls.recordings, hits)
        if not self.display:  # it is being closed
            return
        self.hits = hits
        self.query_one("#found", Static).update(show_name(summary, 200))
        hit_list = self.query_one(OptionList)
        self._speakers = speakers
        self._draw_hits()
        if hits:
            hit_list.highlighted = 0

    def _draw_hits(self) -> None:
        """Show what was found, each line where its match is in sight."""
        hit_list, width = self.query_one(OptionList), self.size.width
        shown = hit_list.highlighted
        hit_list.clear_options()
        drawn = zip(self.hits, self._speakers, strict=True)
        hit_list.add_options(Option(draw_hit(hit, speaker, width)) for hit, speaker in drawn)
        hit_list.highlighted = shown if self.hits else None

    def on_resize(self) -> None:
        if self.hits:
            self._draw_hits()

    def action_list(self) -> None:
        if self.hits:
            self.set_focus(self.query_one(OptionList))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether an action may run: keys with priority are text while a field has the focus."""
        return may_act(self, action, ("query",))

    def action_query(self) -> None:
        self.set_focus(self.query_one(Input))

    def action_move(self, action: str) -> None:
        getattr(self.query_one(OptionList), f"action_{action}")()

    async def action_open(self) -> None:
        await self._open(self.query_one(OptionList).highlighted)

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        await self._open(event.option_index)

    async def _open(self, index: int | None) -> None:
        if index is not None and index < len(self.hits):
            hit = self.hits[index]
            await self.app.open_call(hit.call_id, at=(hit.leg, hit.utterance))

    async def action_back(self) -> None:
        await self.app.go_back(self)


def draw_hit(hit: Hit, speaker: str, width: int) -> Text:
    """Return a line that was found, with the matches set off and the first in sight; its text has been one line since it was kept.

    What would end behind the edge begins with the words before the match, a third of the room.
    """
    place = f"{show_moment(hit.spoken_at)}  {format_position(hit.start_s):>8}  {show_name(speaker, 12)}  "
    line = Text(place, "dim", no_wrap=True, overflow="ellipsis")
    room = max(_LEAST, width - cell_len(place) - 2)
    first, end = min(hit.spans, default=(0, 0))
    cut = 0
    if cell_len(hit.text[:end]) > room:
        cut = hit.text.find(" ", max(0, first - room // 3), first) + 1 or first
    said = Text("…" * bool(cut) + hit.text[cut : cut + _LONGEST], "not dim")
    moved = cut - bool(cut)
    for start, end in hit.spans:
        said.stylize("bold underline", start - moved, end - moved)
    return line.append_text(said)
