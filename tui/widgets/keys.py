"""The line of keys at the foot of a screen: the most useful ones first, as many as there is room for."""

from __future__ import annotations

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Footer

NOT_IN_BROWSERS = frozenset({"suspend_process"})
"""Actions that work only on the machine that streamer runs on; in a browser their keys do nothing, or say why."""

_BLANKS = 2
"""Cells behind a key and behind what it does."""


class KeyLine(Footer):
    """Keys in the order of their bindings, which is that of their use; none is cut in two, and `?` shows those left out."""

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)

    def compose(self) -> ComposeResult:
        room = self.app.size.width + 1  # nothing follows the last blank
        for key in self._list_in_order():
            if self.app.is_web and getattr(key, "action", "") in NOT_IN_BROWSERS:
                continue
            shown = f"{getattr(key, 'key_display', '')}{getattr(key, 'description', '')}"
            room -= cell_len(shown) + _BLANKS
            if room < 0:
                return
            yield key

    def _list_in_order(self) -> list[Widget]:
        """Return the keys in the order of their bindings, also those that a user has chosen, which Textual puts last."""
        keys = list(super().compose())
        if not self.app._keymap:
            return keys
        active = self.screen.active_bindings
        ranks: dict[str, int] = {}
        for node, _ in self.screen._binding_chain:
            for each in type(node).BINDINGS:
                ranks.setdefault(getattr(each, "id", "") or "", len(ranks))

        def rank(key: Widget) -> int:
            found = active.get(getattr(key, "key", ""))
            return ranks.get(found.binding.id or "" if found else "", len(ranks))

        return sorted(keys, key=rank)

    def on_resize(self) -> None:
        self.bindings_changed(self.screen)
