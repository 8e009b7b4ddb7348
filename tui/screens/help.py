"""The help: every key, as its binding describes it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence, Set
from types import MappingProxyType

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.keys import key_to_character
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.layout.formatting import PROTOCOL_NAMES
from tui.layout.hint import KEY
from tui.navigation import CHANGES, Navigator
from tui.screens.dialogs import QUIT
from tui.screens.keymap import Keymap, list_places, remap
from tui.widgets.keys import NOT_IN_BROWSERS

_WIDEST = 76
"""Cells of the help at most, as in the style sheet."""

_EDGES = 6
"""Cells beside its text: blanks and a scroll bar."""

_KEYS_WIDE, _LEAST = 16, 12
"""Cells for keys, and for what they do at least."""

_SHOWN = {
    "question_mark": "?", "slash": "/", "colon": ":", "escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn",
    "up": "↑", "down": "↓", "enter": "Enter",
}  # fmt: skip


class HelpScreen(ModalScreen[None]):
    """A table of keys."""

    app: Navigator

    BINDINGS = [
        Binding("escape,question_mark,f1", "leave", "Close", id="leave", tooltip="Close"),
        Binding("j", "scroll('down')", id="help-down", show=False, tooltip="Scroll down"),
        Binding("k", "scroll('up')", id="help-up", show=False, tooltip="Scroll up"),
        QUIT,
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="help"):
            yield Static(id="help-keys")

    def on_resize(self) -> None:
        """Break lines where the terminal ends, below what they say."""
        below = self.app.screen_stack[-2]  # this one is on top already
        self.query_one("#help-keys", Static).update(
            draw_help(
                self.app.BINDINGS,
                left_out=self._find_left_out(),
                listening=self.app.open_calls.shown_calls.listening,
                first=type(below).__name__,
                keymap=self.app.keymap,
                width=min(_WIDEST, self.size.width) - _EDGES,
            )
        )

    def _find_left_out(self) -> Set[str]:
        changes = CHANGES if self.app.open_calls.request.is_read_only else frozenset()
        return changes | (NOT_IN_BROWSERS if self.app.is_web else frozenset())

    def action_leave(self) -> None:
        self.dismiss()

    def action_scroll(self, direction: str) -> None:
        getattr(self.query_one(VerticalScroll), f"action_scroll_{direction}")()


def draw_help(
    everywhere: Sequence[BindingType],
    *,
    left_out: Set[str] = frozenset(),
    listening: Mapping[str, str] = MappingProxyType({}),
    first: str = "",
    keymap: Keymap = MappingProxyType({}),
    width: int = _WIDEST,
) -> Text:
    """Return all keys by where they work, those of the screen named `first` before all others; `everywhere` are the application's own.

    What they do is broken into lines of `width` cells, below each other. Where calls may come to, by protocol, the dialplan lines that send one stand first.
    """
    text = Text.assemble(("Esc close", Style(meta={KEY: "escape"})), ", j/k scroll\n\n")
    for source, address in listening.items():
        if source in PROTOCOL_NAMES:
            text.append("Dialplan lines that send a call here (extensions.conf)\n", "bold")
            text.append("\n".join((*list_dialplan(source, address), "\n")))
    for title, bindings in list_keys(everywhere, left_out=left_out, first=first, keymap=keymap):
        text.append(f"{title}\n", "bold")
        for keys, what in bindings:
            text.append(f"  {keys:<{_KEYS_WIDE}}", "bold")
            text.append("\n".join(_break(what, width)) + "\n")
        text.append("\n")
    text.append(
        f"Click a line to move the cursor there. Drag to select words, press {show_keys(keymap.get('copy', 'c'))} to copy them.\n"
    )
    text.append("Words in italics may still change. Underlined words are uncertain.\n")
    text.append("Quitting does not stop recordings. No key here ends a call.", "bold")
    return text


def _break(what: str, width: int) -> list[str]:
    indent = " " * (_KEYS_WIDE + 2)
    first, *rest = textwrap.wrap(what, max(_LEAST, width - len(indent)))
    return [first, *(indent + line for line in rest)]


def list_dialplan(source: str, address: str) -> Iterator[str]:
    """Yield what to write into extensions.conf, and which command says more."""
    host, _, port = address.rpartition(":")
    if host in ("0.0.0.0", "[::]"):  # nobody can connect there
        address = f"ADDRESS-OF-THIS-MACHINE:{port}"
    if source == "audiosocket":
        yield "  exten => 100,1,Answer()"
        yield "   same => n,Set(ID=${UUID()})"
        yield f"   same => n,AudioSocket(${{ID}},{address})"
        yield "   same => n,Hangup()"
    yield f"  All of them: streamer config asterisk --version 22.5 --via {source} --address {address}"


def list_keys(
    everywhere: Sequence[BindingType],
    *,
    left_out: Set[str] = frozenset(),
    first: str = "",
    keymap: Keymap = MappingProxyType({}),
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each place where keys work, with the keys and what they do; the screen named `first` comes first."""
    places = list_places(everywhere)
    places.sort(key=lambda place: place.screen is None or place.screen.__name__ != first)
    for place in places:
        keys = [
            b
            for b in remap(place.bindings, keymap)
            if b.tooltip and b.action.removeprefix("app.") not in left_out
        ]
        yield place.title, [(show_keys(binding.key), binding.tooltip) for binding in keys]


def show_keys(keys: str) -> str:
    """Return keys as people write them."""
    return " ".join(_SHOWN.get(key) or key_to_character(key) or key for key in keys.split(","))
