"""Half requests that hold every connection, thousands of registrations of calls that never come, and a web page's requests."""

from __future__ import annotations

import asyncio
import socket

from tools.attack.sockets import close_all, connect, send
from tools.attack.target import Attack, Target

HALF_REQUESTS = 100
AT_ONCE = 4
MOST_REQUESTS = 12_000
_WHOLE = b"GET /register HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_OF_A_PAGE = b"GET /register HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://page.example\r\n\r\n"
_HALF = b"GET /register HTTP/1.1\r\nHost: 127.0.0.1\r\n"


async def run(target: Target, did: dict[str, int]) -> None:
    """Do all of it at once."""
    did["half requests"] = did["registrations"] = did["of a page that were let in"] = 0
    async with asyncio.TaskGroup() as group:
        group.create_task(_hold(target, did))
        for _ in range(AT_ONCE):
            group.create_task(_register(target, did))


async def _hold(target: Target, did: dict[str, int]) -> None:
    """Keep half requests open, and make those again that are hung up on."""
    held: list[socket.socket] = []
    try:
        while True:
            sock = await connect(*target.addresses["registration"])
            if sock is not None:
                held.append(sock)
                await send(sock, _HALF)
                did["half requests"] += 1
            if len(held) > HALF_REQUESTS:
                held.pop(0).close()
                await asyncio.sleep(0.02)
    finally:
        close_all(held)


async def _register(target: Target, did: dict[str, int]) -> None:
    for number in range(MOST_REQUESTS // AT_ONCE):
        is_of_a_page = number % 50 == 0
        answer = await _ask(target, _OF_A_PAGE if is_of_a_page else _WHOLE)
        did["registrations"] += b" 200 " in answer
        did["of a page that were let in"] += is_of_a_page and b" 200 " in answer
    await asyncio.Event().wait()


async def _ask(target: Target, request: bytes) -> bytes:
    sock = await connect(*target.addresses["registration"])
    if sock is None:
        return b""
    with sock:
        if not await send(sock, request):
            return b""
        try:
            return await asyncio.get_running_loop().sock_recv(sock, 4096)
        except OSError:
            return b""


ATTACK = Attack(run, flags=(), registers=True)
