"""How many words are wrong; pure."""

from __future__ import annotations

import itertools

from streamer.speech.words.agreement import normalise


def split_words(text: str) -> list[str]:
    """Return the words of a text as they are compared; what has no letter or digit is no word."""
    words = (normalise(word) for word in text.split())
    return [word for word in words if any(map(str.isalnum, word))]


def count_word_errors(said: str, heard: str) -> int:
    """Return how many words were exchanged, left out or put in (Levenshtein's distance, by words)."""
    heard_words = split_words(heard)
    row = list(range(len(heard_words) + 1))
    for number, word in enumerate(split_words(said), start=1):
        above, row = row, [number]
        for place, (other, (diagonal, up)) in enumerate(
            zip(heard_words, itertools.pairwise(above), strict=True)
        ):
            row.append(min(diagonal + (word != other), up + 1, row[place] + 1))
    return row[-1]
