"""Connections that say nothing, from the PBX's own address and from others, more than the listener may open files."""

from __future__ import annotations

import asyncio
import socket

from tools.attack.sockets import close_all, connect
from tools.attack.target import Attack, Target

SOURCES = tuple(f"127.0.0.{n}" for n in range(1, 9))
MOST_OPEN = 2_400
ROUND_S = 0.25
A_ROUND = 12
"""Connections of each address in that time, about as many as it may make."""


async def run(target: Target, did: dict[str, int]) -> None:
    """Keep as many connections open as there can be; whichever is closed is made again."""
    crowd: list[socket.socket] = []
    did["addresses"], did["idle connections"] = len(SOURCES), 0
    try:
        while True:
            made = [
                connect("127.0.0.1", target.port, source=s) for s in SOURCES for _ in range(A_ROUND)
            ]
            crowd += [sock for sock in await asyncio.gather(*made) if sock is not None]
            did["idle connections"] += len(made)
            close_all(crowd[:-MOST_OPEN])
            crowd = crowd[-MOST_OPEN:]
            await asyncio.sleep(ROUND_S)
    finally:
        close_all(crowd)


ATTACK = Attack(run, most_files=512)
