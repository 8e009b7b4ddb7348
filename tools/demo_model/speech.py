"""A spoken utterance: samples, text, voice, and where each word lies."""

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

SAMPLE_RATE = 16_000

Samples = NDArray[np.int16]
"""Mono samples at SAMPLE_RATE."""
Waveform = NDArray[np.float32]
"""Mono samples at SAMPLE_RATE, full scale 1."""
Span = tuple[float, float]
"""Start and end in seconds."""


@dataclass(frozen=True)
class Manner:
    """How a voice speaks; each engine reads the fields that it knows."""

    voice: str
    words_per_minute: int = 165
    """espeak only."""
    pitch: int = 50
    """espeak only, 0-100."""
    pitch_range: int = 50
    """espeak only, 0-100."""
    stretch: float = 1.0
    """flite and festival: duration factor."""
    pitch_hz: float = 0.0
    """flite diphone voices: mean fundamental; 0 keeps the voice's own."""


@dataclass(frozen=True)
class Utterance:
    """One synthesized sentence; `spans` has one entry per word of the text."""

    samples: Samples
    text: str
    voice: str
    """Engine and voice, as in "flite:slt"."""
    spans: tuple[Span, ...]

    @property
    def waveform(self) -> Waveform:
        """The samples as floats, full scale 1."""
        return self.samples.astype(np.float32) / np.float32(32768)


def to_sample_rate(samples: Samples, rate: int) -> Samples:
    """Resample to SAMPLE_RATE."""
    if rate == SAMPLE_RATE:
        return samples
    common = gcd(rate, SAMPLE_RATE)
    resampled = resample_poly(samples.astype(np.float32), SAMPLE_RATE // common, rate // common)
    clipped: Samples = np.clip(resampled, -32768, 32767).astype(np.int16)
    return clipped
