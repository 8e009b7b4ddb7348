"""A call that is made through ARI to a telephone of the stand-in, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from streamer.recording.writer import Recording
from streamer.tap.outbound import record_call
from streamer.tap.plan import plan_call
from streamer.tap.playbacks import SILENT, PlaybackPlan
from streamer.tap.tap import Stop
from streamer.wire.ari.wanted import WantedCall
from tests.fakes.ari_tap import Pbx, Run
from tests.fakes.replay import RememberingBus


@asynccontextmanager
async def calling(
    pbx: Pbx, recordings: Path, wanted: WantedCall, playing: PlaybackPlan = SILENT
) -> AsyncIterator[Run]:
    """Make a call; what still runs at the end is stopped."""
    bus, stop, made = RememberingBus(), Stop(), list[Recording]()
    plan = plan_call(pbx.settings(recordings), wanted, playing=playing)
    task = asyncio.ensure_future(record_call(plan, bus, stop, on_recording=made.append))
    try:
        yield Run(task, bus, stop, made)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
