"""What stands below a list: the line for troubles, and the field for a search."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.binding import Binding
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from tui.layout.formatting import show_name

_LONGEST = 1000

HELP_IN_FIELD = Binding("f1", "app.help", "Help", tooltip="Show all keys")
"""A question mark is typed into a field."""


class TroubleLine(Widget):
    """The oldest trouble that has not been read; gone when there is none."""

    ALLOW_SELECT = False

    troubles: reactive[tuple[str, ...]] = reactive((), layout=True)

    class Read(Message):
        """The trouble that is shown has been read."""

    def show(self, troubles: Sequence[str]) -> None:
        self.troubles = tuple(troubles)
        self.display = bool(troubles)

    def render(self) -> Text:
        if not self.troubles:
            return Text()
        more = len(self.troubles) - 1
        text = Text(overflow="fold")
        text.append("! ", "bold")
        text.append(show_name(self.troubles[0], _LONGEST))
        text.append(f"  x dismiss{f' ({more} more)' if more else ''}", "dim")
        return text

    def on_click(self, event: Click) -> None:
        event.stop()
        self.post_message(self.Read())


def may_act(screen: Screen[None], action: str, opening: Sequence[str]) -> bool:
    """Say whether an action may run; those of `opening` may not while something is typed.

    Their keys come before all others, because Textual hands on keys that are typed quickly before it looks whether the first of them
    has opened a field: what was meant for the field would be taken for commands.
    """
    return action not in opening or not isinstance(screen.focused, Input)


class FindBar(Input):
    """A field for a search; in sight only while it is used."""

    BINDINGS = [
        Binding("enter", "submit", "Go", key_display="Enter", tooltip="Go to what was found"),
        HELP_IN_FIELD,
    ]

    def open(self) -> None:
        """Come into sight and take the keys at once, also those that are typed already."""
        self.display = True
        self.screen.set_focus(self)

    def close(self) -> None:
        """Go out of sight."""
        self.display = False
