"""Training samples: a window through a channel, as log-mel features, with its label."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

from tools.demo_model.channel import Generator, decibels, noise, reverberate, rms, telephone
from tools.demo_model.labels import Label, Labeller, phones_by_frame, phones_heard
from tools.demo_model.lexicon import Lexicon
from tools.demo_model.pool import Pool
from tools.demo_model.speech import Waveform
from tools.demo_model.tokens import Tokens
from tools.demo_model.tones import music
from tools.demo_model.windows import Window, WindowMaker

MELS = 80
MOST_FRAMES = 3000

Mel = NDArray[np.float32]
"""Log-mel features, shape (MELS, frames), 100 frames per second."""


@dataclass(frozen=True)
class Sample:
    """One window for the network."""

    mel: Mel
    label: Label
    phones: list[int]
    frame_phones: NDArray[np.int64]
    """One phone per encoder position."""


class SampleMaker:
    """Draws samples from a folder of shards."""

    def __init__(self, shards: Path, *, part: int = 0, parts: int = 1) -> None:
        self.lexicon = Lexicon()
        self._windows = WindowMaker(Pool(shards, part=part, parts=parts), self.lexicon)
        self._labeller = Labeller(Tokens())
        self._extract = FeatureExtractor(feature_size=MELS)

    def draw(self, rng: Generator) -> Sample:
        """Draw a window, its channel, its features and its label."""
        window = self._windows.draw(rng)
        mel = self.features(pass_channel(rng, window))
        frames = (mel.shape[1] + 1) // 2
        return Sample(
            disturb(rng, mel),
            self._labeller.label(rng, window),
            phones_heard(window, self.lexicon),
            phones_by_frame(window, self.lexicon, frames),
        )

    def features(self, sound: Waveform) -> Mel:
        """Compute log-mel features the way faster-whisper does, an even number of frames."""
        mel: Mel = self._extract(sound)[:, :-1][:, :MOST_FRAMES]
        return mel[:, : mel.shape[1] - mel.shape[1] % 2]


def pass_channel(rng: Generator, window: Window) -> Waveform:
    """Put a window through a room, noise, a level, and half of the time a telephone line."""
    sound = window.sound
    if window.sentences:
        if rng.random() < 0.10:
            sound = reverberate(rng, sound)
        peak = np.abs(sound).max() + 1e-6
        sound = sound / peak * decibels(rng.uniform(-26, -1))
        level = rms(sound)
        if rng.random() < 0.65:
            sound = sound + noise(rng, len(sound)) * level * decibels(-rng.uniform(8, 45))
        if rng.random() < 0.04:
            sound = sound + music(rng, len(sound)) * level * decibels(-rng.uniform(8, 25))
    if rng.random() < 0.5:
        sound = telephone(sound, band_limited=rng.random() < 0.7)
    return np.clip(sound, -1, 1).astype(np.float32)


def disturb(rng: Generator, mel: Mel) -> Mel:
    """Tilt, warp and mask features: other handsets, other throats (SpecAugment, VTLP)."""
    mel = mel.copy()
    if rng.random() < 0.4:
        tilt = np.linspace(-1, 1, MELS) * rng.normal(0, 0.08)
        mel += tilt.astype(np.float32)[:, None]
    if rng.random() < 0.35:
        mel = warp(mel, float(rng.uniform(0.93, 1.07)))
    if rng.random() < 0.25:
        band = int(rng.integers(MELS - 10))
        mel[band : band + int(rng.integers(1, 9))] = mel.mean()
    if rng.random() < 0.5 and mel.shape[1] > 60:
        at = int(rng.integers(mel.shape[1] - 12))
        mel[:, at : at + int(rng.integers(1, 9))] = mel.mean()
    return mel


def warp(mel: Mel, factor: float) -> Mel:
    """Stretch the mel axis: a vocal tract of another length."""
    source = np.clip(np.arange(MELS) * factor, 0, MELS - 1)
    below = np.minimum(source.astype(int), MELS - 2)
    share = (source - below).astype(np.float32)[:, None]
    warped: Mel = mel[below] * (1 - share) + mel[below + 1] * share
    return warped
