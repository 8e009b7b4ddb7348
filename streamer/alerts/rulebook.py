"""All rules of a user, and which of their phrases an utterance holds; shared by all calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from streamer.alerts.rules import Condition, Rule
from streamer.alerts.sentiment import find_sentiment
from streamer.alerts.tokens import Token

if TYPE_CHECKING:
    from streamer.alerts.phrases import Match, PhraseIndex


MOST_AT_ONCE = 100
"""Phrases with which an utterance is judged within milliseconds; of more it may take a second, if all begin with what is said."""


@dataclass(frozen=True, slots=True)
class Found:
    """A rule of which a phrase was found, and where."""

    rule: Rule
    phrase: str
    match: Match


class Rulebook:
    """Rules; their phrases are worked out for each language in which something is said."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        required = (rule for rule in rules if rule.is_required)
        self.required = tuple(sorted(required, key=lambda rule: rule.within_s or 0.0))
        """Rules whose words must be said, those that are due first before the others."""
        self.hasty = tuple(rule for rule in rules if rule.is_tentative and rule.when == Condition())
        """Rules that are shown for words that may still change; conditions wait for settled ones."""
        rules_of: dict[str, list[Rule]] = {}
        for rule in rules:
            for phrase in rule.phrases:
                rules_of.setdefault(phrase, []).append(rule)
        self._phrases = tuple(rules_of)
        self.is_small = len(rules_of) <= MOST_AT_ONCE
        """What is said is judged in no time."""
        self._rules_of = tuple(tuple(each) for each in rules_of.values())
        self._indexes: dict[str, PhraseIndex] = {}

    def __bool__(self) -> bool:
        return bool(self.rules)

    @cached_property
    def hasty_book(self) -> Rulebook:
        """The rules that are shown for words that may still change, as a book of their own."""
        return Rulebook(self.hasty)

    def knows(self, language: str) -> bool:
        """Say whether phrases have been worked out for a language."""
        return language in self._indexes

    def prepare(self, language: str) -> None:
        """Work phrases out for a language, which takes a second for 10,000."""
        self._index(language)
        if any(rule.when.max_sentiment is not None for rule in self.rules):
            find_sentiment("", language)

    def longest(self, language: str) -> int:
        """Return how many tokens the longest phrase has."""
        return self._index(language).longest

    def find(self, tokens: Sequence[Token], language: str, *, after: int = 0) -> Iterator[Found]:
        """Yield each phrase of each rule that ends behind the token `after`."""
        for match in self._index(language).find(tokens, after=after):
            for rule in self._rules_of[match.phrase]:
                yield Found(rule, self._phrases[match.phrase], match)

    def _index(self, language: str) -> PhraseIndex:
        if language not in self._indexes:
            from streamer.alerts.phrases import PhraseIndex

            self._indexes[language] = PhraseIndex(self._phrases, language)
        return self._indexes[language]
