"""Text as the index takes it: scripts that put no blanks between words get one between their characters (pure).

The index knows words by what stands around them. Where a script has no blanks (Chinese, Thai), or writes its particles onto the word
(Korean, Arabic, Hebrew), each character is therefore indexed as a word, and a word that is looked for is a phrase of them. On the way
go what the same word is written with or without: vowel signs and other spellings of Arabic letters, full and half width, joiners,
and the digits of other scripts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

# Unicode's scripts of which UAX #14 says that a line may be broken beside any character, or only with a dictionary; and Hangul.
_CHARACTERS = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48c\uf900-\ufaff\uff66-\uff9f\U00016fe0-\U00018dff\U0001aff0-\U0001b2ff"
    "\U00020000-\U000323af"
    "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7ff\uffa0-\uffdc"
)
_WITH_MARKS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\ua9e0-\ua9ff\uaa60-\uaadf"
    "\U00011700-\U0001174f"
)
"""Their vowels are marks on the character, so that the last character of what is looked for may have more of them."""

# Hebrew and Arabic: the marks are left out by most writers.
_WITHOUT_MARKS = "\u0590-\u05ff\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"

_IS_SPACED = re.compile(f"[{_CHARACTERS}{_WITH_MARKS}{_WITHOUT_MARKS}]")
_IS_WITH_MARKS = re.compile(f"[{_WITH_MARKS}]")
_IS_WITHOUT_MARKS = re.compile(f"[{_WITHOUT_MARKS}]")
_JOINERS = "\u200c\u200d"
_CHANGES = re.compile(
    rf"[{_CHARACTERS}{_WITH_MARKS}{_WITHOUT_MARKS}{_JOINERS}\uff10-\uff5a]|(?![0-9])\d"
)

# Voicing marks of half-width kana, vowels and finals of Hangul that is written in letters, and "am" of Thai and Lao, half of which is a mark.
_FOLLOWS = re.compile(r"[\uff9e\uff9f\u1160-\u11ff\ud7b0-\ud7ff\u0e33\u0eb3]")
_REMEMBERED = 10_000
"""Characters that are not worked out again: an old database is a million sentences of a few thousand of them."""

_TATWEEL = "\u0640"
_SAME_LETTERS = str.maketrans(
    {
        "\u0671": "\u0627",  # alef wasla
        **dict.fromkeys("\u0649\u06cc\u06d0", "\u064a"),  # yeh
        "\u06a9": "\u0643",  # keheh
        **dict.fromkeys("\u0629\u06be\u06c1\u06d5", "\u0647"),  # teh marbuta, heh
    }
)
"""Letters of Arabic, Persian and Urdu that stand for each other in careless writing and on other keyboards."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """A text as the index takes it, and for each of its characters where that stood in the text."""

    text: str
    places: Sequence[tuple[int, int]]

    def find(self, start: int, end: int) -> tuple[int, int]:
        """Return where a span of it stood."""
        return self.places[start][0], self.places[end - 1][1]


def index_text(text: str) -> Indexed | None:
    """Return a text as the index takes it; None if that is the text itself."""
    if text.isascii() or not _CHANGES.search(text):
        return None
    characters: list[str] = []
    places: list[tuple[int, int]] = []
    was_spaced = False
    for start, end in _clusters(text):
        is_spaced = _is_spaced(text[start])
        for unit in _spell(text[start:end]):
            is_apart = is_spaced or was_spaced
            if is_apart and characters and characters[-1] != " " and not unit.startswith(" "):
                characters.append(" ")
                places.append((start, start))
            characters.extend(unit)
            places.extend([(start, end)] * len(unit))
            was_spaced = is_spaced
    return Indexed("".join(characters), places)


def indexed_text(text: str) -> str | None:
    """Return what `index_text` does, without the places."""
    indexed = index_text(text)
    return indexed.text if indexed else None


def may_go_on(text: str) -> bool:
    """Say whether the last character of a text may be the beginning of another: a vowel sign may follow."""
    return bool(_IS_WITH_MARKS.match(text[-1:]))


@lru_cache(_REMEMBERED)
def _is_spaced(character: str) -> bool:
    """Say whether a character is indexed as a word; digits are not, nor is what no word has in it."""
    if not _IS_SPACED.match(character) or character.isdecimal():
        return False
    return unicodedata.category(character)[0] in "LMN"


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Yield where characters begin and end, as a reader sees them: with the marks and joiners that follow."""
    start = 0
    for at in range(1, len(text)):
        if not _is_added(text[at]):
            yield start, at
            start = at
    yield start, len(text)


@lru_cache(_REMEMBERED)
def _is_added(character: str) -> bool:
    return (
        unicodedata.category(character)[0] == "M"
        or character in _JOINERS
        or bool(_FOLLOWS.match(character))
    )


@lru_cache(_REMEMBERED)
def _spell(cluster: str) -> tuple[str, ...]:
    return tuple(_fold(cluster))


def _fold(cluster: str) -> Iterator[str]:
    """Yield the words of the index that a character with its marks becomes: one, or those of a ligature, or none."""
    bare = cluster.strip(_JOINERS)
    if not bare:
        return
    if not _is_spaced(bare[0]):
        yield _fold_width(bare)
    elif _IS_WITHOUT_MARKS.match(bare):
        yield from _fold_letters(bare)
    else:
        whole = unicodedata.normalize("NFKC", bare)
        yield from (whole[start:end] for start, end in _clusters(whole))


def _fold_letters(cluster: str) -> Iterator[str]:
    for character in unicodedata.normalize("NFKD", cluster):
        if character != _TATWEEL and unicodedata.category(character)[0] == "L":
            yield character.translate(_SAME_LETTERS)


def _fold_width(text: str) -> str:
    """Return letters and digits of full width, and digits of other scripts, as everybody types them."""
    return "".join(map(_fold_character, text))


def _fold_character(character: str) -> str:
    if character.isdecimal() and not character.isascii():
        return str(unicodedata.decimal(character))
    if character.isalpha() and "\uff21" <= character <= "\uff5a":
        return unicodedata.normalize("NFKC", character)
    return character
