"""Which channels of a file are speakers: one that repeats another, or is silent, is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations

import numpy as np

from streamer.core.audio import FULL_SCALE
from streamer.speech.audio.echo import (
    LONGEST_LAG,
    LOWER,
    SHORTEST,
    Likeness,
    Samples,
    compare,
)
from streamer.speech.audio.vad import LEAST_LOUDNESS
from streamer.speech.base import FRAME

_SILENCE: Samples = np.zeros(LONGEST_LAG, np.int16)


@dataclass(slots=True)
class _Repetition:
    """What is known so far of whether one channel only repeats another."""

    is_possible: bool = True
    is_seen: bool = False
    gain: float = 0.0
    """The greatest of all pieces."""
    lag: int | None = None

    def take(self, likeness: Likeness) -> None:
        self.is_possible = likeness.is_echo
        self.is_seen = True
        self.gain = max(self.gain, likeness.gain)
        self.lag = likeness.lag

    @property
    def is_certain(self) -> bool:
        return self.is_possible and self.is_seen


@dataclass(slots=True)
class _Channels:
    """Channels that are heard side by side."""

    count: int
    heard: set[int] = field(default_factory=set)
    """Those on which there is any sound."""
    pairs: dict[tuple[int, int], _Repetition] = field(default_factory=dict)
    """Of a channel and another that it may repeat."""

    def take(self, stretches: Sequence[Samples]) -> None:
        """Compare a stretch of each, which begins `LONGEST_LAG` before what is judged, and ends so much behind it."""
        loud = {n for n, stretch in enumerate(stretches) if _is_loud(_middle(stretch))}
        self.heard |= loud
        for own, other in permutations(range(self.count), 2):
            pair = self.pairs.setdefault((own, other), _Repetition())
            middle = _middle(stretches[own])
            if own in loud and pair.is_possible and len(middle) >= SHORTEST:
                pair.take(
                    compare(middle, stretches[other], lead=LONGEST_LAG, expected_lag=pair.lag)
                )

    @property
    def are_all_speakers(self) -> bool:
        """Say whether nothing that comes can make one of them none."""
        return len(self.heard) == self.count and not any(
            pair.is_possible for pair in self.pairs.values()
        )

    def find_speakers(self) -> tuple[int, ...]:
        """Return those that are heard and repeat no other that is kept; of equals, the first."""
        speakers: list[int] = []
        for own in sorted(self.heard):
            others = [n for n in self.heard if n != own]
            if not any(self._repeats(own, other) for other in others):
                speakers.append(own)
        return tuple(speakers)

    def _repeats(self, own: int, other: int) -> bool:
        pair, reverse = self.pairs[own, other], self.pairs[other, own]
        if not pair.is_certain:
            return False
        if not reverse.is_certain:
            return pair.gain <= LOWER  # as loud it may be one of those whom the other has mixed
        return own > other if _are_as_loud(pair, reverse) else pair.gain < reverse.gain


def find_speakers(pieces: Iterable[Sequence[bytes]]) -> tuple[int, ...]:
    """Return the channels to read, of pieces with slin16 of each; the first one if all are silent.

    Takes no more pieces than it needs: where two people speak, those up to where both have spoken.
    """
    channels: _Channels | None = None
    for stretches in _overlap(pieces):
        if not stretches:
            break  # there was no audio
        channels = channels or _Channels(len(stretches))
        channels.take(stretches)
        if channels.are_all_speakers:
            break
    return (channels.find_speakers() if channels else ()) or (0,)


def _are_as_loud(pair: _Repetition, reverse: _Repetition) -> bool:
    """Say whether two channels are as loud as each other, to half a decibel."""
    return abs(pair.gain - reverse.gain) < 0.06


def _overlap(pieces: Iterable[Sequence[bytes]]) -> Iterator[list[Samples]]:
    """Yield what `_Channels.take` takes, so that every sample is judged once."""
    before: list[Samples] = []
    for piece in pieces:
        now = [np.frombuffer(track, np.int16) for track in piece]
        before = before or [_SILENCE] * len(now)
        whole = [np.concatenate(parts) for parts in zip(before, now, strict=True)]
        if len(whole[0]) > 2 * LONGEST_LAG:
            yield whole
        before = [track[-2 * LONGEST_LAG :] for track in whole]
    yield [np.concatenate([track, _SILENCE]) for track in before]


def _middle(stretch: Samples) -> Samples:
    return stretch[LONGEST_LAG:-LONGEST_LAG]


def _is_loud(samples: Samples) -> bool:
    """Say whether voice activity would listen to any of it."""
    frames = samples[: len(samples) // FRAME * FRAME].astype(np.float32).reshape(-1, FRAME)
    loudness = np.sqrt(np.mean(np.square(frames / FULL_SCALE), axis=1))
    return bool((loudness >= LEAST_LOUDNESS).any())
