"""Words as they are compared: case, accents and punctuation folded as the search folds them, numbers as single digits."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from streamer.core.scripts import indexed_text

_ACCENTS = range(0x0300, 0x0370)
"""Combining marks that are left out; those of other scripts belong to their letters."""

_NUMBER_LANGUAGES = frozenset({"en", "fr", "es", "pt", "de", "nl", "it", "da"})
"""Whose number words are understood."""

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
    if language not in _NUMBER_LANGUAGES or not parts:
        return [token for part, number in parts for token in _spell(part, number, number)]
    return list(_read_numbers(parts, language))


@lru_cache(_REMEMBERED)
def split_text(text: str) -> tuple[str, ...]:
    """Return the words of a text, folded."""
    text = indexed_text(text) or text
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = (c for c in decomposed if ord(c) not in _ACCENTS)
    whole = unicodedata.normalize("NFC", "".join(bare))
    return tuple("".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in whole).split())


def _spell(part: str, first: int, last: int) -> Iterator[Token]:
    """Yield a part as a token, or a number as its digits."""
    if not part.isdecimal():
        yield Token(part, first, last)
        return
    end = len(part) - 1
    for place, digit in enumerate(part):
        yield Token(str(int(digit)), first, last, opens=place == 0, closes=place == end)


def _read_numbers(parts: list[tuple[str, int]], language: str) -> Iterator[Token]:
    at = 0
    for start, end, digits in _find_numbers(tuple(part for part, _ in parts), language):
        for part, number in parts[at:start]:
            yield from _spell(part, number, number)
        yield from _spell(digits, parts[start][1], parts[end - 1][1])
        at = end
    for part, number in parts[at:]:
        yield from _spell(part, number, number)


class _Part:
    """A word as the library of number words takes it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def text(self) -> str:
        return self._text

    def nt_separated(self, previous: _Part) -> bool:
        return False

    def not_a_number_part(self) -> bool:
        return False


@lru_cache(1000)
def _find_numbers(parts: tuple[str, ...], language: str) -> tuple[tuple[int, int, str], ...]:
    """Return where numbers are written in words, and their digits; ordinals stay words."""
    import text_to_num

    found = text_to_num.find_numbers([_Part(part) for part in parts], language, 0.0)
    return tuple(
        (each.start, each.end, each.text)
        for each in found
        if not each.is_ordinal and each.text.isdecimal()
    )
