"""A tap through ARI, in this process, of calls of the stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamer.cli.legs import parse_legs
from streamer.config import Settings
from streamer.core.events import LegAttached
from streamer.media.wav import HEADER_SIZE
from streamer.recording.folder import CallFolder
from streamer.recording.writer import Recording
from streamer.simulator.ari.server import PASSWORD, USER, SimulatedAri
from streamer.tap.outbound import record_call
from streamer.tap.plan import plan_tap
from streamer.tap.tap import Stop, TapResult
from streamer.wire.ari.ids import PREFIX
from tests.fakes.replay import PATIENCE_S, RememberingBus, until

PHRASE = bytes(range(256)) * 5
"""What a party says again and again: two frames of 16 kHz."""

OTHER = bytes(reversed(range(256))) * 5


@dataclass
class Pbx:
    """The stand-in, and how to ask it."""

    ari: SimulatedAri
    url: str

    def settings(self, recordings: Path, **more: Any) -> Settings:
        access = {"ari_url": self.url, "ari_user": USER, "ari_password": PASSWORD}
        return Settings(recordings=str(recordings), **{**access, **more})

    def left(self) -> list[str]:
        """Return what is there of ours."""
        return self.ari.list_left(PREFIX)


@asynccontextmanager
async def open_pbx() -> AsyncIterator[Pbx]:
    ari = SimulatedAri()
    async with ari.open("127.0.0.1", 0) as port:
        yield Pbx(ari, f"http://127.0.0.1:{port}")


@dataclass
class Run:
    """A recording that goes on, or has ended."""

    task: asyncio.Task[TapResult]
    bus: RememberingBus
    stop: Stop
    made: list[Recording] = field(default_factory=list)

    @property
    def recording(self) -> Recording:
        return self.made[0]

    def events(self, kind: type) -> list[Any]:
        return [event for event in self.bus.events if isinstance(event, kind)]

    def legs(self) -> list[dict[str, Any]]:
        return list(CallFolder(self.recording.folder).read()["legs"])

    def pcm(self, leg: int) -> bytes:
        return self.recording.paths[leg].read_bytes()[HEADER_SIZE:]

    async def until_attached(self, *labels: str) -> None:
        """Wait until these legs, and no others, are tapped."""
        await until(lambda: self._attached() == set(labels) or self.task.done())
        assert self._attached() == set(labels)

    async def until_heard(self, leg: int, frames: int = 5) -> None:
        """Wait until a leg has brought some more frames."""
        wanted = self.recording.legs[leg].frames + frames
        await until(lambda: self.recording.legs[leg].frames >= wanted or self.task.done())

    async def until_heard_from_all(self, legs: int) -> None:
        """Wait until so many legs have brought a frame."""
        await until(
            lambda: (
                self.task.done()
                or (self.made and [leg.frames > 0 for leg in self.recording.legs] == [True] * legs)
            )
        )

    async def result(self) -> TapResult:
        async with asyncio.timeout(PATIENCE_S):
            return await self.task

    def _attached(self) -> set[str]:
        return {event.leg.label for event in self.bus.events if isinstance(event, LegAttached)}


@asynccontextmanager
async def recording(settings: Settings, *channels: str) -> AsyncIterator[Run]:
    """Record the call of channels; what still runs at the end is stopped."""
    bus, stop, made = RememberingBus(), Stop(), list[Recording]()
    plan = plan_tap(settings, tuple(parse_legs(list(channels))))
    task = asyncio.ensure_future(record_call(plan, bus, stop, on_recording=made.append))
    try:
        yield Run(task, bus, stop, made)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
