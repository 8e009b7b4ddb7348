"""Words on the lines of a subtitle: how wide they are, how many fit, and where a line is best broken."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from streamer.core.events import Word, join_words

LINE_WIDTH = 42
"""Characters on a line, the wide ones of East Asia counted twice (Netflix, "Timed Text Style Guide")."""


def measure(text: str) -> int:
    """Return how many characters wide a text is, wide ones counted twice."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def shorten(text: str, *, width: int) -> str:
    """Return the text, cut to end in an ellipsis where it is wider than `width`."""
    return text if measure(text) <= width else next(split_text(text, width - 1)) + "…"


def split_word(word: Word, *, width: int) -> Iterator[Word]:
    """Yield the word in pieces of at most `width`, their times in proportion to their letters.

    It is cut at blanks, and where these are too far apart, anywhere; most words are one piece.
    """
    letters = len(word.text.replace(" ", ""))
    position, is_joined, start = 0, word.is_joined, word.start
    for part in word.text.split(" "):
        for piece in split_text(part, width):
            position += len(piece)
            end = word.start + (word.end - word.start) * position // letters
            yield replace(word, text=piece, start=start, end=end, is_joined=is_joined)
            is_joined, start = True, end
        is_joined = False


def split_text(text: str, width: int) -> Iterator[str]:
    """Yield the text in pieces of at most `width`, wherever that cuts it."""
    first = used = 0
    for index, character in enumerate(text):
        needed = measure(character)
        if used + needed > width:
            yield text[first:index]
            first, used = index, 0
        used += needed
    yield text[first:]


class Ruler:
    """Tells how much of a run of words fits, with a `prefix` in front of each first line.

    A stretch is `words[start:end]`. Every word must fit on a line behind the prefix.
    """

    def __init__(self, words: Sequence[Word], *, prefix: str = "") -> None:
        self.words = words
        self._prefix = prefix
        self._indent = measure(prefix)
        self._blanks = [0 if word.is_joined else 1 for word in words]
        widths = [measure(word.text) for word in words]
        self._ends = [0, *accumulate(map(sum, zip(self._blanks, widths, strict=True)))]

    def reach(self, start: int) -> int:
        """Return the end of the longest stretch from `start` on that fits on two lines."""
        first = self._reach_line(start, LINE_WIDTH - self._indent)
        return first if first == len(self.words) else self._reach_line(first, LINE_WIDTH)

    def width(self, start: int, end: int) -> int:
        """Return how wide a stretch is on one line, without the prefix."""
        return self._ends[end] - self._ends[start] - self._blanks[start]

    def lay_out(self, start: int, end: int) -> tuple[str, ...]:
        """Return a stretch on one line if it fits, else on two that are as even as can be.

        Of two breaks that are as good, the one with the shorter first line is taken.
        """
        first = self._reach_line(start, LINE_WIDTH - self._indent)
        if end <= first:
            return (self._prefix + join_words(self.words[start:end]),)
        breaks = [
            at for at in range(start + 1, first + 1) if self._reach_line(at, LINE_WIDTH) >= end
        ]
        at = min(breaks, key=lambda at: abs(self._unevenness(start, at, end)))
        return (self._prefix + join_words(self.words[start:at]), join_words(self.words[at:end]))

    def _unevenness(self, start: int, at: int, end: int) -> int:
        return self._indent + self.width(start, at) - self.width(at, end)

    def _reach_line(self, start: int, room: int) -> int:
        return bisect_right(self._ends, self._ends[start] + self._blanks[start] + room) - 1
