"""Marks of speakers, and what stands in for everything that a terminal without UTF-8 cannot show."""

from __future__ import annotations

import locale
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

MARKS = "●◆▲■○◇△□"
"""One a leg, so that speakers are told apart without colour."""

COLOURS = 6
"""Colours of legs in the style sheet; with the marks, 24 legs differ."""

_STAND_INS = {
    "*": "●",
    "#": "◆■",
    "^": "▲△↑",
    "@": "◇",
    "o": "○",
    "%": "□",
    "|": "▌┃│▐",
    "-": "─—–",
    "=": "━▮█▆▇▅",
    ".": "▯·▁▂▃▄",
    ">": "▸→›",
    "<": "←‹",
    "'": "‘’",
    '"': "“”",
    "~": "…",
}
_PLAIN = {ord(c): plain for plain, others in _STAND_INS.items() for c in others}


def mark(rank: int) -> str:
    """Return the mark of a call's leg."""
    return MARKS[rank % len(MARKS)]


def speaks_utf8() -> bool:
    """Say whether the terminal is said to understand UTF-8."""
    return "utf" in locale.getpreferredencoding(do_setlocale=False).lower()


class PlainCharacters(LineFilter):
    """Replaces every character that is not ASCII by one or two that are, so that columns stay."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with other characters."""
        return [
            segment if segment.text.isascii() else segment._replace(text=_to_ascii(segment.text))
            for segment in segments
        ]


@lru_cache(4096)
def _to_ascii(text: str) -> str:
    plain = text.translate(_PLAIN)
    return "".join(c if c.isascii() else "?" * cell_len(c) for c in plain)
