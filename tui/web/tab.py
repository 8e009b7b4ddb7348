"""A tab: the screen over a backend without speech, drawn for a browser. `python -m tui.web.tab` is what the server starts.

It imports all that it may need and waits for its opening, a line on stdin; see `spare.py`.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.bus import Bus
from streamer.calls.outcome import WatchOutcome
from streamer.cli.frontend import ScreenRequest
from streamer.cli.logs import log_crash, start_logging
from streamer.config import Settings
from streamer.core.telemetry import forbid_telemetry
from streamer.errors import ExitCode
from streamer.speech.engine.models import NO_MODEL_FOR_CALLS
from tui.frontend import show
from tui.web.address import parse_address
from tui.web.app import TabApp
from tui.web.driver import tell_opened
from tui.web.plan import Opening, TabPlan, parse_opening, parse_plan

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from streamer.calls.backend import Backend


_STDIN = 0

_NEEDED_SOON = (
    "streamer.calls.backend",
    "streamer.calls.catalog",
    "streamer.calls.session",
    "tui.screens.calls",
    "tui.screens.search",
)
"""What the screen imports when it needs it, which is later than it is drawn in a terminal."""


def main() -> int:
    """Show what the command line says until the user or the server leaves; return the exit code."""
    forbid_telemetry()
    plan = parse_plan(sys.argv[1:])
    start_logging(plan.log_file, verbosity=0)
    try:
        for name in _NEEDED_SOON:
            importlib.import_module(name)
        _call_itself(b"streamer-spare")
        opening = _read_opening()
        if opening is None:
            return ExitCode.DONE
        _call_itself(b"streamer-tab")
        return asyncio.run(_run(plan, opening))
    except Exception:  # noqa: BLE001 - the outermost edge: stdout is for packets, and stderr is discarded
        log_crash()
        return ExitCode.FAILED


def _read_opening() -> Opening | None:
    """Wait for the opening, and take nothing of what follows it; None if the server has gone."""
    line = b""
    while not line.endswith(b"\n"):
        if not (byte := os.read(_STDIN, 1)):
            return None
        line += byte
    return parse_opening(line)


def _call_itself(name: bytes) -> None:
    """Tell `ps` and `top` what this process is at."""
    with suppress(OSError):
        Path("/proc/self/comm").write_bytes(name)


async def _run(plan: TabPlan, opening: Opening) -> int:
    os.environ |= {"COLUMNS": str(opening.width), "ROWS": str(opening.height)}
    address = parse_address(opening.address or plan.address)
    if address.call_id != plan.call_id:
        plan = replace(plan, folder="")
    return await show(TabApp(_ask(plan), address))


def _ask(plan: TabPlan) -> ScreenRequest:
    settings = Settings(
        recordings=plan.recordings, db=plan.db, log_file=plan.log_file, theme=plan.theme
    )
    folder = Path(plan.folder) if plan.folder else None

    def open_backend(bus: Bus) -> AbstractAsyncContextManager[Backend]:
        from streamer.calls.backend import open_backend

        return open_backend(settings, None, bus)

    async def follow(backend: Backend, bus: Bus, outcome: WatchOutcome) -> None:
        from streamer.calls.session import run_session

        assert outcome.folder
        await run_session(outcome.folder, backend, bus)

    return ScreenRequest(
        settings,
        open_backend,
        follow if folder else None,
        model=plan.model,
        lack="" if plan.model else NO_MODEL_FOR_CALLS,
        outcome=WatchOutcome(folder),
        is_read_only=bool(plan.read_only),
        tell_opened=tell_opened,
    )


if __name__ == "__main__":
    sys.exit(main())
