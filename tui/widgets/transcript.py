"""The transcript of one call: a virtual list that draws only the rows in sight, however many there are.

It shows one call, follows its newest line unless the reader has gone elsewhere, and never scrolls back by itself: when the last
utterance becomes shorter, the view stands still.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from textual.binding import Binding
from textual.events import Click, MouseMove, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip

from streamer.core.alert import Severity
from tui.layout.call_transcript import CallLayout
from tui.layout.formatting import MARKED
from tui.layout.glyphs import COLOURS
from tui.layout.pending import SLICE, PendingKeys
from tui.layout.ticks import MATCHED
from tui.layout.transcript import Block
from tui.state.call import Key, ShownCall
from tui.widgets.whole_call import WholeCall

_WHEEL_ROWS = 3
_BREATH_S = 0.001
"""Seconds between two slices, so that a key press does not wait for one slice per step of its handling."""

_ALERTS = {f"alert-{severity.value}" for severity in Severity}
_TICKS = {f"tick-{of}" for of in (*Severity, MARKED, MATCHED)}
_LOOKS = {*_ALERTS, *_TICKS, *(f"speaker-{n}" for n in range(COLOURS))}


class Transcript(WholeCall, can_focus=True, inherit_bindings=False):
    """Every utterance of a call in order of time, with a cursor on one of them."""

    COMPONENT_CLASSES = {
        "transcript--time",
        "transcript--settled",
        "transcript--tentative",
        "transcript--doubtful",
        "transcript--mark",
        "transcript--match",
        "transcript--cursor",
        "transcript--selected",
        *(f"transcript--{look}" for look in _LOOKS),
    }

    BINDINGS = [
        Binding("up,k", "move(-1)", "Up", id="up", show=False, tooltip="Previous line"),
        Binding("down,j", "move(1)", "Down", id="down", show=False, tooltip="Next line"),
        Binding(
            "pageup,ctrl+b",
            "page(-1)",
            "Page up",
            id="page-up",
            show=False,
            tooltip="Page up",
        ),
        Binding(
            "pagedown,space",
            "page(1)",
            "Page down",
            id="page-down",
            show=False,
            tooltip="Page down",
        ),
        Binding(
            "g,home", "first", "First line", id="first", show=False, tooltip="Go to the first line"
        ),
        Binding(
            "G,end",
            "last",
            "Last line",
            id="last",
            show=False,
            tooltip="Go to the newest line and follow",
        ),
    ]

    follows: var[bool] = var(True)
    """Whether the newest line is kept in sight."""
    is_frozen: var[bool] = var(False)
    """Whether the view stands still."""
    zero_at: var[datetime | None] = var(None)
    """When position 0 was, to show clock times; None to show times from the start of the call."""

    class Moved(Message):
        """The cursor is elsewhere, or following has begun or ended."""

    def __init__(self, shown: ShownCall, *, near: Key | None = None, id: str | None = None) -> None:
        super().__init__(shown, id=id)
        self.cursor: Key | None = None
        self._pending = PendingKeys()
        shown.take_changes()
        self._pending.add(self.blocks.order_wanted(near))
        self.blocks.put(self._pending.take())

    # Laying lines out

    def _work_on(self) -> None:
        if self._pending:
            self.run_worker(self._work_off(), group="pending", exclusive=True)

    async def _work_off(self) -> None:
        """Lay out what is pending, a slice at a time; what is being read stays in sight."""
        while self._pending:
            self._put(self._pending.take())
            await asyncio.sleep(_BREATH_S)

    def complete(self) -> None:
        """Lay out all that is pending now, for an action that has to know every line."""
        if self._pending:
            self._put(self._pending.take_all())

    def _put(self, keys: list[Key]) -> None:
        place = self.blocks.locate(self.scroll_offset.y)
        held = self.blocks[place[0]].key if place else None
        top, height = self.blocks.top(place[0]) if place else 0, self.blocks.height
        self.blocks.put(keys)
        if self.blocks.height != height:
            self._fit()
        index = self.blocks.find(held) if held else None
        if self.follows:
            self._keep_up()
        elif index is not None and self.blocks.top(index) != top:
            self._scroll(self.scroll_offset.y + self.blocks.top(index) - top)
        self.refresh()

    # What happens to the call

    def show_changes(self) -> None:
        """Draw what has changed in the call, unless frozen."""
        self.redraw_bar()
        if self.is_frozen or not self.shown.has_changes:
            return
        height = self.blocks.height
        changed = self.shown.take_changes()
        if len(changed) > SLICE:
            self._pending.add(changed[-SLICE - 1 :: -1])
            self._work_on()
        rows = self.blocks.put(changed[-SLICE:])
        self._make_room_for_names()
        if self.cursor is not None and self.blocks.find(self.cursor) is None:
            self.cursor = None
        if self.blocks.height != height:
            self._fit()
        self._keep_up()
        first = max(0, rows - self.scroll_offset.y)
        if first < self.size.height:
            self.refresh(Region(0, first, self.size.width, self.size.height - first))

    def _make_room_for_names(self) -> None:
        if self._painter.make_room_for_names() and self.size.width:
            self._reflow(self.size)

    def redraw(self) -> None:
        """Draw everything anew, as after a name or a theme has changed."""
        self._make_room_for_names()
        self._painter.forget()
        self.refresh()
        self.redraw_bar()

    # Where it looks

    def on_mount(self) -> None:
        """Draw anew when the theme changes, and go on with what is not in sight."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.redraw())
        self._work_on()

    def on_unmount(self) -> None:
        """Let the layout go, so that `collector` does not keep what a closed screen still holds."""
        self.blocks = CallLayout(self.shown)
        self._painter.forget()

    def on_resize(self, event: Resize) -> None:
        """Break lines anew; what is being read stays in sight."""
        self._make_room_for_names()
        self._reflow(event.size)

    def _reflow(self, size: Size) -> None:
        held = self.blocks.locate(self.scroll_offset.y)
        key = self.blocks[held[0]].key if held else None
        self.blocks.resize(self._painter.text_width(size.width))
        self._painter.forget()
        self.virtual_size = Size(size.width, self.blocks.height)
        if self.follows:
            self._scroll(self.blocks.height - size.height)
        elif key is not None and (index := self.blocks.find(key)) is not None:
            self._scroll(self.blocks.top(index))
            if self.cursor is not None and (under := self.blocks.find(self.cursor)) is not None:
                self._show(under)

    def _fit(self) -> None:
        """Tell Textual how many rows there are; while following, a layout that became shorter keeps its place."""
        height = self.blocks.height
        if self.follows:
            height = max(
                height, min(self.scroll_offset.y + self.size.height, self.virtual_size.height)
            )
        size = Size(self.size.width, height)
        if size != self.virtual_size:
            self.virtual_size = size

    def _keep_up(self) -> None:
        if self.follows and not self.is_dragged:
            self._scroll(max(self.scroll_offset.y, self.blocks.height - self.size.height))

    # Where the cursor is

    @property
    def cursor_index(self) -> int | None:
        """Return the place of the block under the cursor; while following that is the last one."""
        if not len(self.blocks):
            return None
        if self.cursor is not None:
            return self.blocks.find(self.cursor)
        place = self.blocks.locate(self.scroll_offset.y + self.size.height // 2)
        return len(self.blocks) - 1 if self.follows or place is None else place[0]

    @property
    def cursor_block(self) -> Block | None:
        """Return the block under the cursor."""
        index = self.cursor_index
        return None if index is None else self.blocks[index]

    def go_to(self, index: int, *, centred: bool = False) -> None:
        """Put the cursor on a block and bring it into sight; going to the last one follows again."""
        if not len(self.blocks):
            return
        index = max(0, min(index, len(self.blocks) - 1))
        block = self.blocks[index]
        self.cursor = block.key
        if self.follows:
            self.follows = False
            self._fit()
        self._show(index, centred=centred)
        self.refresh()
        self.post_message(self.Moved())

    def _show(self, index: int, *, centred: bool = False) -> None:
        """Scroll no further than needed to bring a block into sight."""
        top, height = self.blocks.top(index), self.size.height
        if centred:
            self._scroll(top - height // 2)
        elif top < self.scroll_offset.y:
            self._scroll(top)
        else:
            bottom = top + self.blocks[index].height
            self._scroll(max(self.scroll_offset.y, min(top, bottom - height)))

    def _scroll(self, row: int) -> None:
        # Forced, because Textual allows no scrolling before the scroll bar is there, which is a layout later.
        self.scroll_to(y=max(0, row), animate=False, immediate=True, force=True)

    def go_to_key(self, key: Key) -> bool:
        """Put the cursor on an utterance; False if it is not there."""
        if key in self._pending:
            self.complete()
        index = self.blocks.find(key)
        if index is None:
            return False
        self.go_to(index, centred=True)
        return True

    def action_move(self, step: int) -> None:
        """Move the cursor by one block; beyond the last one, follow."""
        index = self.cursor_index
        if index is not None and not 0 <= index + step < len(self.blocks):
            self.complete()
            index = self.cursor_index
        if index is None:
            return
        if step > 0 and index + step >= len(self.blocks):
            self.action_last()
        else:
            self.go_to(index + step)

    def action_page(self, step: int) -> None:
        """Scroll by one page and take the cursor along."""
        target = self.scroll_offset.y + step * max(1, self.size.height - 1)
        if target < 0 or target + self.size.height >= self.blocks.height:
            self.complete()
            target = self.scroll_offset.y + step * max(1, self.size.height - 1)
        if step > 0 and target + self.size.height >= self.blocks.height:
            self.action_last()
            return
        self.follows = False
        self._fit()
        self._scroll(target)
        if place := self.blocks.locate(max(0, target)):
            self.cursor = self.blocks[place[0]].key
        self.refresh()
        self.post_message(self.Moved())

    def action_first(self) -> None:
        self.complete()
        self.go_to(0)

    def action_last(self) -> None:
        """Go to the newest line and follow."""
        self.complete()
        self._dragged_at = None
        self.follows = True
        self.cursor = None
        self._fit()
        self._scroll(self.blocks.height - self.size.height)
        self.refresh()
        self.post_message(self.Moved())

    def let_go(self) -> None:
        """Go on when the mouse button is not held any more: follow again, unless it was dragged further back."""
        held, self._dragged_at = self._dragged_at, None
        if held is None or not self.follows:
            return
        if self.scroll_offset.y < held:
            self.follows = False
            self.post_message(self.Moved())
        self._fit()
        self._keep_up()

    def on_mouse_move(self, event: MouseMove) -> None:
        """Go on when the button was let go where no release of it was seen."""
        if not event.button:
            self.let_go()

    def on_click(self, event: Click) -> None:
        """Put the cursor where it was clicked; a click that ends or clears a selection does only that."""
        event.prevent_default()  # Textual selects everything with a double click
        if self._clears or self.has_selected:
            return
        place = self.blocks.locate(self.scroll_offset.y + event.get_content_offset_capture(self).y)
        if place:
            self.go_to(place[0])

    def on_mouse_scroll_up(self) -> None:
        """Stop following when somebody scrolls back."""
        if self.blocks.height > self.size.height:
            self.follows = False
            self.post_message(self.Moved())

    def on_mouse_scroll_down(self) -> None:
        """Follow again when somebody scrolls to the end."""
        bottom = self.scroll_offset.y + self.size.height + _WHEEL_ROWS
        if bottom >= self.blocks.height:
            self.complete()
            if bottom >= self.blocks.height:
                self.action_last()

    def watch_is_frozen(self, is_frozen: bool) -> None:
        """Show what came while frozen."""
        if not is_frozen:
            self.show_changes()

    def watch_zero_at(self) -> None:
        width = self._painter.text_width(self.size.width)
        self._painter.show_times(self.zero_at)
        if self._painter.text_width(self.size.width) != width:
            self._reflow(self.size)
        self.redraw()

    # How it looks

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        place = self.blocks.locate(self.scroll_offset.y + y)
        if place is None:
            return Strip.blank(width, base)
        index, row = place
        block = self.blocks[index]
        is_under_cursor = not self.follows and self.cursor == block.key
        strips = self._painter.draw(
            block, width, base, is_under_cursor=is_under_cursor, selected=self.find_selected(block)
        )
        return strips[row] if row < len(strips) else Strip.blank(width, base)
