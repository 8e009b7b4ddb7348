"""What a rule has found on a call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How much an alert matters, in rising order."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def sign(self) -> str:
        """Return what tells it from the others without colour."""
        return {"info": "i", "warning": "!", "critical": "!!"}[self.value]


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule has fired on a call, which it does once; `start` and `end` are samples of the leg at `SPEECH_RATE`.

    Of what was not said, there is no leg, utterance, place or text. `text` are the very words, an untrusted line.
    """

    call_id: str
    rule: str
    severity: Severity
    at: datetime
    """When the words were said, or when it was certain that they were not."""
    leg: str | None = None
    utterance: int | None = None
    start: int | None = None
    end: int | None = None
    text: str | None = None
    is_tentative: bool = False
    """Its words may still change: it is only shown, and another one follows once they are settled, if they are."""
