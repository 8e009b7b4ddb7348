"""What telephones carry besides speech, minutes of it: the line, the exchange's tones, hold music, a room, and the other party's echo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from streamer.core.events import SPEECH_RATE
from streamer.media.decode import decode_mono
from tools.bench.real.legs import (
    TELEPHONE,
    SpokenLeg,
    english_prompts,
    read_items,
    telephone,
)
from tools.bench.real.materials import fetch_sounds

Sound = NDArray[np.float64]

ECHO = 10 ** (-30 / 20)
_KEYS = [(low, high) for low in (697, 770, 852, 941) for high in (1209, 1336, 1477, 1633)]


def make_noises(seconds: float) -> Iterator[SpokenLeg]:
    """Yield each kind as a leg on which nobody speaks, as a telephone carries it."""
    for name, sound in _synthesise(seconds):
        narrow = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
        yield SpokenLeg(name, telephone(narrow), ())
    yield SpokenLeg("digital silence", np.zeros(round(seconds * SPEECH_RATE), np.int16), ())
    for path in sorted((fetch_sounds() / "usr/share/asterisk/moh").glob("*.wav")):
        whole = np.frombuffer(decode_mono(path, rate=TELEPHONE), np.int16)
        yield SpokenLeg(f"music {path.stem}", telephone(_fill(whole, seconds)), ())


def make_echo(seconds: float) -> tuple[SpokenLeg, SpokenLeg]:
    """Return a leg on which only the other party is heard, 30 dB lower, and the other party."""
    other = english_prompts()[0].audio[: round(seconds * SPEECH_RATE)]
    echo = SpokenLeg("echo at -30 dB", (other * ECHO).astype(np.int16), ())
    return echo, SpokenLeg("other party", other, ())


def make_thanks() -> SpokenLeg:
    """Return a leg on which a person says thank you, which must stay."""
    said = min(
        (item for item in read_items() if "thank you" in item.text.lower()),
        key=lambda item: len(item.audio),
    )
    quiet = np.zeros(2 * SPEECH_RATE, np.int16)
    return SpokenLeg(said.text, np.concatenate([quiet, said.audio, quiet]), ())


def _fill(samples: NDArray[np.int16], seconds: float) -> NDArray[np.int16]:
    return np.resize(samples, round(seconds * TELEPHONE))


def _synthesise(seconds: float) -> Iterator[tuple[str, Sound]]:
    pick = np.random.default_rng(7)
    time = np.arange(round(seconds * TELEPHONE)) / TELEPHONE
    hiss = pick.normal(0, 1, len(time))
    yield "line noise", 0.0005 * hiss
    yield "comfort noise", 0.004 * _soften(hiss, 3)
    yield "ring-back", _tones(time, (440, 480)) * (time % 6 < 2)
    yield "busy", _tones(time, (480, 620)) * (time % 1 < 0.5)
    yield "DTMF", _press(time, pick)
    yield "breathing", 0.03 * _soften(hiss, 5) * np.maximum(0, np.sin(2 * np.pi * time / 4)) ** 2
    yield "keyboard", _type(time, pick)


def _tones(time: Sound, frequencies: Sequence[float]) -> Sound:
    waves = [np.sin(2 * np.pi * f * time) for f in frequencies]
    return np.asarray(0.1 * np.sum(waves, axis=0), np.float64)


def _press(time: Sound, pick: np.random.Generator) -> Sound:
    """Press a key for 0.1 s, twice a second."""
    sound = np.zeros_like(time)
    for start in range(0, len(time), TELEPHONE // 2):
        pressed = time[start : start + TELEPHONE // 10]
        sound[start : start + len(pressed)] = _tones(pressed, _KEYS[pick.integers(len(_KEYS))])
    return sound


def _type(time: Sound, pick: np.random.Generator) -> Sound:
    """Strike six keys a second, each a click that dies away in 10 ms."""
    click = pick.normal(0, 0.15, TELEPHONE // 20) * np.exp(-np.arange(TELEPHONE // 20) / 80)
    struck = np.zeros_like(time)
    struck[pick.integers(0, len(time), int(time[-1] * 6))] = pick.uniform(0.3, 1)
    return np.convolve(struck, click)[: len(time)]


def _soften(sound: Sound, samples: int) -> Sound:
    return np.convolve(sound, np.ones(samples) / samples, mode="same")
