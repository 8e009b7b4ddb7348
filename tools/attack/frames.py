"""Callers that send tiny frames as fast as they can: digits, frames of kind 0x02, unknown kinds, audio without samples, errors."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from streamer.wire.audiosocket import encode_identifier
from tools.attack.sockets import connect, read_away, send
from tools.attack.target import Attack, Target

TINY = (b"\x03\x00\x015", b"\x02\x00\x00", b"\x77\x00\x00", b"\x10\x00\x00", b"\xff\x00\x00")
PEERS_EACH = 8
PIECE = 1 << 13
MOST_FRAMES = 20_000_000
"""Frames of each peer, which ends by itself then."""


async def run(target: Target, did: dict[str, int]) -> None:
    """Flood with every kind at once."""
    did["callers"] = PEERS_EACH * len(TINY)
    did["tiny frames"] = 0
    async with asyncio.TaskGroup() as group:
        for tiny in TINY * PEERS_EACH:
            group.create_task(_flood(target, tiny, did))


async def _flood(target: Target, tiny: bytes, did: dict[str, int]) -> None:
    sock = await connect("127.0.0.1", target.port)
    if sock is None:
        return
    with sock:
        await send(sock, encode_identifier(uuid4()))
        count = PIECE // len(tiny)
        for _ in range(MOST_FRAMES // count):
            if not await send(sock, tiny * count):
                return
            did["tiny frames"] += count
            read_away(sock)
            await asyncio.sleep(0.01)


ATTACK = Attack(run)
