"""A healthy tab of `watch --web`, in a process of its own: `python -m tools.attack.tab SECONDS`, with the link on stdin; prints JSON.

It comes in as a browser does, by the link and then by its websocket, tries again like a user who reloads the page, opens the call that
stands first in the list, and notes how long nothing was drawn.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass

import aiohttp
from yarl import URL

from tools.bench.machine import show

PATIENCE_S = 5.0
"""How long a user waits before reloading the page."""

_ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[A-Za-z$]")


@dataclass
class Seen:
    """What the tab's user has seen, in seconds."""

    reloads: int = -1
    opened_s: float = 0.0
    """From the first try to the list of calls."""
    gap_s: float = 0.0
    """The longest time without anything new on the open call's screen, whose clock goes on every second."""
    has_call: bool = False
    is_whole: bool = False
    """It was open until its time was over."""


async def _use(link: URL, seconds: float) -> Seen:
    seen, began = Seen(), time.monotonic()
    ends_at = began + seconds
    while not seen.has_call and time.monotonic() < ends_at:
        seen.reloads += 1
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            await _visit(link, seen, began, ends_at)
    return seen


async def _visit(link: URL, seen: Seen, began: float, ends_at: float) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    origin = str(link.origin())
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        async with asyncio.timeout(PATIENCE_S):
            async with session.get(link) as page:
                page.raise_for_status()
            websocket = await session.ws_connect(
                f"{origin}/ws?width=100&height=30", headers={"Origin": origin}
            )
        async with websocket:
            await _open_call(websocket)
            seen.has_call, seen.opened_s = True, time.monotonic() - began
            await _look(websocket, seen, ends_at)


async def _open_call(websocket: aiohttp.ClientWebSocketResponse) -> None:
    drawn = b""
    async with asyncio.timeout(PATIENCE_S):
        while b" live" not in _ESCAPES.sub(b"", drawn):
            drawn += await _receive(websocket)
    await websocket.send_json(["stdin", "\r"])


async def _receive(websocket: aiohttp.ClientWebSocketResponse) -> bytes:
    message = await websocket.receive()
    if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
        raise aiohttp.ClientError("the server has closed the tab")
    return message.data if message.type is aiohttp.WSMsgType.BINARY else b""


async def _look(websocket: aiohttp.ClientWebSocketResponse, seen: Seen, ends_at: float) -> None:
    drawn_at = time.monotonic()
    with suppress(TimeoutError):
        async with asyncio.timeout(ends_at - drawn_at):
            while True:
                await _receive(websocket)
                seen.gap_s = max(seen.gap_s, time.monotonic() - drawn_at)
                drawn_at = time.monotonic()
    seen.gap_s = max(seen.gap_s, time.monotonic() - drawn_at)
    seen.is_whole = True


if __name__ == "__main__":
    link = URL(sys.stdin.readline().strip())
    show(json.dumps(asdict(asyncio.run(_use(link, float(sys.argv[1]))))))
