"""A call of the stand-in PBX, watched by a real `watch`, to which things happen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamer.core.audio import SAMPLE_WIDTH, SLIN16_RATE
from streamer.recording.folder import CallFolder
from streamer.simulator.script import script_pcm
from streamer.simulator.stream_channel import StreamChannelSimulator, open_simulator
from tools.played import LABELS, play_tracks
from tools.processes import end, recordings_of, start_streamer, until

BYTES_PER_S = SLIN16_RATE * SAMPLE_WIDTH
BEGIN_S = 30.0
END_S = 60.0
"""How long after the call's end its last word may be awaited."""


@dataclass
class Viewer:
    """A command that prints events as JSON, and those that it has printed."""

    process: asyncio.subprocess.Process
    events: list[dict[str, Any]] = field(default_factory=list)

    async def read(self) -> None:
        """Take its events until its stdout ends; a line that a kill has cut was not published."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            if line.endswith(b"\n"):
                self.events.append(json.loads(line))

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Return its events of a kind."""
        return [event for event in self.events if event["event"] == kind]


@asynccontextmanager
async def viewing(*arguments: str, folder: Path, **options: Any) -> AsyncIterator[Viewer]:
    """Run a command that prints events, until the block ends."""
    viewer = Viewer(await start_streamer(*arguments, "--json", folder=folder, **options))
    reading = asyncio.ensure_future(viewer.read())
    try:
        yield viewer
    finally:
        await end(viewer.process)
        await reading


@dataclass
class WatchedCall:
    """A call that is played once somebody watches it, and what was sent of it."""

    folder: Path
    tracks: tuple[bytes, ...]
    pbx: StreamChannelSimulator

    @property
    def arguments(self) -> list[str]:
        """What `watch` and `record` are to be told."""
        legs = [f"{leg}={s.name}" for leg, s in zip(LABELS, self.pbx.scripts, strict=True)]
        return [*legs, "--url", f"ws://127.0.0.1:{self.pbx.port}/ws"]

    @property
    def sent_s(self) -> float:
        """Seconds of each leg that the PBX has sent by now."""
        return self.pbx.bytes_written / len(self.tracks) / BYTES_PER_S

    @property
    def call_folder(self) -> CallFolder:
        """Where it is recorded."""
        (path,) = recordings_of(self.folder).glob("*/call.json")
        return CallFolder(path.parent)

    async def has_begun(self) -> None:
        """Wait for its first sound."""
        await until(lambda: self.pbx.bytes_written > 0, BEGIN_S)

    async def has_spoken(self, seconds: float) -> None:
        """Wait until so much of it has been sent."""
        await until(lambda: self.sent_s >= seconds, BEGIN_S + seconds)

    async def has_ended(self) -> None:
        """Wait until it is over and recorded."""
        await until(self.pbx.over.is_set, BEGIN_S + len(self.tracks[0]) / BYTES_PER_S)
        await until(lambda: not self.call_folder.is_live(), END_S)


@asynccontextmanager
async def playing(folder: Path, seconds: float) -> AsyncIterator[WatchedCall]:
    """Have a stand-in PBX play the beginning of the bundled call."""
    tracks = play_tracks(seconds)
    scripts = [
        script_pcm(pcm, name=f"Fault/call;{n}", unique_id=f"fault.{n}")
        for n, pcm in enumerate(tracks, start=1)
    ]
    pbx = StreamChannelSimulator([scripts])
    async with open_simulator(pbx):
        yield WatchedCall(folder, tracks, pbx)
