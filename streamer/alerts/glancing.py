"""Alerts of words that may still change: they are shown, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from streamer.alerts.rulebook import Rulebook
from streamer.alerts.tokens import tokenise
from streamer.core.alert import Alert
from streamer.core.events import SPEECH_RATE, Final, Partial, join_words


class Glance:
    """Looks at what is being said on one call; tells a rule once an utterance."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book.hasty_book
        self._languages: dict[str, str] = {}
        self._told: set[tuple[str, str, int]] = set()

    def hear(self, final: Final) -> None:
        """Learn what a leg speaks."""
        self._languages[final.segment.leg] = final.segment.language

    def takes_long(self, leg: str) -> bool:
        """Say whether a look at what a leg says may hold up whoever waits for it."""
        is_known = self._book.knows(self._languages.get(leg, "en"))
        return bool(self._book) and not (self._book.is_small and is_known)

    def look(self, partial: Partial, *, began_at: datetime) -> Iterator[Alert]:
        """Yield the alerts of an utterance that is still being said."""
        if not self._book:
            return
        words = (*partial.committed, *partial.tentative)
        language = self._languages.get(partial.leg, "en")
        tokens = tokenise([word.text for word in words], language)
        for found in self._book.find(tokens, language):
            rule, match = found.rule, found.match
            key = (rule.name, partial.leg, partial.utterance)
            said = words[tokens[match.start].first : tokens[match.end - 1].last + 1]
            is_late = rule.within_s is not None and said[0].start_s >= rule.within_s
            if key in self._told or is_late or not rule.concerns(partial.leg):
                continue
            self._told.add(key)
            yield Alert(
                partial.call_id,
                rule.name,
                rule.severity,
                began_at + timedelta(seconds=said[-1].end / SPEECH_RATE),
                partial.leg,
                partial.utterance,
                said[0].start,
                said[-1].end,
                join_words(said),
                is_tentative=True,
            )
