"""One trial of `kills`: `python -m tools.faults.one_kill watch|serve VICTIM SECONDS`; prints as JSON what is kept."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tools.bench.machine import show
from tools.faults.kill_serve import kill_in_serve
from tools.faults.kill_watch import kill_in_watch

_KILLS = {"watch": kill_in_watch, "serve": kill_in_serve}


def main(command: str, victim: str, at_s: str) -> None:
    """Kill one process of a call of that command, when so much has been said."""
    with tempfile.TemporaryDirectory(prefix="st-", ignore_cleanup_errors=True) as folder:
        kept = asyncio.run(_KILLS[command](Path(folder), victim, float(at_s)))
    show(json.dumps(asdict(kept)))


if __name__ == "__main__":
    main(*sys.argv[1:])
