"""The search screen: what was said in all calls, found while it is typed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.geometry import Region
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from streamer.calls.catalog import name_speakers
from streamer.calls.passages import Key, Passage, PassageLine, find_key
from streamer.core.moments import show_local
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

_NARROW = 80
"""Cells of a screen below which times are shorter."""

_BESIDE = 1
"""Lines of a call that are shown before and after what was found in it."""


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
    """What was found, with the lines of the call beside it; each is a row, and keys pass over those that were not found."""

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

    def scroll_to_highlight(self, top: bool = False) -> None:
        """Have the rows beside the highlighted one in sight too."""
        if self.highlighted is not None and self.is_mounted and self.size.height > 2 * _BESIDE:
            first, rows = max(0, self.highlighted - _BESIDE), 2 * _BESIDE + 1
            self.scroll_to_region(
                Region(0, first, self.size.width, rows), force=True, animate=False, immediate=True
            )
        super().scroll_to_highlight(top)

    def action_page_up(self) -> None:
        """Go a page up, to the first line that was found if there is none so far up."""
        super().action_page_up()  # type: ignore[no-untyped-call]
        if self.highlighted is None:
            self.action_first()

    def action_page_down(self) -> None:
        """Go a page down, to the last line that was found if there is none so far down."""
        super().action_page_down()  # type: ignore[no-untyped-call]
        if self.highlighted is None:
            self.action_last()


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
        Binding(
            "c",
            "context",
            "Context",
            id="context",
            tooltip="Show or hide the lines before and after",
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._has_context = True
        self._passages: list[Passage] = []
        self._speakers: Mapping[Key, str] = {}
        self._rows: list[PassageLine | None] = []
        """What stands in the list, row by row; None is a blank one."""

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
        passages: list[Passage] = []
        if query:
            try:
                passages = await self.app.open_calls.search(query, lines=_BESIDE)
                summary = _count_hits(passages)
            except UsageError as error:
                summary = str(error)
            except StreamerError as error:
                self.app.say(str(error), is_bad=True)
        lines = [line.said for passage in passages for line in passage]
        speakers = await asyncio.to_thread(name_speakers, self.app.open_calls.recordings, lines)
        if not self.display:  # it is being closed
            return
        self._passages = passages
        self._speakers = dict(zip(map(find_key, lines), speakers, strict=True))
        self.query_one("#found", Static).update(show_name(summary, 200))
        self._draw_hits()
        self.query_one(HitList).action_first()

    def _draw_hits(self) -> None:
        """Show what was found, each line where its match is in sight."""
        hit_list, width = self.query_one(HitList), self.size.width
        shown = self._rows[hit_list.highlighted] if hit_list.highlighted is not None else None
        self._rows = list(list_rows(self._passages, has_context=self._has_context))
        hit_list.clear_options()
        hit_list.add_options(self._draw_row(row, width) for row in self._rows)
        hit_list.highlighted = self._rows.index(shown) if shown and shown in self._rows else None

    def _draw_row(self, row: PassageLine | None, width: int) -> Option:
        if row is None:
            return Option("", disabled=True)
        speaker = self._speakers[find_key(row.said)]
        return Option(
            draw_hit(row.said, speaker, width, is_hit=row.is_hit), disabled=not row.is_hit
        )

    def on_resize(self) -> None:
        if self._rows:
            self._draw_hits()

    def action_context(self) -> None:
        self._has_context = not self._has_context
        self._draw_hits()

    def action_list(self) -> None:
        if self._rows:
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
        row = self._rows[index] if index is not None and index < len(self._rows) else None
        if row is not None:
            await self.app.open_call(row.said.call_id, at=(row.said.leg, row.said.utterance))

    async def action_back(self) -> None:
        await self.app.go_back(self)


def list_rows(passages: Sequence[Passage], *, has_context: bool) -> Iterator[PassageLine | None]:
    """Yield the lines of passages, and between those None; without context only the lines that were found, newest first."""
    if not has_context:
        hits = [line for passage in passages for line in passage if line.is_hit]
        yield from sorted(hits, key=lambda line: line.said.spoken_at, reverse=True)
        return
    for number, passage in enumerate(passages):
        if number:
            yield None
        yield from passage


def _count_hits(passages: Sequence[Passage]) -> str:
    hits = sum(line.is_hit for passage in passages for line in passage)
    return f"{show_count(hits, 'line')}, newest first" if hits else "Nothing found"


def draw_hit(hit: Hit, speaker: str, width: int, *, is_hit: bool = True) -> Text:
    """Return a line that was found, with the matches set off and the first in sight; its text has been one line since it was kept.

    What would end behind the edge begins with the words before the match, a third of the room. A line beside it is dim, without
    the time on the wall. Where there is little room, that is shorter.
    """
    moment = show_moment(hit.spoken_at)
    position, named = f"{format_position(hit.start_s):>8}", 12
    if width < _NARROW:
        moment = show_local(hit.spoken_at, "%d %b %H:%M")
        position, named = position.strip().rjust(5), 8
    when = moment if is_hit else " " * len(moment)
    place = f"{when}  {position}  {show_name(speaker, named)}  "
    line = Text(place, "dim", no_wrap=True, overflow="ellipsis")
    room = max(_LEAST, width - cell_len(place) - 2)
    first, end = min(hit.spans, default=(0, 0))
    cut = 0
    if cell_len(hit.text[:end]) > room:
        cut = hit.text.find(" ", max(0, first - room // 3), first) + 1 or first
    said = Text("…" * bool(cut) + hit.text[cut : cut + _LONGEST], "not dim" if is_hit else "")
    moved = cut - bool(cut)
    for start, end in hit.spans:
        said.stylize("bold underline", start - moved, end - moved)
    return line.append_text(said)
