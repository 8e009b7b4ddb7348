"""How an utterance feels, -1 to 1, by a lexicon: words are looked up, nothing is understood, and irony least of all.

A better judge, such as a model, takes its place in `SENTIMENTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

Sentiment = Callable[[str], float]


def judge_english(text: str) -> float:
    """Return what the lexicon says of an English text."""
    return float(_open_lexicon().polarity_scores(text)["compound"])


SENTIMENTS: Mapping[str, Sentiment] = {"en": judge_english}
"""By language."""


def find_sentiment(text: str, language: str) -> float | None:
    """Return how a text feels, None where nobody can tell in its language."""
    judge = SENTIMENTS.get(language)
    return None if judge is None else judge(text)


@lru_cache(1)
def _open_lexicon() -> SentimentIntensityAnalyzer:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
