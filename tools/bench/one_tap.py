"""One tap with many legs, with a probe of its event loop: `python -m tools.bench.one_tap URL LEGS FOLDER`."""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import sys
import time
from pathlib import Path

from streamer.bus import Bus
from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.tap.outbound import record_call
from streamer.tap.plan import plan_tap
from streamer.tap.tap import Stop
from tools.bench.machine import pin, show
from tools.bench.pbx import channel_name

PROBE_S = 0.01


async def _probe(lags: list[float]) -> None:
    while True:
        before = time.monotonic()
        await asyncio.sleep(PROBE_S)
        lags.append(time.monotonic() - before - PROBE_S)


async def _record(url: str, legs: int, folder: Path) -> None:
    lags: list[float] = []
    probe = asyncio.ensure_future(_probe(lags))
    plan = plan_tap(
        Settings(url=url, recordings=str(folder)),
        tuple(Leg(f"leg{n}", channel_name(n)) for n in range(legs)),
    )
    result = await record_call(plan, Bus(), Stop())
    probe.cancel()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    report = {
        "exit_code": int(result.exit_code),
        "lost": result.lost,
        "lag_p99_ms": statistics.quantiles(lags, n=100)[98] * 1000,
        "lag_max_ms": max(lags) * 1000,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "rss_mb": usage.ru_maxrss / 1024,
    }
    show(json.dumps(report))


if __name__ == "__main__":
    pin(0)
    asyncio.run(_record(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
