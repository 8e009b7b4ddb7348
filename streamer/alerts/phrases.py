"""Finds which of many phrases stand in what was said, also as variants of their words and as they are misheard.

Theory of operation. Whatever the number of phrases, each word of an utterance is looked up, never each phrase. A tree of stems finds
phrases whose words stand there, or variants of them. For what was misheard, the longest words of each phrase are its anchors:
they are found by their stem, by their sound, and by their letters with one left out, also where a blank came in or was lost. Only
phrases of which an anchor was found are compared, letter by letter and sound by sound, with the words around it. Numbers are never
guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from streamer.alerts.tokens import Token, tokenise
from streamer.alerts.variants import find_sound, find_stem

MOST_LETTERS = 0.25
"""The part of a word's letters that may be other ones, where it is misheard."""

MOST_LETTERS_BY_SOUND = 0.4
"""The same where it sounds alike."""

MOST_LETTERS_JOINED = 0.1
"""The same where two words were heard as one, or one as two; more would let a word be missing."""

SHORT = 3
"""Letters of words such as `my` and `the`, which stand for each other within a phrase, not at its ends."""

_MOST_IN_ALL = 0.35
"""The part of a phrase's letters beyond which it is not looked at word by word."""

LEAST_LETTERS = 6
"""A phrase of fewer letters is not guessed: too many words are like it."""

_REMEMBERED = 20_000

_ANCHORS = 2
_LEAST_ANCHOR = 4
"""Letters of a word by which a phrase is looked for, if it has any that long."""


