"""What became of a trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """A table of what was done and found, and one line for each loss."""

    headings: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
