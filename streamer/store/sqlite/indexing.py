"""What the index takes of an utterance: its words apart, and behind them once more with its numbers as figures (pure).

The index knows words, not what they mean. So "call five five five" is indexed as it stands, and behind a mark that stands for its
language as "call 555"; and a search for `five five five` also looks for `555` in English utterances, see `query.py`. Of a long number in
pieces each figure is indexed as well, so that a part of it is found.
"""

from __future__ import annotations

from streamer.core.numbers import NUMBER_LANGUAGES, Number, find_numbers, split_at_numbers
from streamer.core.scripts import Indexed, index_text

_MARKS = {language: chr(0xE000 + place) for place, language in enumerate(("", *NUMBER_LANGUAGES))}
"""A word of the index for each language that nobody writes: characters that Unicode gives to no script."""

SHORTEST_PART = 4
"""Figures of what is also found within a longer number, as the end of a telephone number."""


def mark_language(language: str) -> str:
    """Return the word that stands in the index behind each utterance of a language that has numbers in it."""
    return _MARKS.get(language, _MARKS[""])


def index_utterance(text: str, language: str) -> Indexed | None:
    """Return what is indexed of an utterance; None if that is the text itself."""
    spaced = index_text(text)
    numbers = find_numbers(spaced.text if spaced else text, language)
    in_pieces = [number for number in numbers if not number.is_plain]
    if not numbers or not (in_pieces or language in NUMBER_LANGUAGES):
        return spaced
    base = spaced or Indexed(text, [(at, at + 1) for at in range(len(text))])
    pieces = [base, *([_write_figures(base, numbers)] if in_pieces else [])]
    pieces += [_part_figures(base, each) for each in in_pieces if len(each.figures) > SHORTEST_PART]
    return _join(pieces, mark_language(language), (len(text),) * 2)


def indexed_utterance(text: str, language: str) -> str | None:
    """Return what `index_utterance` does, without the places."""
    indexed = index_utterance(text, language)
    return indexed.text if indexed else None


def part_figures(figures: str) -> str:
    """Return a number with each of its figures as a word, so that a part of it is a phrase."""
    return " ".join(figures)


def _write_figures(base: Indexed, numbers: list[Number]) -> Indexed:
    """Return a text with its numbers as figures, each of which stood where its number did."""
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    at = 0
    for piece, number in split_at_numbers(base.text, numbers):
        pieces.append(piece)
        if number is None:
            places += base.places[at : at + len(piece)]
            at += len(piece)
        else:
            places += [base.find(number.start, number.end)] * len(piece)
            at = number.end
    return Indexed("".join(pieces), places)


def _part_figures(base: Indexed, number: Number) -> Indexed:
    text = part_figures(number.figures)
    return Indexed(text, [base.find(number.start, number.end)] * len(text))


def _join(pieces: list[Indexed], mark: str, nowhere: tuple[int, int]) -> Indexed:
    """Return the pieces with the mark behind each, so that no phrase goes from one to the next."""
    sign = f" {mark} "
    places = [place for piece in pieces for place in (*piece.places, *[nowhere] * len(sign))]
    return Indexed("".join(piece.text + sign for piece in pieces), places)
