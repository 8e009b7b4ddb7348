"""A process of its own for the stand-in for ARI: `python -m tools.bench.ari_pbx`.

It prints its port, answers a call for each line `call` and hangs all up at `end`; then it prints when each channel was answered and first
asked about, by the clock that all processes of a machine share, and its CPU time.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import time

from streamer.core.audio import SLIN16_RATE
from streamer.simulator.ari.calls import SimulatedCall
from streamer.simulator.ari.server import SimulatedAri
from streamer.simulator.ari.sound import Speech
from tools.bench.machine import pin, show

_FIRST = 1_000


class _Asked(list[tuple[str, str]]):
    """What was asked; `first` says when each channel was first asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.first: dict[str, float] = {}

    def append(self, request: tuple[str, str]) -> None:
        parts = request[1].split("/")
        if len(parts) > 2 and parts[1] == "channels":
            self.first.setdefault(parts[2], time.monotonic())


async def _serve() -> None:
    ari = SimulatedAri()
    ari.requests = asked = _Asked()
    answered: dict[str, float] = {}
    calls: list[SimulatedCall] = []
    voice = Speech(random.Random(1).randbytes(SLIN16_RATE * 2), repeats=True)
    async with ari.open("127.0.0.1", 0) as port:
        show(str(port))
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        async for line in reader:
            if line.strip() != b"call":
                break
            number = _FIRST + 2 * len(calls)
            call = ari.pbx.start_call(
                str(number), str(number + 1), codec="g722", voices=(voice, voice)
            )
            now = time.monotonic()
            answered |= {call.caller["name"]: now, call.called["name"]: now}
            call.answer()
            calls.append(call)
        first = {one["name"]: asked.first.get(id) for id, one in ari.pbx.channels.items()}
        for call in calls:
            call.hang_up()
        await reader.read()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = usage.ru_utime + usage.ru_stime
    show(json.dumps({"answered": answered, "asked": first, "cpu_s": cpu_s}))


if __name__ == "__main__":
    pin(1)
    asyncio.run(_serve())
