"""How the list of calls is looked at: what was chosen now, and the views that have names, kept for the next time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from streamer.core.reasons import explain
from streamer.core.untrusted import one_line
from tui.state.arrangement import Order
from tui.state.preferences import (
    MOST_VIEWS,
    Preferences,
    View,
    keep_preferences,
    read_preferences,
)

BUILT_IN = {
    "All": View(),
    "Live": View("state:live"),
    "Past": View("!state:live", Order.NEWEST.value),
    "With alerts": View("alert:"),
    "No audio": View('legs:"no audio"'),
}

_LONGEST_NAME = 40


class Outlook:
    """Keeps each choice at once; what the disk does not take holds for as long as the screen is open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = Preferences()

    def read(self) -> None:
        """Take up what was kept."""
        self._kept = read_preferences(self._path)

    @property
    def now(self) -> View:
        """Return how the list is looked at, but for the filter."""
        return self._kept.now

    @property
    def order(self) -> Order:
        """Return what calls are sorted by."""
        known = self.now.order
        return Order(known) if known in set(Order) else Order.ATTENTION

    @property
    def views(self) -> Mapping[str, View]:
        """Return the views by name, those that anybody has first."""
        return {**BUILT_IN, **self._kept.views}

    def look_by(self, view: View) -> str:
        """Take a view's order and columns; return why that is not kept, or nothing."""
        return self._keep(replace(self._kept, now=replace(view, filter="")))

    def keep_view(self, name: str, filter: str) -> str:
        """Give a name to how the list is looked at; return why that is not kept, or nothing."""
        name = one_line(name)[:_LONGEST_NAME]
        views = {**self._kept.views, name: replace(self.now, filter=filter)}
        if len(views) > MOST_VIEWS:
            return f"There are {MOST_VIEWS} views already. Delete one: v, then x"
        return self._keep(replace(self._kept, views=views))

    def delete(self, name: str) -> str:
        """Delete a view; return why that cannot be, or nothing."""
        views = dict(self._kept.views)
        if views.pop(name, None) is None:
            return f"{name} is built in and cannot be deleted"
        return self._keep(replace(self._kept, views=views))

    def _keep(self, preferences: Preferences) -> str:
        self._kept = preferences
        try:
            keep_preferences(self._path, preferences)
        except OSError as error:
            return f"This choice holds until you quit: {explain(error)}"
        return ""
