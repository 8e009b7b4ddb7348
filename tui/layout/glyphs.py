"""Marks of speakers, and what stands in for them and all else where only ASCII can be shown or is asked for."""

from __future__ import annotations

import locale
import os
import unicodedata
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

MARKS = "●◆▲■○◇△□"
"""One a leg, so that speakers are told apart without colour."""

FLAG = "⚑"
"""Stands where a user has marked something."""

COLOURS = 6
"""Colours of legs in the style sheet; with the marks, 24 legs differ."""

_STAND_INS = {
    "*": "●",
    "#": "■",
    "+": "◆",
    "^": "▲↑",
    "A": "△",
    "@": "◇",
    "o": "○",
    "%": "□",
    "|": "▌┃│▐‖",
    "-": "─—–",
    "=": "━▮█▆▇▅",
    ".": "▯·•▁▂▃▄",
    "&": "⚑",
    ">": "▸→›",
    "<": "←‹",
    "'": "‘’▀",
    '"': "“”",
    "~": "…",
}
_PLAIN = {ord(c): plain for plain, others in _STAND_INS.items() for c in others}


_BY_WORD = {
    "HORIZONTAL": "-", "VERTICAL": "|", "DRAWINGS": "+", "RIGHTWARDS": ">", "RIGHT-POINTING": ">", "LEFTWARDS": "<",
    "LEFT-POINTING": "<", "UPWARDS": "^", "UP-POINTING": "^", "DOWNWARDS": "v", "DOWN-POINTING": "v", "CHECK": "x", "SHADE": "#",
    "LOWER": ".", "UPPER": "'", "BLOCK": "#", "STAR": "*", "BULLET": "*", "CIRCLE": "o", "SQUARE": "#", "DIAMOND": "@",
}  # fmt: skip
"""Words in the names of characters that no table has, the most telling first."""


def mark(rank: int) -> str:
    """Return the mark of a call's leg."""
    return MARKS[rank % len(MARKS)]


def speaks_utf8() -> bool:
    """Say whether the terminal is said to understand UTF-8.

    Where the locale is C, Python takes UTF-8 for itself, so a locale that is named is read by its name.
    """
    named = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_CTYPE", "LANG"))), "")
    if "." in named or named in ("C", "POSIX"):
        return "utf" in named.lower()
    return "utf" in locale.getpreferredencoding(do_setlocale=False).lower()


class PlainCharacters(LineFilter):
    """Replaces every character that is not ASCII by one or two that are, so that columns stay; letters are left if asked."""

    def __init__(self, *, keeps_letters: bool = False) -> None:
        super().__init__()
        self._keeps_letters = keeps_letters

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with other characters."""
        return [
            segment
            if segment.text.isascii()
            else segment._replace(text=_to_ascii(segment.text, self._keeps_letters))
            for segment in segments
        ]


@lru_cache(4096)
def _to_ascii(text: str, keeps_letters: bool) -> str:
    plain = text.translate(_PLAIN)
    if plain.isascii():
        return plain
    return "".join(
        c if c.isascii() or (keeps_letters and not _is_glyph(c)) else _stand_in(c) for c in plain
    )


def _is_glyph(character: str) -> bool:
    """Say whether a character is drawn rather than written: a symbol other than those of money, or one without a meaning."""
    category = unicodedata.category(character)
    return category == "Co" or (category[0] == "S" and category != "Sc")


def _stand_in(character: str) -> str:
    """Return what is most like a character, in as many cells."""
    words = unicodedata.name(character, "").split()
    found = next((plain for word, plain in _BY_WORD.items() if word in words), "?")
    if "DRAWINGS" in words and {"HORIZONTAL", "VERTICAL"} <= {*words} or "CORNER" in words:
        found = "+"
    return found.ljust(cell_len(character), found)
