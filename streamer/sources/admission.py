"""Limits on inbound calls: how many in all, how fast one address may connect, and how fast a caller may send audio.

A connection counts as a call once it is one: connections that are silent or being refused take no place of a caller. Where there are too many of
them, the oldest goes, never the newest, for a PBX shows its UUID within moments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

BURST = 250
PER_SECOND = 50.0
"""Connections that an address may open at once, and a second from then on; a PBX that restarts brings its calls back in a burst."""

MOST_STRANGERS = BURST
"""Connections of one address that are no calls; as many as it may open at once."""

MOST_STRANGERS_IN_ALL = 1_000

MOST_ADDRESSES = 10_000
MOST_AHEAD_S = 60.0
"""Seconds by which a caller's audio may be ahead of the clock; a live call is never ahead."""

FRAMES_PER_SECOND = 100.0
MOST_FRAMES = 6_000.0
"""Frames that a caller may send at any time, and a second from then on; a PBX sends 50 a second, and after a stall what it held back."""

LINES = 5
LINES_EVERY_S = 10.0
"""Lines about refused connections of one address in so much time."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float
    refused: int = 0
    said: set[str] = field(default_factory=set)
    lines_since: float = -LINES_EVERY_S


class Limiter:
    """Decides on each connection; `clock` is in seconds."""

    def __init__(
        self,
        *,
        most: int,
        clock: Callable[[], float],
        most_strangers: int = MOST_STRANGERS_IN_ALL,
    ) -> None:
        self._most = most
        self._most_strangers = most_strangers
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def refuse(self, host: str) -> str | None:
        """Return why a connection from `host` must be refused, None if it is admitted."""
        now = self._clock()
        bucket = self._buckets.setdefault(host, _Bucket(BURST, now))
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.filled_at) * PER_SECOND)
        bucket.filled_at = now
        self._forget_others(host, now)
        if bucket.tokens < 1:
            return f"it connects more than {PER_SECOND:.0f} times a second"
        bucket.tokens -= 1
        return None

    def choose_to_go(self, strangers: Sequence[str], *, newcomer: str) -> int | None:
        """Return which of the strangers, whose hosts are given from the oldest on, must make room for one more of `newcomer`."""
        counts = Counter(strangers)
        if counts[newcomer] >= MOST_STRANGERS:
            return strangers.index(newcomer)
        if len(strangers) >= self._most_strangers:
            ((most_common, _),) = counts.most_common(1)
            return strangers.index(most_common)
        return None

    def refuse_call(self, *, calls: int) -> str | None:
        """Return why a call beside so many others must be refused, None if there is room."""
        if calls >= self._most:
            return f"{calls} calls are live or wait to be hung up, and --max-calls allows no more"
        return None

    def count_refusal(self, host: str, why: str) -> int:
        """Return for how many refusals of `host` a line is due now; 0 if none is due.

        A line that was printed a moment ago is not printed again.
        """
        now = self._clock()
        bucket = self._buckets.setdefault(host, _Bucket(BURST, now))
        bucket.refused += 1
        if now - bucket.lines_since >= LINES_EVERY_S:
            bucket.lines_since = now
            bucket.said.clear()
        if why in bucket.said or len(bucket.said) == LINES:
            return 0
        bucket.said.add(why)
        refused, bucket.refused = bucket.refused, 0
        return refused

    def _forget_others(self, host: str, now: float) -> None:
        """Keep at most `MOST_ADDRESSES`; those that have been silent for longest go."""
        if len(self._buckets) > MOST_ADDRESSES:
            oldest = min(
                (other for other in self._buckets if other != host),
                key=lambda other: self._buckets[other].filled_at,
            )
            del self._buckets[oldest]


class FrameBudget:
    """How many frames of one caller are taken as they come; beyond it a caller waits for all others."""

    def __init__(self, now: float) -> None:
        self._left = MOST_FRAMES
        self._filled_at = now

    def take(self, now: float) -> bool:
        """Take one frame, and say whether the budget has room for it."""
        self._left += (now - self._filled_at) * FRAMES_PER_SECOND
        self._left, self._filled_at = min(self._left, MOST_FRAMES), now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Pace:
    """How far one caller's audio is ahead of the clock since `began_at`: a peer that sends faster than real time could fill the disk."""

    def __init__(self, began_at: float) -> None:
        self._began_at = began_at
        self._audio_s = 0.0

    def take(self, audio_s: float, now: float) -> float:
        """Take so many seconds of audio, and return for how many seconds nothing more should be read.

        The burst after a stall is on time, so it never waits.
        """
        self._audio_s += audio_s
        return max(0.0, self.ahead_s(now) - MOST_AHEAD_S)

    def ahead_s(self, now: float) -> float:
        """Return how much more audio was taken than can have been said by now."""
        return self._audio_s - (now - self._began_at)
