"""`make faults`: run every trial and say what was lost; `python -m tools.faults kills` runs one. Exits 1 if anything was lost."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping

from tools.bench.machine import describe, show, show_table
from tools.faults import disk, frozen, kills, soak
from tools.faults.outcome import Outcome

TRIALS: Mapping[str, Callable[[], Awaitable[Outcome]]] = {
    "kills": kills.run,
    "disk": disk.run,
    "frozen": frozen.run,
    "soak": soak.run,
}
"""One line a trial."""


async def _run(names: list[str]) -> bool:
    is_whole = True
    for name in names:
        outcome = await TRIALS[name]()
        is_whole &= not outcome.losses
        show(f"## {name}: {len(outcome.losses) or 'nothing'} lost")
        show()
        show_table(outcome.headings, outcome.rows)
        for loss in outcome.losses:
            show(f"{name}: {loss}")
    return is_whole


def main() -> int:
    """Run what the arguments name, or everything."""
    show(describe())
    show()
    return 0 if asyncio.run(_run(sys.argv[1:] or list(TRIALS))) else 1


sys.exit(main())
