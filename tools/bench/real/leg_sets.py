"""The legs that each table is made of, by name; made when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from tools.bench.real.legs import (
    SpokenLeg,
    english_answers,
    english_prompts,
    english_sentences,
    foreign_prompts,
    shorten,
)

Calls = Sequence[Sequence[SpokenLeg]]
"""Calls one after the other, each with its legs."""

LANGUAGES = {"es": "Spanish", "fr": "French", "it": "Italian", "ru": "Russian"}


@dataclass(frozen=True, slots=True)
class LegSet:
    """What is said in a row of a table, and how it is called there."""

    name: str
    title: str
    make: Callable[[], Calls]

    def calls(self, limit_s: float) -> Calls:
        """Return its calls, no leg longer than this."""
        return [[shorten(leg, limit_s) for leg in call] for call in _made(self.make)]

    def legs(self, limit_s: float) -> list[SpokenLeg]:
        """Return the legs of all its calls."""
        return [leg for call in self.calls(limit_s) for leg in call]


_made: Callable[[Callable[[], Calls]], Calls] = cache(lambda make: make())


def _foreign(language: str) -> LegSet:
    return LegSet(language, LANGUAGES[language], lambda: [[foreign_prompts(language)]])


SENTENCES = LegSet(
    "sentences",
    "one leg, sentences, 8 kHz mu-law",
    lambda: [[leg] for leg in english_sentences()],
)
PROMPTS = LegSet(
    "prompts",
    "one leg, prompts, 8 kHz mu-law",
    lambda: [english_prompts(first=1)],
)
WIDE = LegSet(
    "wide",
    "one leg, prompts, 16 kHz",
    lambda: [english_prompts(first=1, is_wide=True)],
)
BOTH = LegSet(
    "both",
    "two legs of one call, sentences, 8 kHz mu-law",
    lambda: [english_sentences()],
)
ALL_PROMPTS = LegSet(
    "all-prompts",
    "all English prompts",
    lambda: [[leg] for leg in english_prompts()],
)
ANSWERS = LegSet("answers", "20 turns of one or two words", lambda: [[english_answers()]])

FOREIGN: Mapping[str, LegSet] = {language: _foreign(language) for language in LANGUAGES}

LEG_SETS: Mapping[str, LegSet] = {
    each.name: each
    for each in (SENTENCES, PROMPTS, WIDE, BOTH, ALL_PROMPTS, ANSWERS, *FOREIGN.values())
}
