"""Run work that a signal ends in an orderly way: open things are closed, temporary files are removed."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_to_end(work: Coroutine[Any, Any, int]) -> int:
    """Run work and return its exit code; INT, TERM and HUP cancel it, and the code is then 128 + the signal."""
    return asyncio.run(_run(work))


async def _run(work: Coroutine[Any, Any, int]) -> int:
    caught: list[int] = []
    working = asyncio.ensure_future(work)

    def leave(number: int) -> None:
        caught.append(number)
        working.cancel()

    for number in ENDING_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, leave, number)
    await asyncio.wait([working])
    if caught and working.cancelled():
        return 128 + caught[0]
    return working.result()
