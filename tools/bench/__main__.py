"""`make bench`: run every benchmark and print a report to paste into BENCHMARKS.md."""

from __future__ import annotations

import asyncio

from tools.bench import recording
from tools.bench.machine import describe, show


def main() -> None:
    """Run everything."""
    show(describe())
    show()
    asyncio.run(recording.run())


main()
