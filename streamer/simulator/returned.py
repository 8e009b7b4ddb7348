"""What a server sends back to a caller, counted as it comes: how much, how evenly, and whether there is anything to hear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from streamer.core.audio import SAMPLE_WIDTH, peak
from streamer.wire.audiosocket import Audio

SILENCE_PEAK = 0.001
"""Loudest sample, as a share of full scale, that cannot be heard: -60 dB."""

_TENTHS = 10_000
"""Tenths of a millisecond in a second: fine enough for a tally of spacings, and coarse enough to stay small."""


@dataclass(frozen=True, slots=True)
class Spacing:
    """Milliseconds between the arrivals of frames, to a tenth; frames that arrive together are 0 apart."""

    mean: float
    least: float
    p99: float
    most: float


@dataclass(frozen=True, slots=True)
class Returned:
    """The audio that one call got back; `samples` are counted for each rate, in samples a second, of their label."""

    frames: int = 0
    samples: Mapping[int, int] = field(default_factory=dict)
    peak: float = 0.0
    """The loudest sample as a share of full scale."""
    longest_gap_s: float = 0.0
    """The longest time without a frame, that before the first and that after the last included."""
    spacing: Spacing | None = None
    """None with fewer than two frames."""

    @property
    def seconds(self) -> float:
        """The audio's length, if every label is right."""
        return sum(samples / rate for rate, samples in self.samples.items())

    @property
    def is_silent(self) -> bool:
        """Say whether there is nothing to hear."""
        return self.peak <= SILENCE_PEAK


class Tally:
    """Counts frames from `now` on; its size does not grow with the call's."""

    def __init__(self, now: float) -> None:
        self._last = now
        self._frames = 0
        self._samples: Counter[int] = Counter()
        self._spacings: Counter[int] = Counter()
        self._peak = 0.0
        self._longest_gap_s = 0.0

    @property
    def last(self) -> float:
        """When the last frame came, or else the counting began."""
        return self._last

    def add(self, audio: Audio, now: float) -> None:
        """Count a frame that arrived at `now`."""
        gap = now - self._last
        if self._frames:
            self._spacings[round(gap * _TENTHS)] += 1
        self._longest_gap_s = max(self._longest_gap_s, gap)
        self._last = now
        self._frames += 1
        self._samples[audio.rate] += len(audio.payload) // SAMPLE_WIDTH
        if audio.payload.strip(b"\0"):
            whole = len(audio.payload) - len(audio.payload) % SAMPLE_WIDTH
            self._peak = max(self._peak, peak(audio.payload[:whole]))

    def close(self, now: float) -> Returned:
        """Return what was counted until `now`."""
        return Returned(
            self._frames,
            dict(self._samples),
            self._peak,
            max(self._longest_gap_s, now - self._last),
            _measure(self._spacings),
        )


def _measure(spacings: Counter[int]) -> Spacing | None:
    count = spacings.total()
    if not count:
        return None
    in_order = sorted(spacings)
    mean = sum(tenths * times for tenths, times in spacings.items()) / count
    p99 = _find_rank(spacings, in_order, 0.99 * count)
    return Spacing(mean / 10, in_order[0] / 10, p99 / 10, in_order[-1] / 10)


def _find_rank(spacings: Counter[int], in_order: list[int], rank: float) -> int:
    counted = 0
    for tenths in in_order:
        counted += spacings[tenths]
        if counted >= rank:
            return tenths
    return in_order[-1]
