"""What the index takes of an utterance: its words apart, and behind them once more with its numbers as figures (pure).

The index knows words, not what they mean. So "call five five five" is indexed as it stands, and behind a mark that stands for its
language as "call 555"; and a search for `five five five` also looks for `555` in English utterances, see `query.py`.
"""

from __future__ import annotations

from streamer.core.numbers import NUMBER_LANGUAGES, Number, find_numbers, split_at_numbers
from streamer.core.scripts import Indexed, index_text

_MARKS = {language: chr(0xE000 + place) for place, language in enumerate(("", *NUMBER_LANGUAGES))}
"""A word of the index for each language that nobody writes: characters that Unicode gives to no script."""


def mark_language(language: str) -> str:
    """Return the word that stands in the index behind each utterance of a language that has numbers in it."""
    return _MARKS.get(language, _MARKS[""])


def index_utterance(text: str, language: str) -> Indexed | None:
    """Return what is indexed of an utterance; None if that is the text itself."""
    spaced = index_text(text)
    base = spaced or Indexed(text, [(at, at + 1) for at in range(len(text))])
    numbers = find_numbers(base.text, language)
    is_plain = all(number.is_plain for number in numbers)
    if not numbers or (is_plain and language not in NUMBER_LANGUAGES):
        return spaced
    sign = f" {mark_language(language)}"
    marked = Indexed(base.text + sign, [*base.places, *[(len(text),) * 2] * len(sign)])
    return marked if is_plain else _add_figures(marked, base, numbers)


def indexed_utterance(text: str, language: str) -> str | None:
    """Return what `index_utterance` does, without the places."""
    indexed = index_utterance(text, language)
    return indexed.text if indexed else None


def _add_figures(marked: Indexed, base: Indexed, numbers: list[Number]) -> Indexed:
    """Return what is marked, and behind it the text with its numbers as figures, each of which stood where its number did."""
    pieces, places = [marked.text, " "], [*marked.places, marked.places[-1]]
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
