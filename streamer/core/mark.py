"""What a user marks in a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

LONGEST_NOTE = 500
"""Characters of a note that are kept."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A user has marked a line of a call; `start` and `end` are samples of the leg at `SPEECH_RATE`.

    A line has one mark, so a later one replaces it. Notes and words are untrusted lines.
    """

    call_id: str
    leg: str
    utterance: int
    start: int
    end: int
    note: str
    at: datetime
    """When the mark was set, or its note changed."""
    text: str = field(default="", compare=False)
    """The words of the line, empty before they are settled."""
    is_removed: bool = False
    """It was taken away."""

    @property
    def key(self) -> tuple[str, int]:
        """Return which line of the call it is on: its leg and the number of its utterance."""
        return self.leg, self.utterance
