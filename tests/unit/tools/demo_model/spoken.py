"""Utterances that no synthesizer made: noise bursts with a text and word times, as the shards hold them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tools.demo_model.grammar import spoken_words
from tools.demo_model.pool import Pool
from tools.demo_model.shards import write_shard
from tools.demo_model.speech import SAMPLE_RATE, Utterance

WORD_S = 0.3
TEXTS = (
    "okay",
    "i see",
    "is the green light on?",
    "my account number is four seven two",
    "please unplug the router and wait thirty seconds",
    "the delivery is scheduled for the twentieth of march",
)


def say(text: str, voice: str = "flite:slt") -> Utterance:
    """Give every word 0.3 s of noise."""
    count = len(spoken_words(text))
    samples = np.random.default_rng(len(text)).normal(0, 3000, int(count * WORD_S * SAMPLE_RATE))
    spans = tuple((index * WORD_S, (index + 1) * WORD_S) for index in range(count))
    return Utterance(samples.astype(np.int16), text, voice, spans)


def fill_folder(folder: Path, voices: Iterable[str]) -> Path:
    """Write one shard a voice."""
    for voice in voices:
        engine = voice.split(":")[0]
        write_shard(folder / f"{engine}_1.npz", [say(text, voice) for text in TEXTS])
    return folder


def make_pool(folder: Path) -> Pool:
    """Open a pool of every engine."""
    return Pool(fill_folder(folder, ("espeak:en-us+m1", "flite:slt", "festival:ked_diphone")))
