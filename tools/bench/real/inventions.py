"""Words invented where nobody speaks: minutes of noises, tones and music, live and offline, and a person's thanks that must stay.

`python -m tools.bench real inventions [models=tiny.en,base] [seconds=300]`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from streamer.speech.plan import STOCK
from tools.bench.machine import show, show_table
from tools.bench.real.laboratory import Engine, hear, load_engine
from tools.bench.real.legs import SpokenLeg
from tools.bench.real.materials import fetch_model
from tools.bench.real.noises import make_echo, make_noises, make_thanks
from tools.bench.real.results import Results

SECONDS = 300.0
MOST_A_MINUTE = 0.1
"""Invented words."""

_PLANS = {"live": STOCK, "offline": replace(STOCK, has_partials=False)}


async def run(results: Results, models: Sequence[str]) -> None:
    """Print the table."""
    seconds = SECONDS if math.isinf(results.limit_s) else results.limit_s
    echo, other = make_echo(seconds)
    alone = [*make_noises(seconds), echo, make_thanks()]
    rows = [await _row(results, leg, models) for leg in alone]
    rows.append(
        await _row(
            results, replace(echo, name=f"{echo.name}, {other.name} beside it"), models, other=other
        )
    )
    show(f"Words a minute where nobody speaks (goal {MOST_A_MINUTE}), and what a person said:")
    show()
    show_table(["sound", *(f"{model}, {how}" for model in models for how in _PLANS)], rows)


async def _row(
    results: Results, leg: SpokenLeg, models: Sequence[str], *, other: SpokenLeg | None = None
) -> list[str]:
    cells = []
    for model in models:
        for how in _PLANS:
            said = await results.take(
                "inventions", model, how, leg.name, make=partial(_hear, model, how, leg, other)
            )
            cells.append(_describe(said, leg.seconds))
    return [leg.name, *cells]


def _describe(said: Sequence[str], seconds: float) -> str:
    words = sum(len(text.split()) for text in said)
    return f"{60 * words / seconds:.2f}" + (f": {' / '.join(said)[:60]}" if said else "")


_engines: dict[str, Engine] = {}


async def _hear(model: str, how: str, leg: SpokenLeg, other: SpokenLeg | None) -> list[str]:
    if model not in _engines:
        _engines[model] = load_engine(fetch_model(model))
    # On a thread of its own, because its clock is another.
    return await asyncio.to_thread(hear, _engines[model], leg, _PLANS[how], other=other)
