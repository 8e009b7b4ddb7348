"""Words broken into rows of a terminal, counted in cells: a wide character takes two, a combined one is never split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len, chop_cells

NARROWEST = 2
"""Cells that a row has at least, so that a wide character fits."""


class Token(NamedTuple):
    """What is not broken if it fits into a row, and how it looks."""

    text: str
    width: int
    is_joined: bool = False
    """No blank stands before it."""
    is_tentative: bool = False
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of one row; `token` is the number of the token that it is of, `blank` says whether a blank stands before it."""

    text: str
    token: int
    blank: bool


Row = list[Piece]


def make_token(
    text: str, *, is_joined: bool = False, is_tentative: bool = False, is_doubtful: bool = False
) -> Token:
    """Return a token of harmless text."""
    width = len(text) if text.isascii() else cell_len(text)
    return Token(text, width, is_joined, is_tentative, is_doubtful)


def wrap(tokens: Sequence[Token], width: int) -> list[Row]:
    """Break tokens into rows of at most `width` cells; there is always one row."""
    width = max(NARROWEST, width)
    rows: list[Row] = [[]]
    used = 0
    for number, token in enumerate(tokens):
        blank = bool(rows[-1]) and not token.is_joined
        if used + blank + token.width <= width:
            rows[-1].append(Piece(token.text, number, blank))
            used += blank + token.width
            continue
        parts = [token.text] if token.width <= width else chop_cells(token.text, width)
        for part in parts:
            if rows[-1]:
                rows.append([])
            rows[-1].append(Piece(part, number, blank=False))
        used = cell_len(parts[-1])
    return rows


def count_rows(tokens: Sequence[Token], width: int) -> int:
    """Return how many rows `wrap` makes, many times faster where every token fits."""
    width = max(NARROWEST, width)
    rows, used = 1, 0
    for token in tokens:
        if token.width > width:
            return len(wrap(tokens, width))
        needed = token.width + (used > 0 and not token.is_joined)
        if used + needed <= width:
            used += needed
        else:
            rows, used = rows + 1, token.width
    return rows
