"""A tab: the screen over a backend without speech, drawn for a browser. `python -m tui.web.tab` is what the server starts."""

from __future__ import annotations

import asyncio
import sys
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
from tui.app import ScreenApp
from tui.frontend import show
from tui.web.driver import TabDriver, tell_opened
from tui.web.plan import TabPlan, parse_plan

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from streamer.calls.backend import Backend


def main() -> int:
    """Show what the command line says until the user or the server leaves; return the exit code."""
    forbid_telemetry()
    plan = parse_plan(sys.argv[1:])
    start_logging(plan.log_file, verbosity=0)
    try:
        return asyncio.run(_run(plan))
    except Exception:  # noqa: BLE001 - the outermost edge: stdout is for packets, and stderr is discarded
        log_crash()
        return ExitCode.FAILED


async def _run(plan: TabPlan) -> int:
    app = ScreenApp(_ask(plan), driver_class=TabDriver)
    return await show(app)


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
        tell_opened=tell_opened,
    )


if __name__ == "__main__":
    sys.exit(main())
