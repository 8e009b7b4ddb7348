"""Words broken into rows of a terminal, counted in cells: a wide character takes two, a combined character is never split."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len, chop_cells

NARROWEST = 2
"""Cells that a row has at least, so that a wide character fits."""


_JOINER = "\u200d"
_JOINING = f"{_JOINER}\ufe0f"


class Token(NamedTuple):
    """What is not broken if it fits into a row, and how it looks."""

    text: str
    width: int
    is_joined: bool = False
    """No blank stands before it."""
    is_tentative: bool = False
    is_doubtful: bool = False
    severity: str = ""
    """Of the alert that it has raised, if it has."""


PackedToken = tuple[str, int, bool, bool, bool, str]
"""The fields of a token in a tuple that is nothing else, which Python's collector of garbage looks at only once: a long call has 100,000."""


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
    """Return a token of harmless text.

    What joins or varies the letter beside it is left out where there is none: it would change the width of the word that it stands by.
    """
    text = text.lstrip(_JOINING).rstrip(_JOINER)
    width = len(text) if text.isascii() else cell_len(text)
    return Token(text, width, is_joined, is_tentative, is_doubtful)


def pack(tokens: Iterable[Token]) -> tuple[PackedToken, ...]:
    """Return tokens to be kept."""
    return tuple([(*token,) for token in tokens])


def unpack(packed: Iterable[PackedToken]) -> tuple[Token, ...]:
    """Return tokens that were packed."""
    return tuple(map(Token._make, packed))


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


def count_rows(packed: Sequence[PackedToken], width: int) -> int:
    """Return how many rows `wrap` makes of tokens, many times faster where every token fits."""
    width = max(NARROWEST, width)
    rows, used = 1, 0
    for _, cells, is_joined, *_ in packed:
        if cells > width:
            return len(wrap(unpack(packed), width))
        needed = cells + (used > 0 and not is_joined)
        if used + needed <= width:
            used += needed
        else:
            rows, used = rows + 1, cells
    return rows


def row_starts(rows: Iterable[Row], tokens: Sequence[Token]) -> list[int]:
    """Return which character of the tokens' joined text each of their rows begins with."""
    starts: list[int] = []
    at, last = 0, -1
    for row in rows:
        if starts and row and row[0].token != last and not tokens[row[0].token].is_joined:
            at += 1  # the blank for which the row before had no room
        starts.append(at)
        at += sum(piece.blank + len(piece.text) for piece in row)
        last = row[-1].token if row else last
    return starts
