"""Calls of the stand-in that are tapped by themselves, by listeners in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from streamer.core.events import CallEnded, CallStarted, LegAttached
from streamer.recording.folder import CallFolder
from streamer.sources.playout import Playback
from streamer.tap.inbound import Listener
from streamer.tap.inbound_kinds import list_inbound
from streamer.tap.listen_plan import ListenAddress, ListenPlan
from tests.fakes.ari_tap import Pbx
from tests.fakes.replay import RememberingBus, until


@dataclass
class Node:
    """A listener that taps calls, and what it has told."""

    listener: Listener
    recordings: Path
    bus: RememberingBus = field(default_factory=RememberingBus)
    addresses: dict[str, str] = field(default_factory=dict)

    def events(self, kind: type) -> list[Any]:
        return [event for event in self.bus.events if isinstance(event, kind)]

    async def until_tapped(self, calls: int, legs: int = 2) -> None:
        """Wait until so many calls, each with so many legs, are tapped."""
        await until(lambda: len(self.events(LegAttached)) >= calls * legs)
        assert len(self.events(CallStarted)) == calls

    async def until_ended(self, calls: int = 1) -> None:
        await until(lambda: len(self.events(CallEnded)) >= calls)

    def folders(self) -> list[CallFolder]:
        return [CallFolder(event.folder) for event in self.events(CallStarted)]

    def described(self) -> list[dict[str, Any]]:
        return [folder.read() for folder in self.folders()]


@asynccontextmanager
async def watching(
    pbx: Pbx, recordings: Path, *rules: dict[str, Any], stream_channel: ListenAddress | None = None
) -> AsyncIterator[Node]:
    """Tap calls by rules; whatever still runs at the end is ended at once."""
    parts = urlsplit(pbx.url)
    address = ListenAddress("ari", str(parts.hostname), int(parts.port or 0))
    plan = ListenPlan(
        (address, *([stream_channel] if stream_channel else [])),
        recordings,
        admit=lambda _: "no",
        new_playback=_play_nothing,
        fills_silence=False,
        format=None,
        most_calls=100,
        grace_s=0.0,
        keeper_patience_s=10.0,
        runtime_dir=None,
    )
    bus = RememberingBus()
    inbound = list_inbound(pbx.settings(recordings, watch=rules), plan.addresses)
    clock = asyncio.get_running_loop().time
    node = Node(Listener(plan, bus, clock=clock, inbound=inbound), recordings, bus)
    begun = asyncio.Event()
    running = asyncio.ensure_future(
        node.listener.run(node.addresses.__setitem__, on_begun=begun.set),
    )
    beginning = asyncio.ensure_future(begun.wait())
    await asyncio.wait([running, beginning], return_when=asyncio.FIRST_COMPLETED)
    beginning.cancel()
    try:
        if running.done():
            running.result()
        yield node
    finally:
        node.listener.stopping.set()
        await running


def _play_nothing() -> Playback | None:
    return None
