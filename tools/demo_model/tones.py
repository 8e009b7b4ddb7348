"""Sounds of a telephone line that are not speech: progress tones, DTMF, hold music, clicks."""

import numpy as np

from tools.demo_model.channel import Generator
from tools.demo_model.speech import SAMPLE_RATE, Waveform

PROGRESS_TONES: tuple[tuple[tuple[int, ...], tuple[float, ...]], ...] = (
    ((440, 480), (2, 4)),
    ((425,), (1, 4)),
    ((400, 450), (0.4, 0.2, 0.4, 2)),
    ((425,), (1, 3)),
    ((480, 620), (0.5, 0.5)),
    ((425,), (0.5, 0.5)),
    ((480, 620), (0.25, 0.25)),
    ((350, 440), (9, 0.01)),
    ((425,), (9, 0.01)),
    ((950,), (0.33, 0.03)),
    ((1400,), (0.33, 0.03)),
    ((1000,), (0.5, 14)),
    ((2100,), (3, 0.5)),
    ((1100,), (0.5, 3)),
)
"""Frequencies in Hz and seconds on, off, on, off: ring-back, busy, congestion, dial tone, special
information, beep, answering and calling fax (ITU-T E.180 and its national annexes)."""
DTMF_LOW = (697, 770, 852, 941)
DTMF_HIGH = (1209, 1336, 1477, 1633)
SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
"""Semitones of a major scale."""
HARMONICS = 4


def progress_tone(rng: Generator, length: int) -> Waveform:
    """Make a call-progress tone that began some time ago."""
    frequencies, cadence = PROGRESS_TONES[int(rng.integers(len(PROGRESS_TONES)))]
    shift = rng.uniform(0, sum(cadence))
    clock = np.arange(length) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * hertz * clock) for hertz in frequencies) / len(frequencies)
    borders = np.cumsum([0, *cadence])
    phase = (clock + shift) % borders[-1]
    is_on = np.searchsorted(borders, phase, "right") % 2 == 1
    return np.asarray(tone * is_on, dtype=np.float32)


def dtmf(rng: Generator, length: int) -> Waveform:
    """Make dialled digits with pauses."""
    sound = np.zeros(length, np.float32)
    at = int(rng.uniform(0, 0.4) * SAMPLE_RATE)
    on, off = rng.uniform(0.06, 0.3), rng.uniform(0.05, 0.4)
    while at < length:
        count = min(int(on * SAMPLE_RATE), length - at)
        clock = np.arange(count) / SAMPLE_RATE
        for row in (DTMF_LOW, DTMF_HIGH):
            hertz = row[int(rng.integers(len(row)))]
            sound[at : at + count] += 0.5 * np.sin(2 * np.pi * hertz * clock)
        at += int((on + off * rng.uniform(0.7, 1.4)) * SAMPLE_RATE)
        if rng.random() < 0.08:
            at += int(rng.uniform(0.3, 2) * SAMPLE_RATE)
    return sound


def music(rng: Generator, length: int) -> Waveform:
    """Make something like hold music: chords or a tune with harmonics and decay, maybe a beat."""
    sound = np.zeros(length, np.float32)
    beat = int(rng.uniform(0.18, 0.7) * SAMPLE_RATE)
    root, timbre, decay = rng.uniform(110, 330), rng.uniform(0.2, 0.8), rng.uniform(0.5, 6)
    voices, has_drum = 1 + int(rng.integers(4)), rng.random() < 0.4
    for at in range(0, length, beat):
        count = min(length - at, int(beat * rng.uniform(0.8, 1.6)))
        if rng.random() < 0.12:
            continue
        for _ in range(voices):
            hertz = root * 2 ** (SCALE[int(rng.integers(len(SCALE)))] / 12)
            sound[at : at + count] += _note(hertz, count, timbre, decay)
        if has_drum:
            sound[at : at + count] += _burst(rng, count, 300)
    return _normalize(sound)


def clicks(rng: Generator, length: int) -> Waveform:
    """Make clicks and handling noise."""
    sound = np.zeros(length, np.float32)
    for _ in range(1 + int(rng.integers(8))):
        at = int(rng.integers(length))
        count = min(length - at, int(rng.uniform(20, 3000)))
        sound[at : at + count] += _burst(rng, count, count / 4 + 1)
    return _normalize(sound)


def draw_tones(rng: Generator, length: int) -> Waveform:
    """Draw one of the sounds above, peak about 1."""
    kind = rng.random()
    if kind < 0.40:
        return progress_tone(rng, length)
    if kind < 0.65:
        return dtmf(rng, length)
    return music(rng, length) if kind < 0.95 else clicks(rng, length)


def _note(hertz: float, count: int, timbre: float, decay: float) -> Waveform:
    clock = np.arange(count, dtype=np.float32) / SAMPLE_RATE
    partials = (
        timbre ** (harmonic - 1) * np.sin(2 * np.pi * hertz * harmonic * clock)
        for harmonic in range(1, HARMONICS + 1)
    )
    return np.asarray(sum(partials) * np.exp(-decay * clock), dtype=np.float32)


def _burst(rng: Generator, count: int, decay: float) -> Waveform:
    shape = np.exp(-np.arange(count) / decay)
    return np.asarray(rng.standard_normal(count) * shape, dtype=np.float32)


def _normalize(sound: Waveform) -> Waveform:
    return sound / np.float32(np.abs(sound).max() + 1e-6)
