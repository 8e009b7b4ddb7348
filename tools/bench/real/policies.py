"""The policy laboratory: `python -m tools.bench policies [MODEL] [LEG,...] [name=value ...]`.

Each leg is said alone to the product's own transcriber on a virtual clock, with real windows and real costs. A leg is a name such as
`sentences-1`, or of a set such as `sentences`. Names of values are fields of `SpeechPlan` (samples where it has samples); `p.NAME` is an
argument of `LocalAgreement`, which is then the policy; `slots` windows are read at once, `slow` is how many seconds a second of CPU time
takes, and of each leg the first `seconds` are taken. Without values a list of named policies is tried.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from enum import Enum
from typing import Any, cast

from streamer.speech.base import CommitPolicy
from streamer.speech.plan import STOCK, SpeechPlan
from streamer.speech.words import COMMIT_POLICIES
from streamer.speech.words.agreement import HOLD, STEADY, LocalAgreement
from tools.bench.machine import describe, show, show_table
from tools.bench.real.laboratory import Engine, load_engine, try_live
from tools.bench.real.leg_sets import ALL_PROMPTS, LEG_SETS, SENTENCES
from tools.bench.real.legs import SpokenLeg
from tools.bench.real.materials import WEIGHTS, fetch_model
from tools.bench.real.measures import Figures, pair
from tools.bench.real.results import progress

Values = Mapping[str, str]

_TRIED = "tried"
"""Name under which the policy that is tried is known to a plan."""

NAMED: Mapping[str, Values] = {
    "as it is": {},
    "two readings agree": {"commit_policy": "local-agreement"},
    "... and end 0.3 s before the end": {"p.hold": "4800"},
    "... and end 0.8 s before the end": {"p.hold": "12800"},
    "stand for 0.4 s, end 0.3 s before the end": {"p.steady": str(STEADY), "p.hold": str(HOLD)},
    "... 0.8 s if the model is in doubt": {
        "p.steady": str(STEADY),
        "p.hold": str(HOLD),
        "p.doubtful": "0.5",
        "p.doubtful_hold": "12800",
    },
    "as it is, full windows": {"encoder_window": "full"},
    "as it is, never trimmed": {"trim_beyond": "0"},
    "as it is, with context": {"carries_context": "true"},
}
"""Policies that are tried when none is named; values are in samples."""


def run(arguments: Sequence[str]) -> None:
    """Try what is named, and print a row each."""
    names = [word for word in arguments if "=" not in word]
    values = dict(word.split("=", 1) for word in arguments if "=" in word)
    model = names[0] if names else "base"
    if model not in WEIGHTS:
        raise SystemExit(f"there are no weights {model}; choose from {', '.join(WEIGHTS)}")
    legs = find_legs(names[1] if len(names) > 1 else SENTENCES.name)
    common = {key: values.pop(key) for key in ("slots", "slow", "seconds") if key in values}
    show(describe())
    show()
    tried = {" ".join(f"{k}={v}" for k, v in values.items()): values} if values else NAMED
    whisper = load_engine(fetch_model(model)).whisper
    rows = []
    for name, each in tried.items():
        progress(f"{model}, {name} ...")
        engine = Engine(
            whisper, slots=int(common.get("slots", 2)), slow=float(common.get("slow", 1))
        )
        rows.append([name, *_try(engine, legs, each, float(common.get("seconds", "inf")))])
    show(f"{model}, {', '.join(leg.name for leg in legs)}, each alone, on a virtual clock:")
    show()
    show_table(_HEADINGS, rows)


_HEADINGS = (
    "policy",
    "WER",
    "shown p50 / p95",
    "commit p50 / p95",
    "flicker; revisions",
    "final",
    "CPU s per audio s",
    "windows",
)


def find_legs(names: str) -> list[SpokenLeg]:
    """Return the legs that are named, one by one or by the name of their set."""
    found = []
    for name in names.split(","):
        if name in LEG_SETS:
            found += LEG_SETS[name].legs(float("inf"))
        else:
            every = [*SENTENCES.legs(float("inf")), *ALL_PROMPTS.legs(float("inf"))]
            one = [leg for leg in every if leg.name == name]
            if not one:
                known = [*LEG_SETS, *(leg.name for leg in every)]
                raise SystemExit(f"there is no leg {name}; choose from {', '.join(known)}")
            found += one
    return found


def _try(engine: Engine, legs: Sequence[SpokenLeg], values: Values, seconds: float) -> list[str]:
    total = Figures()
    with plan_of(values) as plan:
        for leg in legs:
            total.add(try_live(engine, [leg], plan, seconds=seconds)[0])
    return [
        f"{total.wer:.1f} %",
        pair(total.shown),
        pair(total.commit),
        f"{total.flicker:.1f} %; {total.revisions}",
        pair(total.final),
        f"{engine.cost_s / total.audio_s:.2f}",
        str(engine.windows),
    ]


@contextmanager
def plan_of(values: Values) -> Iterator[SpeechPlan]:
    """Return the plan for stock weights with these values, while the block lasts."""
    known = {each.name for each in fields(SpeechPlan)}
    own = {name[2:]: float(value) for name, value in values.items() if name.startswith("p.")}
    changed = {name: value for name, value in values.items() if not name.startswith("p.")}
    _refuse(set(changed) - known, known)
    arguments = set(inspect.signature(LocalAgreement).parameters)
    _refuse({f"p.{name}" for name in set(own) - arguments}, {f"p.{name}" for name in arguments})
    plan = replace(STOCK, **{name: _parse(name, value) for name, value in changed.items()})
    policies = cast(dict[str, Callable[[], CommitPolicy]], COMMIT_POLICIES)
    if own:
        policies[_TRIED] = lambda: LocalAgreement(**cast(dict[str, Any], own))
        plan = replace(plan, commit_policy=_TRIED)
    try:
        yield plan
    finally:
        policies.pop(_TRIED, None)


def _refuse(unknown: set[str], known: set[str]) -> None:
    if unknown:
        raise SystemExit(
            f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(sorted(known))}"
        )


def _parse(name: str, value: str) -> Any:
    """Read a value as its field has it."""
    default = getattr(STOCK, name)
    match default:
        case bool():
            return value.lower() in ("1", "true", "yes")
        case Enum():
            return type(default)(value)
        case int():
            return round(float(value))
        case tuple():
            return tuple(map(type(default[0]) if default else str, value.split(",")))
        case _:
            return value
