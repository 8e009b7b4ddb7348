"""What clients did to a stand-in PBX that they must not do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Harm(Enum):
    """A thing that a client must not do."""

    LEFT = "left a live channel"
    HALF_CLOSED = "half-closed a live channel"
    STOPPED_READING = "stopped reading a live channel"
    SAID = "said something"
    CAME_BACK = "came back to a frozen channel"


@dataclass(frozen=True, slots=True)
class Report:
    """One harm done to one channel."""

    harm: Harm
    channel: str
    detail: str = ""

    def __str__(self) -> str:
        return (
            f"{self.channel}: a client {self.harm.value}{': ' if self.detail else ''}{self.detail}"
        )
