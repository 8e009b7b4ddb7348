"""Live at real time, through tap, recording and session with the engine's own process: how right, how soon, at what cost."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from streamer.core.events import Event, Final, Partial
from streamer.speech.engine.models import resolve_model
from tools.bench.machine import show, show_table
from tools.bench.playing import LiveCall, play_calls
from tools.bench.real.leg_sets import BOTH, FOREIGN, PROMPTS, SENTENCES, WIDE, LegSet
from tools.bench.real.legs import SpokenLeg
from tools.bench.real.materials import fetch_model
from tools.bench.real.measures import Figures, Listener, pair
from tools.bench.real.offline import THEIRS, count_all, explain_difference, rate, read_whole
from tools.bench.real.results import Results

STEPS = (1, 2, 3, 4, 6)
STEP_S = 60.0
GOAL_P95_S = 2.5
_SETS = (SENTENCES, PROMPTS, WIDE, BOTH)
_HEADINGS = (
    "",
    "WER; offline",
    "difference (95 %)",
    "shown p50 / p95",
    "commit p50 / p95; max",
    "flicker; revisions",
    "first partial",
    "final after its utterance",
    "CPU s per audio s",
    "of the machine",
)


async def run(results: Results, models: Sequence[str]) -> None:
    """Print a table for each model."""
    for model in models:
        rows = [await _row(results, model, leg_set) for leg_set in _SETS]
        show(
            f"{model}, live at real time; seconds, p50 / p95; offline is faster-whisper's `transcribe()`, beam 5, with VAD:"
        )
        show()
        show_table(_HEADINGS, rows)


async def run_voices(results: Results, _models: Sequence[str]) -> None:
    """Print how base does in other languages: their texts lack accents and spell numbers otherwise, so compare with offline."""
    rows = [await _row(results, "base", leg_set) for leg_set in FOREIGN.values()]
    show("base, live at real time, prompts of other languages, one leg, 8 kHz mu-law:")
    show()
    show_table(_HEADINGS, rows)


async def run_capacity(results: Results, models: Sequence[str]) -> None:
    """Print how many two-leg calls at once are settled in time."""
    rows = []
    for model in models:
        for count in STEPS:
            figures, wall_s = await follow(results, model, BOTH, copies=count, limit_s=STEP_S)
            rows.append([model, str(count), *_describe_step(figures, wall_s)])
            if _percentile_95(figures.commit) > GOAL_P95_S:
                break
    show(
        f"Two-leg calls at once, the first {min(STEP_S, results.limit_s):.0f} s of each, until commit p95 is above {GOAL_P95_S} s:"
    )
    show()
    show_table(
        [
            "model",
            "calls",
            "WER",
            "shown p50 / p95",
            "commit p50 / p95; max",
            "final",
            "of the machine",
        ],
        rows,
    )


def _describe_step(figures: Figures, wall_s: float) -> list[str]:
    return [
        f"{figures.wer:.1f} %",
        pair(figures.shown),
        describe_commit(figures),
        pair(figures.final),
        share(figures, wall_s),
    ]


async def _row(results: Results, model: str, leg_set: LegSet) -> list[str]:
    figures, wall_s = await follow(results, model, leg_set)
    legs = leg_set.legs(results.limit_s)
    whole = [await read_whole(results, THEIRS, model, leg) for leg in legs]
    live, offline = (
        count_all(legs, texts) for texts in (figures.texts, [one["text"] for one in whole])
    )
    return [
        leg_set.title,
        f"{rate(live):.1f} %; {rate(offline):.1f} %",
        explain_difference(live, offline),
        pair(figures.shown),
        describe_commit(figures),
        f"{figures.flicker:.1f} %; {figures.revisions}",
        pair(figures.first_partial),
        pair(figures.final),
        f"{figures.cost_s / figures.audio_s:.2f}",
        share(figures, wall_s),
    ]


def describe_commit(figures: Figures) -> str:
    """Return median, 95th percentile and the longest."""
    return f"{pair(figures.commit)}; {max(figures.commit, default=float('nan')):.2f}"


def share(figures: Figures, wall_s: float) -> str:
    """Return how much of all cores was used."""
    return f"{100 * figures.cost_s / wall_s / (os.cpu_count() or 1):.0f} %"


def _percentile_95(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)] if values else float("inf")


async def follow(
    results: Results,
    model: str,
    leg_set: LegSet,
    *,
    copies: int = 1,
    limit_s: float = float("inf"),
) -> tuple[Figures, float]:
    """Return the figures of a set's calls, one after the other, or `copies` of each at once, with a text a leg, and the seconds it took."""
    calls = leg_set.calls(min(limit_s, results.limit_s))

    async def measure() -> dict[str, Any]:
        total, wall_s = Figures(), 0.0
        for call in calls:
            total.add(await measure_live([call] * copies, model))
            wall_s += max(leg.seconds for leg in call)
        return {"figures": asdict(total), "wall_s": wall_s}

    name = leg_set.name if copies == 1 and limit_s > 1e6 else f"{leg_set.name} x{copies}"
    measured = await results.take("live", model, name, make=measure)
    return Figures(**measured["figures"]), measured["wall_s"]


async def measure_live(calls: Sequence[Sequence[SpokenLeg]], model: str) -> Figures:
    """Play calls at once; return the figures of all their legs, with one text a leg in order."""
    listeners = [{leg.name: Listener() for leg in call} for call in calls]
    playing = [
        LiveCall({leg.name: leg.audio.tobytes() for leg in call}, _Router(listening).take)
        for call, listening in zip(calls, listeners, strict=True)
    ]
    language = calls[0][0].language
    cost = await play_calls(playing, resolve_model(str(fetch_model(model))), language=language)
    total = Figures()
    for call, listening in zip(calls, listeners, strict=True):
        for leg in call:
            figures = listening[leg.name].judge(leg)
            figures.texts = [" ".join(figures.texts)]
            total.add(figures)
    total.cost_s = cost.cpu_s
    return total


class _Router:
    """Gives each leg's events to its listener."""

    def __init__(self, listeners: dict[str, Listener]) -> None:
        self._listeners = listeners

    def take(self, event: Event, at: float) -> None:
        if isinstance(event, Partial):
            self._listeners[event.leg].take(event, at)
        elif isinstance(event, Final):
            self._listeners[event.segment.leg].take(event, at)
