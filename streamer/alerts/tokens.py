"""Words as they are compared: case, accents and punctuation folded as the search folds them, numbers as single digits."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from streamer.core.numbers import NUMBER_LANGUAGES, SpokenNumber, find_spoken
from streamer.core.scripts import indexed_text

_ACCENTS = range(0x0300, 0x0370)
"""Combining marks that are left out; those of other scripts belong to their letters."""

_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or a digit of a number, and which words of the utterance it comes from, from `first` to `last`.

    A phrase may not begin or end within a number: `opens` and `closes` say where it may.
    """

    text: str
    first: int = 0
    last: int = 0
    opens: bool = True
    closes: bool = True

    @property
    def is_digit(self) -> bool:
        """Say whether it is a digit of a number."""
        return len(self.text) == 1 and self.text.isdecimal()


def tokenise(words: Sequence[str], language: str) -> list[Token]:
    """Return the tokens of an utterance's words."""
    parts = [(part, number) for number, word in enumerate(words) for part in split_text(word)]
    if language not in NUMBER_LANGUAGES or not parts:
        return [token for part, number in parts for token in _spell(part, number, number)]
    written = tuple(part for word in words for part in _split(word.lower()))
    if len(written) != len(parts):  # an accent stood alone
        written = tuple(part for part, _ in parts)
    return list(_read_numbers(parts, find_spoken(written, language)))


@lru_cache(_REMEMBERED)
def split_text(text: str) -> tuple[str, ...]:
    """Return the words of a text, folded."""
    decomposed = unicodedata.normalize("NFKD", (indexed_text(text) or text).casefold())
    return _split("".join(c for c in decomposed if ord(c) not in _ACCENTS))


@lru_cache(_REMEMBERED)
def _split(text: str) -> tuple[str, ...]:
    whole = unicodedata.normalize("NFC", indexed_text(text) or text)
    return tuple("".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in whole).split())


def _spell(part: str, first: int, last: int) -> Iterator[Token]:
    """Yield a part as a token, or a number as its digits."""
    if not part.isdecimal():
        yield Token(part, first, last)
        return
    end = len(part) - 1
    for place, digit in enumerate(part):
        yield Token(str(int(digit)), first, last, opens=place == 0, closes=place == end)


def _read_numbers(parts: list[tuple[str, int]], spoken: Sequence[SpokenNumber]) -> Iterator[Token]:
    at = 0
    for each in spoken:
        for part, number in parts[at : each.start]:
            yield from _spell(part, number, number)
        yield from _spell(each.figures, parts[each.start][1], parts[each.end - 1][1])
        at = each.end
    for part, number in parts[at:]:
        yield from _spell(part, number, number)
