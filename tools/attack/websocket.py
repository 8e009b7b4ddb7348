"""Peers of the WebSocket's port that do what no PBX should: half upgrades, guesses, floods of every kind of frame, bombs of JSON."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping

from websockets.frames import Frame, Opcode

from tools.attack.sockets import SOURCES, connect, read_away, send
from tools.attack.target import Attack, Target

PEERS_EACH = 2
PIECE = 1 << 14
MOST_BYTES = 1 << 28
"""What each peer sends at most."""

MOST_SHORT = 10_000
"""Connections that ask for little."""

AT_ONCE = 4
_UPGRADE = (
    b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n%b\r\n"
)
_SHORT: Mapping[str, bytes] = {
    "half upgrades": b"GET /media HTTP/1.1\r\nUpgrade: websocket\r\n",
    "wrong sub-protocols": _UPGRADE % (b"/", b"Sec-WebSocket-Protocol: chat\r\n"),
    "guesses": _UPGRADE % (b"/media", b"Authorization: Bearer guess\r\n"),
    "frames of 1 GB": _UPGRADE % (b"/media", b"")
    + b"\x82\xff"
    + (1 << 30).to_bytes(8, "big")
    + bytes(4),
}


def _frame(opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


_BEGIN = _frame(Opcode.TEXT, b"MEDIA_START channel:bad channel_id:bad format:slin16")
_DEEP = ('{"a":' + "[" * 50_000 + "]" * 50_000 + "}").encode()
_WIDE = json.dumps(dict.fromkeys(map(str, range(10_000)), 0)).encode()
_FLOODS: tuple[bytes, ...] = (
    _frame(Opcode.TEXT, b"x"),
    _frame(Opcode.PING),
    _frame(Opcode.BINARY),
    _frame(Opcode.TEXT, _DEEP),
    _frame(Opcode.TEXT, _WIDE),
    _frame(Opcode.CONT, fin=False),
)


async def run(target: Target, did: dict[str, int]) -> None:
    """Do all of it at once."""
    did |= dict.fromkeys((*_SHORT, "bytes of floods"), 0)
    async with asyncio.TaskGroup() as group:
        for what in _SHORT:
            for _ in range(AT_ONCE):
                group.create_task(_ask(target, what, did))
        for flood in _FLOODS * PEERS_EACH:
            group.create_task(_flood(target, flood, did))


async def _ask(target: Target, what: str, did: dict[str, int]) -> None:
    """Connect again and again, from one address after another, and leave after a while."""
    host, port = target.addresses["websocket"]
    for number in range(MOST_SHORT // AT_ONCE):
        sock = await connect(host, port, source=SOURCES[number % len(SOURCES)])
        if sock is not None:
            with sock:
                await send(sock, _SHORT[what])
                did[what] += 1
                await asyncio.sleep(0.02)
                read_away(sock)


async def _flood(target: Target, flood: bytes, did: dict[str, int]) -> None:
    sock = await connect(*target.addresses["websocket"])
    if sock is None:
        return
    with sock:
        # It leaves with a reset, and does not wait for what is in its own buffers.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        first = _frame(Opcode.TEXT, fin=False) if flood == _FLOODS[-1] else b""
        await send(sock, _UPGRADE % (b"/media", b"") + _BEGIN + first)
        piece = flood * max(1, PIECE // len(flood))
        for _ in range(MOST_BYTES // len(piece)):
            if not await send(sock, piece):
                return
            did["bytes of floods"] += len(piece)
            read_away(sock)
            await asyncio.sleep(0.01)


ATTACK = Attack(run, flags=("--accept-unknown", "--websocket", "127.0.0.1:0"), listeners=2)
