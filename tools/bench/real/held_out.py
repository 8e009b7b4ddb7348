"""Legs that no threshold of watch-words was chosen on: a bad line in English, and other languages.

There are no other human voices in English to be had as packages, so the English words are those of the prompts, read anew: dealt out to
other legs, and sent over a line that loses much (Opus at 6 kbit/s, noise of -46 dBFS). The phrases that are looked for are others.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import av
import numpy as np

from streamer.core.events import SPEECH_RATE
from tools.bench.real.legs import TELEPHONE, Samples, SpokenLeg, join, read_items

LINE_NOISE = 160.0
"""Standard deviation, of 32768."""

_BIT_RATE = 6_000
_PROMPTS = 100
_SEED = 29


def list_held_out() -> Iterator[tuple[str, list[SpokenLeg]]]:
    """Yield weights, and the legs that they are tried on together."""
    bad = list(bad_line())
    yield "tiny.en", bad
    yield "base", bad
    for language in ("es", "fr", "it", "ru"):
        yield "base", [foreign(language)]


def bad_line() -> Iterator[SpokenLeg]:
    """Yield three of six legs of English prompts, as a bad line carries them."""
    items = read_items()
    random.Random(_SEED).shuffle(items)
    for number in range(3):
        leg = join(f"bad-line-{number + 1}", items[number::6], seed=_SEED + number, gaps=(0.4, 2.0))
        yield replace(leg, audio=worsen(leg.audio, seed=number))


def foreign(language: str) -> SpokenLeg:
    """Return a leg of another language's prompts of four words and more."""
    items = [item for item in read_items(language) if len(item.text.split()) >= 4]
    random.Random(_SEED).shuffle(items)
    name = f"held-out-{language}"
    return join(name, items[:_PROMPTS], seed=_SEED, gaps=(0.4, 2.0), language=language)


def worsen(audio: Samples, *, seed: int) -> Samples:
    """Return audio as it comes over a bad line."""
    noise = np.random.default_rng(seed).normal(0, LINE_NOISE, len(audio))
    noisy = np.clip(audio + noise, -32768, 32767).astype(np.int16)
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = TELEPHONE, "mono", "s16"
    encoder.bit_rate = _BIT_RATE
    decoder: Any = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = TELEPHONE, "mono"
    packets = list(_encode(encoder, _resample(noisy, SPEECH_RATE, TELEPHONE)))
    frames = [frame for packet in packets for frame in decoder.decode(packet)]
    heard = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
    return _resample(heard.ravel().astype(np.int16), frames[0].sample_rate, SPEECH_RATE)


def _encode(encoder: Any, narrow: Samples) -> Iterator[Any]:
    size = TELEPHONE // 50
    for start in range(0, len(narrow) - size + 1, size):
        frame = av.AudioFrame.from_ndarray(
            narrow[start : start + size].reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = TELEPHONE
        yield from encoder.encode(frame)
    yield from encoder.encode(None)


def _resample(audio: Samples, rate: int, target: int) -> Samples:
    frame = av.AudioFrame.from_ndarray(audio.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    resampling = av.AudioResampler(format="s16", layout="mono", rate=target)
    made = [each.to_ndarray() for each in (*resampling.resample(frame), *resampling.resample(None))]
    return np.concatenate(made, axis=1).ravel().astype(np.int16)
