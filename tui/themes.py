"""Colours: one dark and one light theme, both readable from afar."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="streamer-dark",
    primary="#7aa2f7",
    secondary="#9ece6a",
    accent="#e0af68",
    warning="#e0af68",
    error="#f7768e",
    success="#9ece6a",
    foreground="#e6e9f2",
    background="#14161d",
    surface="#1b1e28",
    panel="#232735",
    dark=True,
    variables={
        "tentative": "#8b91a8",
        "quiet": "#9aa0b6",
        "mark": "#e07be8",
        "speaker-0": "#7dcfff",
        "speaker-1": "#f0b86e",
        "speaker-2": "#9ece6a",
        "speaker-3": "#d5a6ff",
        "speaker-4": "#ff9e9e",
        "speaker-5": "#73e0c9",
        "footer-key-foreground": "#7aa2f7",
    },
)

LIGHT = Theme(
    name="streamer-light",
    primary="#1f5fbf",
    secondary="#3d7a1f",
    accent="#9a5b00",
    warning="#9a5b00",
    error="#b3261e",
    success="#3d7a1f",
    foreground="#16181d",
    background="#fbfbf8",
    surface="#f1f1ec",
    panel="#e6e6df",
    dark=False,
    variables={
        "tentative": "#6a6e78",
        "quiet": "#545862",
        "mark": "#8a1f94",
        "speaker-0": "#00639b",
        "speaker-1": "#a04800",
        "speaker-2": "#2f6d13",
        "speaker-3": "#7a3aa8",
        "speaker-4": "#a8262f",
        "speaker-5": "#00695c",
        "footer-key-foreground": "#1f5fbf",
    },
)

THEMES = {"dark": DARK, "light": LIGHT}
"""By their names for users."""

EMPTY_GROUNDS = ("#14161d", "#1b1e28", "#fbfbf8", "#f1f1ec")
"""Background and surface of both, which are one where there are 16 colours."""
