"""Which language a leg speaks, as far as its utterances have told; pure."""

from __future__ import annotations

from streamer.core.events import SPEECH_RATE
from streamer.speech.base import Hypothesis

SURE = 0.9
"""Probability from which one utterance tells the language, however short it is."""

LIKELY = 0.6
ENOUGH = SPEECH_RATE * 4
"""Probability from which a reading of so many samples tells it."""

DOUBTFUL = -0.8
"""Mean log-probability of a final below which its language is looked at again: so reads a model that is told a wrong one."""

LONG_PAUSE = SPEECH_RATE * 20
"""Samples of silence after which somebody else may be speaking."""


class LegLanguage:
    """Detects a leg's language until it is sure, and again where there is doubt; `given` ends the question."""

    def __init__(self, given: str | None) -> None:
        self._given = given
        self._found: str | None = None
        self._heard_until = 0

    @property
    def pinned(self) -> str | None:
        """Return the language to read in; None where it is to be detected."""
        return self._given or self._found

    def begin(self, start: int) -> None:
        """Forget what was found if an utterance begins after a long pause."""
        if self._heard_until and start - self._heard_until >= LONG_PAUSE:
            self._found = None

    def learn(self, hypothesis: Hypothesis, *, read: int) -> bool:
        """Take an utterance's final, for which `read` samples were read; return whether what was found is doubted now."""
        self._heard_until = hypothesis.end
        was_pinned = self._found is not None
        if was_pinned and hypothesis.words and hypothesis.avg_logprob < DOUBTFUL:
            self._found = None
            return True
        needed = LIKELY if read >= ENOUGH else SURE
        if not was_pinned and hypothesis.words and hypothesis.language_probability >= needed:
            self._found = hypothesis.language
        return False
