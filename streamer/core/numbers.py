"""Numbers of a text as figures, whether they were written in figures, in words, or digit by digit (pure).

A number is a run of such parts that follow each other in one sentence: `five five five`, `5, 5, 5`, `five fifty-five` and `555` are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

NUMBER_LANGUAGES = ("en", "fr", "es", "pt", "de", "nl", "it", "da")
"""Whose number words are understood."""

_PART = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+")
_ENDS_SENTENCE = re.compile(r"[.?!…]\s")


@dataclass(frozen=True, slots=True)
class SpokenNumber:
    """A number that is written in words: which parts of a text it is, from `start` up to `end`, and its figures."""

    start: int
    end: int
    figures: str


@dataclass(frozen=True, slots=True)
class Number:
    """Where a number stands in a text, in characters, and its figures; `is_plain` where it is written as these and no other way."""

    start: int
    end: int
    figures: str
    is_plain: bool


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
def find_spoken(parts: tuple[str, ...], language: str) -> tuple[SpokenNumber, ...]:
    """Return the numbers that are written in words, small and with their accents, of one of `NUMBER_LANGUAGES`; ordinals stay words."""
    import text_to_num

    found = text_to_num.find_numbers([_Part(part) for part in parts], language, 0.0)
    return tuple(
        SpokenNumber(each.start, each.end, each.text)
        for each in found
        if not each.is_ordinal and each.text.isdecimal()
    )


def find_numbers(text: str, language: str = "") -> list[Number]:
    """Return the numbers of a text in order; without a language that is known, those in figures."""
    places = [match.span() for match in _PART.finditer(text)]
    parts = tuple(normalize("NFC", text[start:end].lower()) for start, end in places)
    runs: list[list[SpokenNumber]] = []
    for each in _find_parts(parts, language):
        if runs and runs[-1][-1].end == each.start:
            gap = text[places[each.start - 1][1] : places[each.start][0]]
            if not _ENDS_SENTENCE.search(gap):
                runs[-1].append(each)
                continue
        runs.append([each])
    return [
        Number(
            places[run[0].start][0],
            places[run[-1].end - 1][1],
            figures := "".join(each.figures for each in run),
            is_plain=parts[run[0].start : run[-1].end] == (figures,),
        )
        for run in runs
    ]


def write_figures(text: str, language: str = "") -> str:
    """Return a text with its numbers as figures."""
    return "".join(piece for piece, _ in split_at_numbers(text, find_numbers(text, language)))


def split_at_numbers(text: str, numbers: Sequence[Number]) -> Iterator[tuple[str, Number | None]]:
    """Yield what stands between the numbers of a text, and the figures of each with the number itself."""
    at = 0
    for number in numbers:
        yield text[at : number.start], None
        yield number.figures, number
        at = number.end
    yield text[at:], None


def _find_parts(parts: tuple[str, ...], language: str) -> Iterator[SpokenNumber]:
    """Yield which parts are numbers, in words or in figures, in order."""
    spoken = find_spoken(parts, language) if language in NUMBER_LANGUAGES and parts else ()
    starts = {number.start: number for number in spoken}
    within = {place for number in spoken for place in range(number.start, number.end)}
    for place, part in enumerate(parts):
        if place in starts:
            yield starts[place]
        elif place not in within and part.isdecimal():
            yield SpokenNumber(place, place + 1, "".join(str(int(digit)) for digit in part))
