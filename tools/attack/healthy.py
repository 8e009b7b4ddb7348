"""Healthy calls, in a process of their own: `python -m tools.attack.healthy PORT REGISTER`; prints JSON.

They begin one after another, so that some come before the attack and some in the middle of it. REGISTER is HOST:PORT where each is registered
just before it comes, or `-`.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from urllib.request import urlopen
from uuid import UUID, uuid4

from streamer.simulator.audiosocket import Caller, run_callers
from streamer.simulator.caller import script_caller
from tools.bench.machine import show

CALLS = 10
EVERY_S = 1.5
SECONDS = 15
RATE = 8_000

PCM = random.Random(14).randbytes(RATE * SECONDS * 2)
"""What each of them says."""

LAST_END_S = EVERY_S * (CALLS - 1) + SECONDS


async def _call(number: int, port: int, register: str) -> dict[str, object]:
    await asyncio.sleep(number * EVERY_S)
    uuid = uuid4() if register == "-" else await asyncio.to_thread(_register, register)
    caller = Caller(script_caller(PCM, rate=RATE, name=f"healthy {number}"), uuid)
    (result,) = await run_callers([caller], host="127.0.0.1", port=port)
    return {
        "uuid": str(uuid),
        "ending": result.ending.name,
        "frames": result.frames_sent,
        "gap_s": result.returned.longest_gap_s,
        "late_s": result.lateness_s,
    }


def _register(address: str) -> UUID:
    with urlopen(f"http://{address}/register", timeout=5) as answer:
        return UUID(answer.read().decode())


async def _main(port: int, register: str) -> None:
    calls = [_call(number, port, register) for number in range(CALLS)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    show(json.dumps([r if isinstance(r, dict) else {"failed": repr(r)} for r in results]))


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2]))
