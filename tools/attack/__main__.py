"""`make attack`: run every attack and say what healthy calls lost; `python -m tools.attack frames` runs one. Exits 1 if they lost anything."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping

from tools.attack import crowd, frames, parked, registration, web, websocket
from tools.attack.target import Judgement
from tools.bench.machine import describe, show, show_table

ATTACKS: Mapping[str, Callable[[], Awaitable[Judgement]]] = {
    "parked": parked.ATTACK.judge,
    "frames": frames.ATTACK.judge,
    "crowd": crowd.ATTACK.judge,
    "registration": registration.ATTACK.judge,
    "websocket": websocket.ATTACK.judge,
    "web": web.judge,
}
"""One line an attack."""


async def _run(names: list[str]) -> bool:
    rows, is_harmless = [], True
    for name in names:
        judgement = await ATTACKS[name]()
        is_harmless &= not judgement.losses
        rows.append((name, judgement.did, judgement.calls, judgement.heard, judgement.text))
        for loss in judgement.losses:
            show(f"{name}: {loss}")
    headings = ("attack", "what it did", "healthy calls", "longest gap they heard", "they lost")
    show_table(headings, rows)
    return is_harmless


def main() -> int:
    """Run what the arguments name, or everything."""
    show(describe())
    show()
    return 0 if asyncio.run(_run(sys.argv[1:] or list(ATTACKS))) else 1


sys.exit(main())
