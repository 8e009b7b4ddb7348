"""A process of its own for the stand-in PBX: `python -m tools.bench.pbx CHANNELS SECONDS`.

It prints its port, plays every channel once from its first client on, and prints what it saw as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys

from streamer.core.audio import SLIN16_RATE
from streamer.simulator.script import script_pcm
from streamer.simulator.stream_channel import StreamChannelSimulator, open_simulator
from tools.bench.machine import pin, show


def channel_name(number: int) -> str:
    """Name the channels as the load's clients expect them."""
    return f"Load/{number}"


def noise(seconds: float) -> bytes:
    """Return slin16 noise, the same each time."""
    return random.Random(1).randbytes(int(seconds * SLIN16_RATE) * 2)


async def _serve(channels: int, seconds: float) -> None:
    scripts = [
        script_pcm(noise(seconds), name=channel_name(n), unique_id=f"load-{n}")
        for n in range(channels)
    ]
    # One group a channel: each plays from its own client's arrival on.
    simulator = StreamChannelSimulator(
        [[script] for script in scripts], session_limit=channels + 10
    )
    async with open_simulator(simulator):
        show(str(simulator.port))
        async with asyncio.timeout(seconds + 120):
            await simulator.over.wait()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        show(
            json.dumps(
                {"reports": len(simulator.reports), "cpu_s": usage.ru_utime + usage.ru_stime}
            )
        )


if __name__ == "__main__":
    pin(1)
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
