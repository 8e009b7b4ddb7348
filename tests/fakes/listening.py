"""The listener of `streamer serve` in this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from streamer.bus import Bus, Subscription
from streamer.core.encoding import encode_event
from streamer.sources.inbound import Admitted
from streamer.tap.inbound import Listener
from streamer.tap.listen_plan import ListenAddress, ListenPlan
from tests.fakes.replay import PATIENCE_S
from tests.fakes.serving import Heard, close_callers


@dataclass
class Listening(Heard):
    """A listener whose events are kept as they come."""

    listener: Listener = field(kw_only=True)
    bus: Bus = field(kw_only=True)
    port: int = 0

    async def read(self, events: Subscription) -> None:
        async for event in events:
            self.events.append(encode_event(event))


@asynccontextmanager
async def listening(
    recordings: Path, runtime_dir: Path, *, grace_s: float | None = None
) -> AsyncIterator[Listening]:
    """Listen on any port and let everybody in; wait for the end of calls that are live at the end."""
    plan = ListenPlan(
        (ListenAddress("audiosocket", "127.0.0.1", 0),),
        recordings,
        admit=lambda uuid: Admitted("caller", str(uuid)),
        new_playback=lambda: None,
        fills_silence=True,
        format=None,
        most_calls=10,
        grace_s=grace_s,
        keeper_patience_s=PATIENCE_S,
        runtime_dir=runtime_dir,
    )
    bus, address = Bus(), asyncio.get_running_loop().create_future()
    one = Listening(recordings, listener=Listener(plan, bus, clock=time.monotonic), bus=bus)
    running = asyncio.ensure_future(one.listener.run(lambda _, where: address.set_result(where)))
    with bus.subscribe(capacity=100_000) as events:
        reading = asyncio.ensure_future(one.read(events))
        try:
            one.port = int((await address).rpartition(":")[2])
            yield one
            one.listener.stopping.set()
            async with asyncio.timeout(PATIENCE_S):
                await running
        finally:
            running.cancel()
            await close_callers()
            await asyncio.gather(running, return_exceptions=True)
            bus.close()
            await reading
