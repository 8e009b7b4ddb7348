"""Scripts played by the stand-in PBX over a real loopback socket into a real tap, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streamer.bus import Bus
from streamer.core.audio import Leg
from streamer.core.events import Event, LegAttached, Trouble
from streamer.media.wav import HEADER_SIZE
from streamer.recording.writer import Recording
from streamer.simulator.script import ChannelScript
from streamer.simulator.stream_channel import StreamChannelSimulator, open_simulator
from streamer.sources.stream_channel.address import Address
from streamer.sources.stream_channel.outgoing import StreamChannel
from streamer.tap.outbound import record_call
from streamer.tap.plan import TapPlan
from streamer.tap.tap import Stop, TapResult

PATIENCE_S = 180.0
"""Seconds after which a test that waits for something is broken, on a machine that is busy with others."""

LOOK_S = 0.02
"""Between two looks at what costs next to nothing to look at."""

SCAN_S = 0.1
"""Between two looks at all processes, or at a database."""

_FIRST_LOOK_S = 0.001


class VirtualClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class RememberingBus(Bus):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []

    def publish(self, event: Event) -> None:
        self.events.append(event)
        super().publish(event)

    def count(self, kind: type) -> int:
        return sum(isinstance(event, kind) for event in self.events)

    def troubles(self) -> str:
        return "\n".join(event.message for event in self.events if isinstance(event, Trouble))


@dataclass
class Replayed:
    result: TapResult
    recording: Recording
    simulator: StreamChannelSimulator
    events: list[Event]

    def pcm(self, leg: int = 0) -> bytes:
        return self.recording.paths[leg].read_bytes()[HEADER_SIZE:]


def plan_for(
    simulator: StreamChannelSimulator,
    recordings: Path,
    runtime_dir: Path,
    *,
    legs: Sequence[Leg] = (),
    **options,
) -> TapPlan:
    named = [Leg(f"leg{n}", script.name) for n, script in enumerate(simulator.scripts, start=1)]
    address = Address(f"ws://127.0.0.1:{simulator.port}/ws", **options)
    return TapPlan(
        StreamChannel(address), tuple(legs or named), recordings, None, 10.0, runtime_dir
    )


async def until(condition, *, every: float = LOOK_S) -> None:
    """Let the event loop and other processes run until `condition()` holds.

    What takes a few turns of the event loop is seen at once; what takes longer is looked for `every` so many seconds.
    """
    pause = _FIRST_LOOK_S
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(pause)
            pause = min(2 * pause, every)


async def replay(scripts: Sequence[ChannelScript], recordings: Path, runtime_dir: Path) -> Replayed:
    """Play each frame at its own virtual moment and wait until the tap has it."""
    clock = VirtualClock()
    simulator = StreamChannelSimulator([scripts], clock=clock)
    bus, made = RememberingBus(), list[Recording]()
    async with open_simulator(simulator, is_paced=False):
        plan = plan_for(simulator, recordings, runtime_dir)
        tap = asyncio.ensure_future(
            record_call(plan, bus, Stop(), clock=clock, on_recording=made.append)
        )
        await until(lambda: bus.count(LegAttached) == len(scripts) or tap.done())
        await play(simulator, scripts, clock, made[0])
        async with asyncio.timeout(PATIENCE_S):
            return Replayed(await tap, made[0], simulator, bus.events)


async def play(
    simulator: StreamChannelSimulator,
    scripts: Sequence[ChannelScript],
    clock: VirtualClock,
    recording: Recording,
) -> None:
    start = clock.now
    simulator.advance(clock.now)
    moments = {frame.at for script in scripts for frame in script.frames} | {
        script.ends_at for script in scripts
    }
    for moment in sorted(moments):
        clock.now = start + moment
        simulator.advance(clock.now)
        expected = [sum(frame.at <= moment for frame in script.frames) for script in scripts]
        await until(lambda expected=expected: [leg.frames for leg in recording.legs] >= expected)
