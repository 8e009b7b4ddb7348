"""The keys of the list of calls, in the order of their use."""

from __future__ import annotations

from textual.binding import Binding

LIST_KEYS = (
    Binding("enter", "open", "Open", id="open", tooltip="Open the call"),
    Binding(
        "slash",
        "filter",
        "Filter",
        id="filter",
        priority=True,
        tooltip="Filter this list",
    ),
    Binding(
        "ctrl+f",
        "app.search",
        "Search",
        id="search",
        priority=True,
        tooltip="Search all calls",
    ),
    Binding("s", "stop", "Stop", id="stop", tooltip="Stop recording this call"),
    Binding(
        "o",
        "app.channels",
        "Channels",
        id="channels",
        show=False,
        tooltip="Tap a channel of the PBX (ARI)",
    ),
    Binding("escape", "close", "Show all", id="close", tooltip="Clear the filter"),
    Binding("d", "app.theme", "Theme", id="theme"),
    Binding("b", "sort", "Sort by", id="sort", tooltip="Sort by something else"),
    Binding("v", "views", "Views", id="views", tooltip="Choose a view"),
    Binding("c", "columns", "Columns", id="columns", tooltip="Choose columns"),
    Binding("V", "keep_view", "Save view", id="keep-view", tooltip="Save this view"),
    Binding("j", "move('cursor_down')", "Down", id="down", show=False, tooltip="Next call"),
    Binding("k", "move('cursor_up')", "Up", id="up", show=False, tooltip="Previous call"),
    Binding(
        "g",
        "move('scroll_top')",
        "First",
        id="first",
        show=False,
        tooltip="Go to the newest call",
    ),
    Binding(
        "G",
        "move('scroll_bottom')",
        "Last",
        id="last",
        show=False,
        tooltip="Go to the oldest call",
    ),
)
"""Those that no other screen has."""
