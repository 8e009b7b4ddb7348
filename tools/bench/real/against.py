"""Live beside other live transcribers: the same legs and weights, at real time, in one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tools.bench.machine import show, show_table
from tools.bench.peers import list_peers, run_peer
from tools.bench.real.leg_sets import BOTH, SENTENCES, LegSet
from tools.bench.real.live import describe_commit, follow, share
from tools.bench.real.materials import fetch_model
from tools.bench.real.measures import Figures, judge_words
from tools.bench.real.offline import count_all, explain_difference
from tools.bench.real.results import Results

_SETS = (SENTENCES, BOTH)


async def run(results: Results, models: Sequence[str]) -> None:
    """Print how they compare."""
    rows = [
        row for model in models for leg_set in _SETS for row in await _rows(results, model, leg_set)
    ]
    show("Live beside other live transcribers; latency in seconds after a word's end:")
    show()
    show_table(
        [
            "model, legs",
            "",
            "WER",
            "ours - its (95 %)",
            "commit p50 / p95; max",
            "CPU s per audio s",
            "of the machine",
        ],
        rows,
    )


async def _rows(results: Results, model: str, leg_set: LegSet) -> list[list[str]]:
    legs = leg_set.legs(results.limit_s)
    ours, wall_s = await follow(results, model, leg_set)
    own_counts = count_all(legs, ours.texts)
    rows = [_row(f"{model}, {leg_set.title}", "streamer", ours, "", wall_s)]
    for name, command in list_peers().items():
        theirs = await _follow_with(results, name, command, model, leg_set)
        difference = explain_difference(own_counts, count_all(legs, theirs.texts))
        rows.append(_row("", name, theirs, difference, wall_s))
    return rows


def _row(legs: str, who: str, figures: Figures, difference: str, wall_s: float) -> list[str]:
    return [
        legs,
        who,
        f"{figures.wer:.1f} %",
        difference,
        describe_commit(figures),
        f"{figures.cost_s / figures.audio_s:.2f}",
        share(figures, wall_s),
    ]


async def _follow_with(
    results: Results, name: str, command: Sequence[str], model: str, leg_set: LegSet
) -> Figures:
    async def measure() -> dict[str, Any]:
        total = Figures()
        for call in leg_set.calls(results.limit_s):
            tracks = [leg.audio.tobytes() for leg in call]
            heard = await run_peer(command, tracks, fetch_model(model), language=call[0].language)
            for leg, words in zip(call, heard.legs, strict=True):
                total.add(judge_words(leg, words))
            total.cost_s += heard.cpu_s
        return asdict(total)

    short = name.partition(",")[0]
    return Figures(**await results.take("peer", short, model, leg_set.name, make=measure))
