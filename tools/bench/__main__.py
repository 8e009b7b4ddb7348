"""`make bench`: run every benchmark and print a report for BENCHMARKS.md; `python -m tools.bench speech` runs one.

`real`, `watch-words` and `policies` are benchmarks of stock weights on human speech, which are fetched; they need the dependency group `bench`.
"""

from __future__ import annotations

import asyncio
import os
import sys


def main() -> None:
    """Run everything, or what the arguments name."""
    if sys.argv[1:2] == ["real"]:
        from tools.bench.real import report

        asyncio.run(report.run(sys.argv[2:]))
    elif sys.argv[1:2] == ["watch-words"]:
        from tools.bench.real import watch_words

        asyncio.run(watch_words.run(sys.argv[2:]))
    elif sys.argv[1:2] == ["policies"]:
        # What it costs is counted in CPU time, of which threads that wait for each other make more; numpy reads this when it is loaded.
        os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
        from tools.bench.real import policies

        policies.run(sys.argv[2:])
    else:
        _run_bundled(sys.argv[1:])


def _run_bundled(names: list[str]) -> None:
    from tools.bench import (
        ari,
        board,
        listening,
        mixed,
        overload,
        recording,
        screen,
        scripts,
        speech,
        store,
    )
    from tools.bench.machine import describe, show

    show(describe())
    show()
    parts = {
        "recording": recording.run,
        "listening": listening.run,
        "mixed": mixed.run,
        "ari": ari.run,
        "speech": speech.run,
        "overload": overload.run,
        "store": store.run,
        "scripts": scripts.run,
        "screen": screen.run,
        "board": board.run,
    }
    for name in names or parts:
        asyncio.run(parts[name]())


main()
