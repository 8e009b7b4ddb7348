"""`make bench`: run every benchmark and print a report for BENCHMARKS.md; `python -m tools.bench speech` runs one."""

from __future__ import annotations

import asyncio
import sys

from tools.bench import listening, overload, recording, screen, speech, store
from tools.bench.machine import describe, show


def main() -> None:
    """Run everything, or what the arguments name."""
    show(describe())
    show()
    parts = {
        "recording": recording.run,
        "listening": listening.run,
        "speech": speech.run,
        "overload": overload.run,
        "store": store.run,
        "screen": screen.run,
    }
    for name in sys.argv[1:] or parts:
        asyncio.run(parts[name]())


main()
