"""What lies between a mouth and a recorder: room, noise, level, telephone line."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from tools.demo_model.speech import SAMPLE_RATE, Waveform

Generator = np.random.Generator

MU = 255.0
TELEPHONE_BAND = butter(4, [300 / 4000, 3400 / 4000], "band", output="sos")
BANK_SAMPLES = 1 << 20
BANK_SEED = 123
HUM_HZ = (50, 60, 100)
HUM_NOISE = 0.3
ROOMS = 48
ROOM_SEED = 321


def mu_law(sound: Waveform) -> Waveform:
    """Quantize to 8-bit mu-law and back (ITU-T G.711, its continuous law)."""
    compressed = np.sign(sound) * np.log1p(MU * np.abs(sound)) / np.log1p(MU)
    steps = np.round((compressed + 1) / 2 * MU) / MU * 2 - 1
    return _float32(np.sign(steps) * ((1 + MU) ** np.abs(steps) - 1) / MU)


def telephone(sound: Waveform, *, band_limited: bool = True) -> Waveform:
    """Pass a sound through an 8 kHz mu-law line and back to 16 kHz."""
    narrow = resample_poly(sound, 1, 2)
    if band_limited:
        narrow = sosfilt(TELEPHONE_BAND, narrow)
    heard = resample_poly(mu_law(np.clip(narrow, -1, 1)), 2, 1)
    return _float32(heard[: len(sound)])


def noise(rng: Generator, length: int) -> Waveform:
    """Cut white noise, pink noise or hum with unit deviation from a bank; at most 65 s."""
    bank = _noise_bank()
    sound = bank[int(rng.integers(len(bank)))]
    begin = int(rng.integers(len(sound) - length))
    return sound[begin : begin + length]


def reverberate(rng: Generator, sound: Waveform) -> Waveform:
    """Put a sound into one of a set of small made-up rooms."""
    rooms = _room_bank()
    response = rooms[int(rng.integers(len(rooms)))]
    return _float32(fftconvolve(sound, response)[: len(sound)])


def rms(sound: Waveform) -> float:
    """Root mean square of a sound, never zero."""
    return float(np.sqrt(np.mean(sound**2))) + 1e-6


def decibels(level: float) -> float:
    """Turn decibels into an amplitude factor."""
    return float(10 ** (level / 20))


@cache
def _noise_bank() -> list[Waveform]:
    """White noise four times, pink three times and three hums: the shares of a draw."""
    rng = np.random.default_rng(BANK_SEED)
    white = rng.standard_normal(BANK_SAMPLES)
    spectrum = np.fft.rfft(white)
    spectrum /= np.maximum(1, np.sqrt(np.arange(len(spectrum))))
    pink = np.fft.irfft(spectrum, BANK_SAMPLES)
    pink /= pink.std()
    clock = np.arange(BANK_SAMPLES) / SAMPLE_RATE
    hums = [np.sin(2 * np.pi * hertz * clock) + HUM_NOISE * white for hertz in HUM_HZ]
    return [_float32(sound) for sound in [*[white] * 4, *[pink] * 3, *hums]]


@cache
def _room_bank() -> list[Waveform]:
    """Impulse responses: the direct sound, then noise that decays by 60 dB in 0.1-0.5 s."""
    rng = np.random.default_rng(ROOM_SEED)
    return [_draw_room(rng) for _ in range(ROOMS)]


def _draw_room(rng: Generator) -> Waveform:
    decay_s = rng.uniform(0.1, 0.5)
    clock = np.arange(int(decay_s * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(clock)) * 10 ** (-3 * clock / decay_s)
    tail *= decibels(rng.uniform(-18, -4)) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return _float32(tail)


def _float32(values: NDArray[Any]) -> Waveform:
    return values.astype(np.float32)
