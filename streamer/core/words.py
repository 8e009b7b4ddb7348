"""Words as our own processes, files and tables hand them on: one short JSON array for each, positions in samples.

What users read as JSON is `encoding.encode_word`, whose times are seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from streamer.core.events import Word

STORED_DIGITS = 3
"""Decimals of a probability that is kept; the commit policies compare all of them."""


def encode_words(words: Iterable[Word], *, digits: int | None = None) -> list[list[Any]]:
    """Return each word as `[text, start, end, probability, is_joined]`; `digits` rounds the probability, None leaves it whole."""
    return [
        [
            word.text,
            word.start,
            word.end,
            word.probability if digits is None else round(word.probability, digits),
            int(word.is_joined),
        ]
        for word in words
    ]


def parse_words(items: Iterable[Sequence[Any]]) -> tuple[Word, ...]:
    """Return the words of `encode_words`.

    Raises:
        ValueError: They are not in that form; also TypeError or OverflowError.
    """
    return tuple(
        Word(str(text), int(start), int(end), float(probability), bool(is_joined))
        for text, start, end, probability, is_joined in items
    )
