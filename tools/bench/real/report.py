"""`make bench-real`: every table of stock weights on human speech, or those that are named.

`python -m tools.bench real [PART ...] [models=tiny.en,base] [seconds=N] [--fresh]`. What has been measured of this state of
`streamer/speech` stays in the cache, so a run that was cut off goes on; `seconds` takes only the beginning of each leg.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence

from tools.bench.machine import describe, show
from tools.bench.real import against, hour, inventions, live, offline
from tools.bench.real.materials import WEIGHTS, MaterialError, fetch_model, fetch_sounds
from tools.bench.real.results import Results, open_results

Part = Callable[[Results, Sequence[str]], Awaitable[None]]
"""Measures for some models, and prints its tables."""

PARTS: Mapping[str, Part] = {
    "live": live.run,
    "capacity": live.run_capacity,
    "offline": offline.run,
    "peer": against.run,
    "voices": live.run_voices,
    "hour": hour.run,
    "inventions": inventions.run,
}
"""In the order of the report; a part of one's own has a line here and a module beside these."""

_OPTIONS = ("models", "seconds")


async def run(arguments: Sequence[str]) -> None:
    """Run the parts that are named, or all."""
    named = [word for word in arguments if "=" not in word and not word.startswith("-")]
    options = dict(word.split("=", 1) for word in arguments if "=" in word)
    if unknown := [name for name in options if name not in _OPTIONS]:
        raise SystemExit(f"there is no {unknown[0]}; choose from {', '.join(_OPTIONS)}")
    if unknown := [word for word in named if word not in PARTS]:
        raise SystemExit(f"there is no part {unknown[0]}; choose from {', '.join(PARTS)}")
    models = options.get("models", ",".join(WEIGHTS)).split(",")
    if unknown := [model for model in models if model not in WEIGHTS]:
        raise SystemExit(f"there are no weights {unknown[0]}; choose from {', '.join(WEIGHTS)}")
    results = open_results(
        is_fresh="--fresh" in arguments, limit_s=float(options.get("seconds", math.inf))
    )
    show(describe())
    show()
    _fetch(models)
    for part in named or PARTS:
        show(f"## {part}")
        show()
        await PARTS[part](results, models)


def _fetch(models: Sequence[str]) -> None:
    """Have all that is needed before the first figure."""
    try:
        fetch_sounds()
        for model in models:
            fetch_model(model)
    except MaterialError as error:
        raise SystemExit(str(error)) from error
