"""The line of keys at the foot of a screen: the most useful ones first, as many as there is room for.

It is one widget that draws all of them. Textual's `Footer` makes a widget of each key, and makes all of them anew whenever anything
takes the focus, which is most of what it costs to open a screen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import ActiveBinding
from textual.events import MouseDown, MouseMove
from textual.reactive import reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

NOT_IN_BROWSERS = frozenset({"suspend_process"})
"""Actions that work only on the machine that streamer runs on; in a browser their keys do nothing, or say why."""

GAP = "  "
"""Between two keys: wider than what is between a key and what it does, so that they are told apart without colours."""


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key with what it does, and the cell it begins at."""

    key: str
    name: str
    does: str
    tooltip: str
    is_enabled: bool
    start: int = 0
    does_help: bool = False

    @property
    def width(self) -> int:
        """Return how many cells it takes."""
        return cell_len(f"{self.name} {self.does}")

    @property
    def end(self) -> int:
        """Return the cell behind it, which is blank."""
        return self.start + self.width


class KeyLine(Widget):
    """Keys in the order of their bindings, which is that of their use; none is cut in two, and `?`, which always stays, shows those left out."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"keys--key", "keys--does", "keys--pointed"}

    keys: reactive[tuple[ShownKey, ...]] = reactive(())
    pointed: reactive[ShownKey | None] = reactive(None)
    """The key under the mouse."""

    def on_mount(self) -> None:
        """Show what the screen offers from now on."""
        self.screen.bindings_updated_signal.subscribe(self, self._choose)

    def on_resize(self) -> None:
        self.keys = tuple(self._list_keys())  # also while the terminal has not the focus

    def _choose(self, screen: Screen[object]) -> None:
        if self.app.app_focus and self.is_attached and screen is self.screen:
            self.keys = tuple(self._list_keys())

    def _list_keys(self) -> Iterator[ShownKey]:
        """Yield the keys that there is room for, the one for help whatever else there is; nothing follows the last one."""
        offered = list(self._list_offered())
        helping = next((key for key in offered if key.does_help), None)
        start, room = 0, self.app.size.width
        for key in offered:
            kept = 0 if helping is None or key is helping else helping.width + len(GAP)
            if start + key.width + kept > room:
                break
            yield replace(key, start=start)
            start += key.width + len(GAP)
            helping = None if key is helping else helping
        if helping is not None and start + helping.width <= room:
            yield replace(helping, start=start)

    def _list_offered(self) -> Iterator[ShownKey]:
        """Yield every key that works here, each action once, in the order of their use."""
        listed: set[str] = set()
        for _, binding, is_enabled, tooltip in self._list_in_order():
            action = binding.action
            is_hidden = not binding.show or (self.app.is_web and action in NOT_IN_BROWSERS)
            if action in listed or is_hidden:
                continue
            listed.add(action)
            yield ShownKey(
                binding.key,
                self.app.get_key_display(binding),
                binding.description,
                tooltip,
                is_enabled,
                does_help=action == "app.help",
            )

    def _list_in_order(self) -> list[ActiveBinding]:
        """Return what may be pressed in the order of the bindings, also what a user has chosen, which Textual puts last."""
        active = list(self.screen.active_bindings.values())
        if not self.app._keymap:
            return active
        ranks: dict[str, int] = {}
        for node, _ in self.screen._binding_chain:
            for each in type(node).BINDINGS:
                ranks.setdefault(getattr(each, "id", "") or "", len(ranks))
        return sorted(active, key=lambda each: ranks.get(each.binding.id or "", len(ranks)))

    def render_line(self, y: int) -> Strip:
        ground = Style(bgcolor=self.rich_style.bgcolor)
        looks = [self.get_component_rich_style(f"keys--{of}") for of in ("key", "does")]
        drawn: list[Segment] = []
        for key in self.keys:
            over = self._find_style(key)
            drawn += [Segment(GAP, ground)] if drawn else []
            drawn += [Segment(key.name, looks[0] + over), Segment(f" {key.does}", looks[1] + over)]
        return Strip(drawn).adjust_cell_length(self.size.width, ground)

    def _find_style(self, key: ShownKey) -> Style:
        pointed = self.get_component_rich_style("keys--pointed")
        ground = Style(bgcolor=pointed.bgcolor) if key == self.pointed else Style()
        return ground if key.is_enabled else ground + Style(dim=True)

    # The mouse

    def _find_key(self, x: int) -> ShownKey | None:
        return next((key for key in self.keys if key.start <= x < key.end), None)

    def on_mouse_down(self, event: MouseDown) -> None:
        """Do what the key does."""
        key = self._find_key(event.x)
        if key is not None and key.is_enabled:
            self.app.simulate_key(key.key)
        elif key is not None:
            self.app.bell()

    def on_mouse_move(self, event: MouseMove) -> None:
        self.pointed = self._find_key(event.x)

    def on_leave(self) -> None:
        self.pointed = None

    def watch_pointed(self, pointed: ShownKey | None) -> None:
        """Say more about the key under the mouse."""
        self.tooltip = pointed.tooltip if pointed else None
        self.set_class(pointed is not None, "-pointed")
