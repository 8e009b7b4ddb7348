"""Utterances made of text, a word each half second."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from streamer.alerts.rules import Rule, read_rules
from streamer.core.events import SPEECH_RATE, Segment, Word

BEGAN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
WORD = SPEECH_RATE // 2


def say(
    text: str, *, leg: str = "caller", utterance: int = 1, at_s: float = 0.0, language: str = "en"
) -> Segment:
    start = round(at_s * SPEECH_RATE)
    words = tuple(
        Word(word, start + n * WORD, start + (n + 1) * WORD, 0.9)
        for n, word in enumerate(text.split())
    )
    return Segment(leg, utterance, start, start + len(words) * WORD, words, language)


def rule(*said: str, **keys: Any) -> Rule:
    phrases = {} if "not_said" in keys else {"said": list(said)}
    return read_rules([{"name": "rule", **phrases, **keys}], where="here")[0]
