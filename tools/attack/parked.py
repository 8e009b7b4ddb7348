"""Peers whose calls are stopped, and that stay: the keeper has them, while it may open hardly any more files."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
from pathlib import Path
from uuid import UUID, uuid4

from streamer.recording.folder import CallFolder
from streamer.wire.audiosocket import encode_audio, encode_identifier
from tools.attack.sockets import close_all, connect, read_away, send
from tools.attack.target import Attack, Target

PEERS = 600
EVERY_S = 1 / 40
"""Seconds between two of them, which no limit on connections minds."""

KEEPER_FILES = 64
STOP_EVERY_S = 0.5
_SPEECH = encode_audio(bytes(320), 8_000) * 10


async def run(target: Target, did: dict[str, int]) -> None:
    """Park one peer after another."""
    keeper = target.keeper()
    assert keeper is not None, "there is no keeper"
    _, most = resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE, (KEEPER_FILES, most))
    did["files that the keeper may open"] = KEEPER_FILES
    parked: list[socket.socket] = []
    uuids: set[UUID] = set()
    stopping = asyncio.ensure_future(_stop(target.recordings, uuids, did))
    try:
        for number in range(1, PEERS + 1):
            sock = await connect("127.0.0.1", target.port)
            if sock is not None:
                parked.append(sock)
                uuids.add(uuid := uuid4())
                await send(sock, encode_identifier(uuid) + _SPEECH)
            did["peers that stay"] = number
            await asyncio.sleep(EVERY_S)
            for one in parked:
                read_away(one)
        await asyncio.Event().wait()
    finally:
        stopping.cancel()
        close_all(parked)


async def _stop(recordings: Path, uuids: set[UUID], did: dict[str, int]) -> None:
    """Stop the calls of our peers, as `streamer stop` does."""
    seen: set[Path] = set()
    while True:
        _stop_new(recordings, uuids, seen)
        did["calls seen"] = len(seen)
        await asyncio.sleep(STOP_EVERY_S)


def _stop_new(recordings: Path, uuids: set[UUID], seen: set[Path]) -> None:
    for path in set(recordings.glob("*/call.json")) - seen:
        seen.add(path)
        if UUID(json.loads(path.read_text())["facts"]["uuid"]) in uuids:
            CallFolder(path.parent).request_stop()


ATTACK = Attack(run)
