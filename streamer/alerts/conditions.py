"""What must be so besides when a rule's words are said: how long the call is, who talks how much, silence, how it feels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from streamer.alerts.rules import Condition
from streamer.alerts.sentiment import find_sentiment
from streamer.core.events import SPEECH_RATE, Segment


@dataclass(frozen=True, slots=True)
class Talk:
    """Who has talked how long on a call so far, and the longest silence, in samples at `SPEECH_RATE`."""

    talked: Mapping[str, int] = field(default_factory=dict)
    until: int = 0
    silence: int = 0

    def with_segment(self, segment: Segment) -> Talk:
        """Return the same with one more utterance."""
        length = max(0, segment.end - segment.start)
        return Talk(
            {**self.talked, segment.leg: self.talked.get(segment.leg, 0) + length},
            max(self.until, segment.end),
            max(self.silence, segment.start - self.until),
        )

    def share(self, leg: str) -> float:
        """Return which part of all speech a leg has."""
        whole = sum(self.talked.values())
        own = sum(each for label, each in self.talked.items() if label.casefold() == leg.casefold())
        return own / whole if whole else 0.0

    def meets(self, when: Condition, leg: str, segment: Segment | None, *, position: int) -> bool:
        """Say whether a condition is met at a position, with an utterance in which words were said, or without."""
        if when == Condition():
            return True
        so_far = self.with_segment(segment) if segment else self
        silence = max(so_far.silence, position - so_far.until)
        return (
            _is_at_least(position / SPEECH_RATE, when.min_duration)
            and _is_at_least(silence / SPEECH_RATE, when.min_silence)
            and _is_at_least(so_far.share(leg), when.min_talk_share)
            and _feels(segment, when.max_sentiment)
        )


def _is_at_least(value: float, wanted: float | None) -> bool:
    return wanted is None or value >= wanted


def _feels(segment: Segment | None, highest: float | None) -> bool:
    if highest is None:
        return True
    sentiment = find_sentiment(segment.text, segment.language) if segment else None
    return sentiment is not None and sentiment <= highest
