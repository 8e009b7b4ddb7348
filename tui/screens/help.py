"""The help: every key, as its binding describes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.screens.dialogs import QUIT
from tui.widgets.keys import NOT_IN_BROWSERS
from tui.widgets.transcript import Transcript

_SHOWN = {
    "question_mark": "?", "slash": "/", "colon": ":", "escape": "esc", "pageup": "pgup", "pagedown": "pgdn",
    "up": "↑", "down": "↓",
}  # fmt: skip


class HelpScreen(ModalScreen[None]):
    """A table of keys."""

    BINDINGS = [
        Binding("escape,question_mark,f1", "leave", "Close", id="leave", tooltip="Close the help"),
        Binding("j", "scroll('down')", id="help-down", show=False, tooltip="Scroll down"),
        Binding("k", "scroll('up')", id="help-up", show=False, tooltip="Scroll up"),
        QUIT,
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="help"):
            yield Static(draw_help(self.app.BINDINGS, is_web=self.app.is_web))

    def action_leave(self) -> None:
        self.dismiss()

    def action_scroll(self, direction: str) -> None:
        getattr(self.query_one(VerticalScroll), f"action_scroll_{direction}")()


def draw_help(everywhere: Sequence[BindingType], *, is_web: bool = False) -> Text:
    """Return all keys by where they work; `everywhere` are the application's own."""
    text = Text("esc closes this help, j k ↓ ↑ scroll it\n\n")
    for title, bindings in list_keys(everywhere, is_web=is_web):
        text.append(f"{title}\n", "bold")
        for keys, what in bindings:
            text.append(f"  {keys:<16}", "bold")
            text.append(f"{what}\n")
        text.append("\n")
    text.append(
        "Click a line to put the cursor on it; drag to select words, and press c to copy them.\n"
    )
    text.append("Words in italics may still change; the model is unsure of underlined words.\n")
    text.append("Quitting does not stop recordings, and no key here ends a call.", "bold")
    return text


def list_keys(
    everywhere: Sequence[BindingType], *, is_web: bool = False
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each place where keys work, with the keys and what they do."""
    from tui.screens.call import CallScreen
    from tui.screens.calls import CallsScreen
    from tui.screens.search import SearchScreen

    places = (
        ("Everywhere", everywhere),
        ("In a call", [*CallScreen.BINDINGS, *Transcript.BINDINGS]),
        ("In the list of calls", CallsScreen.BINDINGS),
        ("In the search", SearchScreen.BINDINGS),
    )
    for title, bindings in places:
        keys = [b for b in bindings if isinstance(b, Binding) and b.tooltip]
        if is_web:
            keys = [b for b in keys if b.action not in NOT_IN_BROWSERS]
        yield title, [(show_keys(binding.key), binding.tooltip) for binding in keys]


def show_keys(keys: str) -> str:
    """Return keys as people write them."""
    return " ".join(_SHOWN.get(key, key) for key in keys.split(","))
