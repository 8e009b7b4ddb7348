"""Word error rate."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

UNSPOKEN = re.compile(r"[^a-z' ]")


def normalize(text: str) -> list[str]:
    """Split a text into lower-case words without punctuation."""
    return UNSPOKEN.sub("", text.lower()).split()


def count_errors(wanted: Sequence[str], heard: Sequence[str]) -> int:
    """Count the substitutions, insertions and deletions between two word lists (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(wanted, start=1):
        diagonal, row[0] = row[0], index
        for column, other in enumerate(heard, start=1):
            best = min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other))
            diagonal, row[column] = row[column], best
    return row[-1]


@dataclass
class Score:
    """Errors and words, summed over utterances."""

    errors: int = 0
    words: int = 0
    exact: int = 0
    utterances: int = 0

    def add(self, wanted: Sequence[str], heard: Sequence[str]) -> int:
        """Count one utterance; returns its errors."""
        errors = count_errors(wanted, heard)
        self.add_errors(errors, len(wanted))
        return errors

    def add_errors(self, errors: int, words: int) -> None:
        """Count one utterance that was compared elsewhere."""
        self.errors += errors
        self.words += words
        self.exact += errors == 0
        self.utterances += 1

    @property
    def percent(self) -> float:
        """Word error rate in percent."""
        return 100 * self.errors / max(1, self.words)

    def __str__(self) -> str:
        return f"{self.percent:.1f} %"
