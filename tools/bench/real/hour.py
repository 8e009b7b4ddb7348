"""An hour of one leg on the virtual clock: no loop, no drift of the words' times, and memory that stays."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import cycle
from typing import Any

import numpy as np
import psutil

from streamer.core.events import SPEECH_RATE
from streamer.speech.base import Hypothesis, Window
from streamer.speech.plan import STOCK
from streamer.speech.words.agreement import normalise
from tools.bench.machine import show, show_table
from tools.bench.real.laboratory import Engine, load_engine, try_live
from tools.bench.real.leg_sets import ALL_PROMPTS
from tools.bench.real.legs import Said, SpokenLeg, shorten
from tools.bench.real.materials import fetch_model
from tools.bench.real.measures import Figures, longest_loop, pair
from tools.bench.real.results import Results

HOUR_S = 3600.0


@dataclass
class _Weighed(Engine):
    """Notes the memory of the process at each window."""

    rss_mb: list[float] = field(default_factory=list)

    async def transcribe(self, windows: Sequence[Window]) -> list[Hypothesis]:
        self.rss_mb.append(psutil.Process().memory_info().rss / 2**20)
        return await Engine.transcribe(self, windows)


async def run(results: Results, models: Sequence[str]) -> None:
    """Print how the last tenth of the hour compares with the first."""
    rows = [await _row(results, model) for model in models]
    seconds = min(HOUR_S, results.limit_s)
    show(f"One leg of {seconds:.0f} s, English prompts one after the other, on a virtual clock:")
    show()
    show_table(
        [
            "model",
            "WER",
            "commit p50 / p95",
            "most repeats of a phrase: heard; said",
            "drift of word times, ms",
            "memory, MB: first tenth; last",
        ],
        rows,
    )


async def _row(results: Results, model: str) -> list[str]:
    leg = chain("hour", ALL_PROMPTS.legs(float("inf")), min(HOUR_S, results.limit_s))

    async def measure() -> dict[str, Any]:
        engine = _Weighed(load_engine(fetch_model(model)).whisper)
        figures = await asyncio.to_thread(lambda: try_live(engine, [leg], STOCK)[0])
        return {"figures": asdict(figures), "rss_mb": engine.rss_mb}

    measured = await results.take("hour", model, make=measure)
    figures = Figures(**measured["figures"])
    loops = [longest_loop(_words(text)) for text in (" ".join(figures.texts), leg.text)]
    first_mb, last_mb = tenths(measured["rss_mb"])
    early, late = tenths(figures.offsets)
    return [
        model,
        f"{figures.wer:.1f} %",
        pair(figures.commit),
        f"{loops[0]}; {loops[1]}",
        f"{1000 * (late - early):+.0f}",
        f"{first_mb:.0f}; {last_mb:.0f}",
    ]


def _words(text: str) -> list[str]:
    return [normalise(word) for word in text.split()]


def tenths(values: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the first and the last tenth."""
    size = max(1, len(values) // 10)
    return float(np.median(values[:size])), float(np.median(values[-size:]))


def chain(name: str, legs: Sequence[SpokenLeg], seconds: float) -> SpokenLeg:
    """Put legs one behind the other, again and again, until they are so long."""
    parts, utterances, words, position = [], list[Said](), list[Said](), 0
    for leg in cycle(legs):
        offset = position / SPEECH_RATE
        parts.append(leg.audio)
        utterances += [_shift(said, offset) for said in leg.utterances]
        words += [_shift(said, offset) for said in leg.words]
        position += len(leg.audio)
        if position >= seconds * SPEECH_RATE:
            break
    whole = replace(
        legs[0],
        name=name,
        audio=np.concatenate(parts),
        utterances=tuple(utterances),
        words=tuple(words),
    )
    return shorten(whole, seconds)


def _shift(said: Said, seconds: float) -> Said:
    return replace(said, start=said.start + seconds, end=said.end + seconds)
