"""The line of keys in a dialog: each may be clicked, since a telephone has no Esc."""

from __future__ import annotations

from collections.abc import Iterator

from rich.style import Style
from rich.text import Text

GAP = "   "
"""Between two keys."""

KEY = "key"
"""Under which name a cell knows the key that a click on it presses."""

_KEYS = {"Esc": "escape", "Enter": "enter", "Space": "space"}


def draw_hint(text: str) -> Text:
    """Return keys with what they do, such as "Enter Save   Esc Cancel", so that a click on one presses it."""
    return Text(GAP).join(_draw(text))


def _draw(text: str) -> Iterator[Text]:
    for part in text.split(GAP):
        name = part.split(" ")[0]
        yield Text(part, Style(meta={KEY: _KEYS.get(name, name)}))
