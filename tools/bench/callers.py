"""Callers that stand in for Asterisk, in a process of their own: `python -m tools.bench.callers PORT CALLS SECONDS`; prints JSON."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
from collections import Counter
from uuid import uuid4

from streamer.simulator.audiosocket import Caller, CallResult, run_callers
from streamer.simulator.caller import script_caller
from tools.bench.machine import pin, show
from tools.bench.pbx import noise

RATE = 8_000
RAMP_S = 2.0
"""Seconds over which the calls begin."""


async def _call(port: int, calls: int, seconds: float) -> None:
    script = script_caller(noise(seconds / 2), rate=RATE, name="noise")
    callers = [Caller(script, uuid4(), starts_at=RAMP_S * n / calls) for n in range(calls)]
    results = await run_callers(callers, host="127.0.0.1", port=port)
    show(json.dumps(_report(results, seconds)))


def _report(results: list[CallResult], seconds: float) -> dict[str, object]:
    spacings = [r.returned.spacing for r in results if r.returned.spacing]
    return {
        "endings": Counter(r.ending.name for r in results),
        "sent": sum(r.frames_sent for r in results),
        "returned": [r.returned.frames for r in results],
        "owed": round(seconds * 50),
        "peak": max(r.returned.peak for r in results),
        "lateness_ms": max(r.lateness_s for r in results) * 1000,
        "mean_ms": [s.mean for s in spacings],
        "p99_ms": statistics.median(s.p99 for s in spacings),
        "worst_p99_ms": max(s.p99 for s in spacings),
        "most_ms": max(s.most for s in spacings),
        "least_ms": min(s.least for s in spacings),
    }


if __name__ == "__main__":
    pin(1)
    asyncio.run(_call(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
