"""How many samples a second a leg has that does not say it: told by how often its messages come.

Every PBX that leaves it out has 8 or 16 kHz. The middle one of the waits between messages counts, for it is the same whether some of them
were held back and came at once, or somebody was silent for a while.
"""

from __future__ import annotations

from statistics import median

from streamer.core.audio import SAMPLE_WIDTH

RATES = (8_000, 16_000)
_BETWEEN = 11_300
"""Samples a second above which it is the higher one."""

WAITS = 12
MOST_HELD = 100
MOST_HELD_BYTES = 1 << 18
"""Waits that are enough, and messages and bytes after which it is decided whatever they say."""

_SHORTEST_S = 0.005
"""What came sooner after another was held back with it."""


class RateFinder:
    """Decides for one leg; keeps its audio until then."""

    def __init__(self) -> None:
        self.held: list[tuple[bytes, float]] = []  # as many as MOST_HELD
        self._size = 0
        self._paces: list[float] = []

    def take(self, pcm: bytes, arrival: float) -> int:
        """Keep audio, and return the rate, 0 as long as it is not known."""
        if self.held:
            before, came = self.held[-1]
            wait_s = arrival - came
            if wait_s > _SHORTEST_S:
                self._paces.append(len(before) / SAMPLE_WIDTH / wait_s)
        self.held.append((pcm, arrival))
        self._size += len(pcm)
        is_full = len(self.held) >= MOST_HELD or self._size >= MOST_HELD_BYTES
        return self.decide() if is_full or len(self._paces) >= WAITS else 0

    def decide(self) -> int:
        """Return what is likelier by now; the lower rate if nothing is known."""
        return RATES[bool(self._paces) and median(self._paces) > _BETWEEN]
