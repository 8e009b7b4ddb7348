"""A transcript in sight of the whole call: signs on its scroll bar, and ways to a moment, to a text, or to what is of interest."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.reactive import var

from streamer.core.events import SPEECH_RATE
from tui.layout.interest import find_interest, find_turn
from tui.layout.ticks import Ticks
from tui.widgets.selectable import SelectableWords
from tui.widgets.ticked_bar import make_ticked_bar


class WholeCall(SelectableWords):
    """The words of a call, which knows where in the call it is."""

    needle: var[str] = var("")
    """The text that is looked for, case-folded."""

    _ticks = Ticks()

    def on_mount(self) -> None:
        """Draw signs on the scroll bar."""
        self._ticks = Ticks()
        bar = self.vertical_scrollbar
        bar.renderer = make_ticked_bar(self._find_ticks)  # type: ignore[misc]

    def redraw_bar(self) -> None:
        """Draw the scroll bar anew, as after something was marked or found."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.refresh()

    def _find_ticks(self, size: int) -> Mapping[int, tuple[str, Style]]:
        ticks = self._ticks.place(self.blocks, self.shown, self.needle, size)
        return {row: (sign, self._tick_style(of)) for row, (sign, of) in ticks.items()}

    def _tick_style(self, of: str) -> Style:
        return self.get_component_rich_style(f"transcript--tick-{of}", partial=True)

    # Where in the call

    @property
    def sight_s(self) -> tuple[float, float]:
        """Return from which second to which the lines in sight reach."""
        first = self.blocks.locate(self.scroll_offset.y)
        last_row = min(self.scroll_offset.y + self.size.height, self.blocks.height) - 1
        last = self.blocks.locate(last_row)
        if first is None or last is None:
            return 0.0, 0.0
        known = self.shown.utterances.get(self.blocks[last[0]].key)
        end = known.end if known else self.blocks[last[0]].order[0]
        return self.blocks[first[0]].order[0] / SPEECH_RATE, end / SPEECH_RATE

    @property
    def here_s(self) -> float:
        """Return the second at which the line under the cursor begins."""
        index = self.cursor_index
        return 0.0 if index is None else self.blocks[index].order[0] / SPEECH_RATE

    def go_to_time(self, seconds: float) -> None:
        """Go to what was said at a moment, or last before it."""
        self.complete()
        self.go_to(self.blocks.find_time(round(seconds * SPEECH_RATE)), centred=True)

    def go_to_interest(self, step: int) -> str:
        """Go to the next line of interest, or with -1 to the one before, and return why it is one; empty if there is none."""
        self.complete()
        index = self.cursor_index
        found = None if index is None else find_interest(self.blocks, self.shown, index, step)
        if found is None:
            return ""
        self.go_to(found[0], centred=True)
        return found[1]

    def go_to_turn(self, step: int) -> bool:
        """Go to where another begins to speak; False if there is no such line."""
        self.complete()
        index = self.cursor_index
        found = None if index is None else find_turn(self.blocks, index, step)
        if found is None:
            return False
        self.go_to(found, centred=True)
        return True

    # What is looked for

    def look_for(self, needle: str) -> int:
        """Mark a text wherever it occurs, go to the nearest match at or before the cursor, and return how many blocks hold it."""
        self.complete()
        self.needle = self._painter.needle = needle.casefold()
        count = self.blocks.count(self.needle) if self.needle else 0
        if count and (index := self.cursor_index) is not None:
            found = self.blocks.search(self.needle, start=index, step=-1)
            if found is not None:
                self.go_to(found, centred=True)
        self.redraw()
        return count

    def look_on(self, step: int) -> bool:
        """Go to the next match; False if there is none."""
        self.complete()
        index = self.cursor_index
        if not self.needle or index is None:
            return False
        found = self.blocks.search(self.needle, start=index + step, step=step)
        if found is None:
            return False
        self.go_to(found, centred=True)
        return True

    # What a transcript does

    @property
    def cursor_index(self) -> int | None:
        """Return the place of the block under the cursor."""
        raise NotImplementedError

    def go_to(self, index: int, *, centred: bool = False) -> None:
        """Put the cursor on a block and bring it into sight."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw everything anew."""
        raise NotImplementedError
