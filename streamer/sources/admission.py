"""Limits on inbound calls: how many in all, how fast one address may connect, and how fast a caller may send audio.

A connection counts as a call once it is one: connections that are silent or being refused take no place of a caller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

BURST = 250
PER_SECOND = 50.0
"""Connections that an address may open at once, and a second from then on; a PBX that restarts brings its calls back in a burst."""

MOST_STRANGERS = BURST
"""Connections of one address that have not sent their UUIDs yet: as many as it may open at once, since a PBX sends it within moments."""

MOST_ADDRESSES = 10_000
MOST_AHEAD_S = 60.0
"""Seconds by which a caller's audio may be ahead of the clock; a live call is never ahead."""

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

    def __init__(self, *, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def refuse(self, host: str, *, strangers: int) -> str | None:
        """Return why a connection from `host`, which has so many without a UUID, must be refused; None if it is admitted."""
        now = self._clock()
        bucket = self._buckets.setdefault(host, _Bucket(BURST, now))
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.filled_at) * PER_SECOND)
        bucket.filled_at = now
        self._forget_others(host, now)
        if strangers >= MOST_STRANGERS:
            return f"{strangers} connections from {host} have sent no UUID yet"
        if bucket.tokens < 1:
            return f"it connects more than {PER_SECOND:.0f} times a second"
        bucket.tokens -= 1
        return None

    def refuse_call(self, *, calls: int) -> str | None:
        """Return why a call beside so many others must be refused, None if there is room."""
        if calls >= self._most:
            return f"{calls} calls are live, and --max-calls allows no more"
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
        return max(0.0, self._audio_s - (now - self._began_at) - MOST_AHEAD_S)
