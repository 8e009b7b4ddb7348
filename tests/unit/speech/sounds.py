"""What telephones carry besides speech, made with numpy: 16-bit PCM at 16 kHz."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
Sound = NDArray[np.float64]

DTMF = [(697, 1209), (770, 1336), (852, 1477), (941, 1633), (697, 1336), (852, 1209)]
CHORDS = [
    (261.6, 329.6, 392.0),
    (220.0, 261.6, 329.6),
    (349.2, 440.0, 523.3),
    (196.0, 246.9, 293.7),
]


def pcm(sound: Sound) -> bytes:
    """Return the sound as 16-bit PCM."""
    return (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()


def clock(seconds: float) -> Sound:
    return np.arange(round(RATE * seconds)) / RATE


def tones(frequencies: Sequence[float], seconds: float, *, level: float = 0.2) -> Sound:
    """Sound several steady tones together."""
    time = clock(seconds)
    return sum((np.sin(2 * np.pi * f * time) for f in frequencies), np.zeros_like(time)) * (
        level / len(frequencies)
    )


def cadence(sound: Sound, on: float, off: float) -> Sound:
    """Let a sound through for `on` of every `on + off` seconds."""
    return np.where(clock(len(sound) / RATE) % (on + off) < on, sound, 0.0)


def noise(seconds: float, *, level: float, seed: int = 1) -> Sound:
    """Return white noise."""
    return np.random.default_rng(seed).normal(0, level, round(RATE * seconds))


def notes(
    choose: Callable[[int], Sequence[float]], seconds: float, *, step: float, decay: float
) -> Sound:
    """Strike the chord that `choose` names, every `step` seconds; four partials each."""
    struck = []
    time = clock(step)
    for number in range(round(seconds / step)):
        partials = [
            np.sin(2 * np.pi * f * k * time) / k for f in choose(number) for k in range(1, 5)
        ]
        struck.append(0.06 * sum(partials, np.zeros_like(time)) * np.exp(-decay * time))
    return np.concatenate(struck)


def named_sounds(seconds: float) -> dict[str, Sound]:
    """Return everything that must not be taken for speech."""
    keys = [np.concatenate([tones(pair, 0.1), np.zeros(RATE // 10)]) for pair in DTMF]
    return {
        "ring-back, north america": cadence(tones([440, 480], seconds), 2, 4),
        "ring-back, europe": cadence(tones([425], seconds), 1, 4),
        "ring-back, britain": cadence(tones([400, 450], seconds), 0.4, 0.2),
        "busy": cadence(tones([480, 620], seconds), 0.5, 0.5),
        "dial tone": tones([350, 440], seconds),
        "fax": tones([2100], seconds),
        "dtmf": np.tile(np.concatenate(keys), round(seconds / 1.2)),
        "hum": tones([50, 100, 150, 250], seconds),
        "chords": notes(lambda n: CHORDS[n // 4 % 4], seconds, step=0.5, decay=2.0),
        "a held pad": notes(lambda n: CHORDS[n % 4], seconds, step=2.0, decay=0.0),
        "white noise": noise(seconds, level=0.05),
        "loud white noise": noise(seconds, level=0.3),
    }
