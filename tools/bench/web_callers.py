"""Callers over WebSockets, in a process of their own: `python -m tools.bench.web_callers URL SOURCE CALLS SECONDS WAV`; prints JSON.

`SOURCE` is chan-websocket or yeastar. The WAV is what each says; what comes back is counted.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
from collections import Counter
from pathlib import Path
from uuid import uuid4

from streamer.simulator.websocket.calls import make_calls
from streamer.simulator.websocket.conversation import WebCall, WebResult
from streamer.simulator.websocket.script import write_chan_websocket, write_yeastar
from streamer.wire.websocket.base import MediaFormat
from tools.bench.machine import pin, show

RAMP_S = 2.0
"""Seconds over which the calls begin."""

_WRITERS = {"chan-websocket": write_chan_websocket, "yeastar": write_yeastar}
_SLIN = MediaFormat("slin", 8_000)


async def _call(url: str, source: str, calls: int, wav: Path) -> None:
    scripts = [_WRITERS[source](wav, call=str(uuid4()), format=_SLIN) for _ in range(calls)]
    results = await make_calls(
        [
            WebCall(source, script, f"{url}?contextId={script.call}", RAMP_S * n / calls)
            for n, script in enumerate(scripts)
        ]
    )
    show(json.dumps(_report(results)))


def _report(results: list[WebResult]) -> dict[str, object]:
    spacings = [r.returned.spacing for r in results if r.returned.spacing]
    return {
        "endings": Counter(r.ending.name for r in results),
        "returned": [r.returned.frames for r in results],
        "seconds": [r.seconds for r in results],
        "lateness_ms": max(r.lateness_s for r in results) * 1000,
        "p99_ms": statistics.median(s.p99 for s in spacings) if spacings else 0.0,
        "worst_p99_ms": max((s.p99 for s in spacings), default=0.0),
        "most_ms": max((s.most for s in spacings), default=0.0),
        "notes": sorted({note for r in results for note in r.notes}),
    }


if __name__ == "__main__":
    pin(1)
    asyncio.run(_call(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])))
