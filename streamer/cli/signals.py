"""Run work that a signal ends in an orderly way: open things are closed, temporary files are removed."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

from streamer.cli import output

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


ENGINE_ENDS = "stopping the speech engine and closing the database"

SLOW_S = 3.0


def say_if_slow(what: str) -> None:
    """Say what this process is waited for, if it still lives `SLOW_S` after it was told to end."""
    asyncio.get_running_loop().call_later(SLOW_S, output.talk, f"{what}; please wait")


def run_to_end(work: Coroutine[Any, Any, int], *, ending: str = "") -> int:
    """Run work and return its exit code; INT, TERM and HUP cancel it, and the code is then 128 + the signal.

    `ending` says what the user waits for then, if it takes long.
    """
    return asyncio.run(_run(work, ending))


async def _run(work: Coroutine[Any, Any, int], ending: str) -> int:
    caught: list[int] = []
    working = asyncio.ensure_future(work)

    def leave(number: int) -> None:
        caught.append(number)
        working.cancel()
        if ending:
            say_if_slow(ending)

    for number in ENDING_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, leave, number)
    await asyncio.wait([working])
    if caught and working.cancelled():
        return 128 + caught[0]
    return working.result()