class Likeness(StrEnum):
    """How what was said is like a phrase, the surest first."""

    SAME = "same words"
    VARIANT = "other forms of the words"
    LETTERS = "spelled alike"
    SOUND = "sounds alike"


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase in an utterance: its number, from which token to which (that one excluded), and how sure it is.

    `distance` is the part of the phrase that is other than what was said, 0 to 1.
    """

    phrase: int
    start: int
    end: int
    likeness: Likeness
    distance: float = 0.0


@dataclass(slots=True)
class _Phrase:
    tokens: tuple[str, ...]
    joined: str
    digits: str


@dataclass(slots=True)
class _Node:
    """A place in the tree of stems; `ends` are phrases that end here."""

    ends: list[int] = field(default_factory=list)
    next: dict[str, _Node] = field(default_factory=dict)


class PhraseIndex:
    """Phrases in one language; what they are found by is worked out once."""

    def __init__(self, phrases: Sequence[str], language: str, *, is_fuzzy: bool = True) -> None:
        self.language = language
        self._phrases: list[_Phrase] = []
        self._tree = _Node()
        self._anchors: dict[str, set[str]] = {}
        """Words by what they may be misheard for."""
        self._places: dict[str, list[tuple[int, int]]] = {}
        """Phrases of which a word is an anchor, and where it stands in each."""
        for number, text in enumerate(phrases):
            self._add(number, tuple(token.text for token in tokenise(text.split(), language)))
            if is_fuzzy:
                self._add_anchors(number, self._phrases[number])
        self.longest = max((len(phrase.tokens) for phrase in self._phrases), default=0)

    def find(self, tokens: Sequence[Token], *, after: int = 0) -> list[Match]:
        """Return the surest match of each phrase that ends behind the token `after`, by number of the phrase."""
        best: dict[int, Match] = {}
        for match in self._find_all(tokens):
            if match.end <= after or not _is_whole(tokens, match):
                continue
            known = best.get(match.phrase)
            if known is None or _doubt(match) < _doubt(known):
                best[match.phrase] = match
        return [best[number] for number in sorted(best)]

    def _add(self, number: int, tokens: tuple[str, ...]) -> None:
        joined = "".join(tokens)
        digits = "".join(token for token in tokens if token.isdecimal())
        self._phrases.append(_Phrase(tokens, joined, digits))
        node = self._tree
        for token in tokens:
            node = node.next.setdefault(find_stem(token, self.language), _Node())
        node.ends.append(number)

    def _add_anchors(self, number: int, phrase: _Phrase) -> None:
        if len(phrase.joined) < LEAST_LETTERS:
            return
        words = [(word, place) for place, word in enumerate(phrase.tokens) if not word.isdecimal()]
        longest = sorted(words, key=lambda each: -len(each[0]))[:_ANCHORS]
        anchors = [each for each in longest if len(each[0]) >= _LEAST_ANCHOR] or longest[:1]
        for word, place in anchors:
            self._places.setdefault(word, []).append((number, place))
        for joined, place in _join_pairs(phrase.tokens):
            self._places.setdefault(joined, []).append((number, place))
            self._anchors.setdefault(f"-{joined}", set()).add(joined)
        for word, _ in anchors:
            for key in self._keys(word):
                self._anchors.setdefault(key, set()).add(word)

    def _keys(self, word: str) -> set[str]:
        """Return what a word and what it may be misheard for are both found by; kinds of keys are told apart by a sign."""
        keys = {f"={find_stem(word, self.language)}", f"-{word}"}
        if sound := find_sound(word, self.language):
            keys.add(f"~{sound}")
        if len(word) > _LEAST_ANCHOR:
            keys.update(f"-{word[:at]}{word[at + 1 :]}" for at in range(len(word)))
        return keys

    def _find_all(self, tokens: Sequence[Token]) -> Iterator[Match]:
        yield from self._find_stems(tokens)
        for (first, last), numbers in self._find_windows(tokens).items():
            yield from self._compare(first, last, sorted(numbers), tokens)

    def _find_stems(self, tokens: Sequence[Token]) -> Iterator[Match]:
        stems = [find_stem(token.text, self.language) for token in tokens]
        for start in range(len(tokens)):
            node, end = self._tree, start
            while end < len(tokens) and (following := node.next.get(stems[end])):
                node, end = following, end + 1
                said = tuple(token.text for token in tokens[start:end])
                for number in node.ends:
                    is_same = self._phrases[number].tokens == said
                    likeness = Likeness.SAME if is_same else Likeness.VARIANT
                    yield Match(number, start, end, likeness)

    def _find_windows(self, tokens: Sequence[Token]) -> dict[tuple[int, int], set[int]]:
        """Return stretches of words, each with the phrases that it may be."""
        windows: dict[tuple[int, int], set[int]] = {}
        for number, start in self._find_starts([token.text for token in tokens]):
            size = len(self._phrases[number].tokens)
            for first in range(max(0, start - 1), start + 2):
                for last in range(first + max(1, size - 1), min(len(tokens), first + size + 1) + 1):
                    windows.setdefault((first, last), set()).add(number)
        return windows

    def _find_starts(self, texts: Sequence[str]) -> set[tuple[int, int]]:
        """Return phrases that may be there, and where they would begin."""
        near: set[tuple[str, int]] = set()
        for at, word in enumerate(texts):
            for key in () if word.isdecimal() else self._keys(word):
                near.update((anchor, at) for anchor in self._anchors.get(key, ()))
        for joined, at in _join_pairs(texts):
            near.update((anchor, at) for anchor in self._anchors.get(f"-{joined}", ()))
        return {(number, at - place) for word, at in near for number, place in self._places[word]}

    def _compare(
        self, first: int, last: int, numbers: Sequence[int], tokens: Sequence[Token]
    ) -> Iterator[Match]:
        """Yield the phrases that a stretch of words is like enough."""
        said = tokens[first:last]
        joined = "".join(token.text for token in said)
        digits = "".join(token.text for token in said if token.is_digit)
        near = process.extract(
            joined,
            [self._phrases[number].joined for number in numbers],
            scorer=Levenshtein.normalized_distance,
            score_cutoff=_MOST_IN_ALL,
            limit=None,
        )
        heard = tuple(token.text for token in said)
        for _, distance, place in near:
            phrase = self._phrases[numbers[place]]
            if phrase.digits == digits and (likeness := self._liken(phrase.tokens, heard)):
                yield Match(numbers[place], first, last, likeness, round(distance, 3))

    def _liken(self, wanted: tuple[str, ...], heard: tuple[str, ...]) -> Likeness | None:
        """Say how what was heard is like a phrase, word by word; a word may be two, and two may be one."""
        reached = {(0, 0): Likeness.LETTERS}
        places = [(0, 0)]
        for at in places:
            for i, j in ((1, 1), (1, 2), (2, 1)):
                to = (at[0] + i, at[1] + j)
                one, other = wanted[at[0] : to[0]], heard[at[1] : to[1]]
                if to[0] > len(wanted) or to[1] > len(heard) or to in reached:
                    continue
                if likeness := _liken_words(
                    one, other, self.language, is_inside=0 < at[0] < len(wanted) - 1
                ):
                    is_sound = Likeness.SOUND in (likeness, reached[at])
                    reached[to] = Likeness.SOUND if is_sound else Likeness.LETTERS
                    places.append(to)
        return reached.get((len(wanted), len(heard)))


@lru_cache(_REMEMBERED)
def _liken_words(
    wanted: tuple[str, ...], heard: tuple[str, ...], language: str, *, is_inside: bool
) -> Likeness | None:
    """Say how a word is like another, or two like one."""
    one, other = "".join(wanted), "".join(heard)
    letters = Levenshtein.normalized_distance(one, other)
    if len(wanted) != len(heard):
        is_missing = bool({*wanted} & {*heard})
        return None if letters > MOST_LETTERS_JOINED or is_missing else Likeness.LETTERS
    are_short = is_inside and max(len(one), len(other)) <= SHORT
    if (
        letters <= MOST_LETTERS
        or are_short
        or find_stem(one, language) == find_stem(other, language)
    ):
        return Likeness.LETTERS
    sound = find_sound(one, language)
    sounds_alike = sound and sound == find_sound(other, language)
    return Likeness.SOUND if sounds_alike and letters <= MOST_LETTERS_BY_SOUND else None


def _join_pairs(words: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield neighbours written as one word, and where they begin; numbers stand alone."""
    for at, (first, second) in enumerate(zip(words, words[1:], strict=False)):
        if not first.isdecimal() and not second.isdecimal():
            yield first + second, at


_RANKS = {likeness: rank for rank, likeness in enumerate(Likeness)}


def _doubt(match: Match) -> tuple[int, float, int]:
    return _RANKS[match.likeness], match.distance, match.start


def _is_whole(tokens: Sequence[Token], match: Match) -> bool:
    """Say whether a match begins and ends no number in its middle."""
    return tokens[match.start].opens and tokens[match.end - 1].closes
