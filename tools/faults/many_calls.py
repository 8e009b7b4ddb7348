"""The calls of the soak, in a process of their own: `python -m tools.faults.many_calls PORT`; prints how each ended as JSON."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from uuid import uuid4

from streamer.simulator.audiosocket import Caller, run_callers
from streamer.simulator.caller import script_caller
from tools.bench.machine import show

CALLS = 200
AT_ONCE = 20
LENGTH_S = 4.0
RATE = 8_000

PCM = random.Random(200).randbytes(round(RATE * LENGTH_S) * 2)
"""What each of them says."""


async def _main(port: int) -> None:
    script = script_caller(PCM, rate=RATE, name="soak")
    callers = [Caller(script, uuid4(), starts_at=n * LENGTH_S / AT_ONCE) for n in range(CALLS)]
    results = await run_callers(callers, host="127.0.0.1", port=port)
    show(json.dumps({str(result.caller.uuid): result.ending.name for result in results}))


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
