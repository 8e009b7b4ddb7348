"""Sounds of a telephone, and G.711 made from them."""

from __future__ import annotations

import wave
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import streamer
from streamer.wire.g711 import Law, decode

RATE = 8_000
Sound = NDArray[np.float64]


@cache
def _codes(law: Law) -> NDArray[np.uint8]:
    """The nearest code for each 16-bit sample, from -32,768 up."""
    values = np.frombuffer(decode(bytes(range(256)), law), "<i2").astype(int)
    order = np.argsort(values, kind="stable")
    middles = (values[order][:-1] + values[order][1:]) / 2
    return order[np.searchsorted(middles, np.arange(-32_768, 32_768))].astype(np.uint8)


def encode(sound: Sound, law: Law) -> bytes:
    samples = np.clip(np.round(sound), -32_768, 32_767).astype(int)
    return bytes(_codes(law)[samples + 32_768])


@cache
def demo_legs() -> tuple[Sound, Sound]:
    """Both legs of the bundled call at 8 kHz."""
    from scipy.signal import resample_poly  # a second, which not every worker need spend

    path = Path(streamer.__file__).parent / "assets" / "calls" / "demo.wav"
    with wave.open(str(path)) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    left, right = (resample_poly(frames[:, n].astype(float), 1, 2) for n in (0, 1))
    return left, right


def tone(*frequencies: float, seconds: float = 0.3) -> Sound:
    """Sines of amplitude 1 in all, at phases that do not fall on samples."""
    moments = np.arange(round(seconds * RATE)) / RATE
    sound = np.zeros(len(moments))
    for frequency in frequencies:
        sound += np.sin(2 * np.pi * frequency * moments + 0.3) / len(frequencies)
    return sound


def noise(seed: int, *, seconds: float = 0.3) -> Sound:
    """White noise of RMS 1."""
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE))
