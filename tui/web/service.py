"""A tab as its server sees it: a process that draws for one websocket, and ends with it.

Beside Textual's own packets a tab sends `{"type": "opened", "call": ID}` when its user has opened a call, and gets
`{"type": "trouble", "call": ID|null, "message": TEXT}` for a trouble of the backend. A browser can cause neither. Where the tab is goes to
the browser as `["place", {"address": TEXT, "title": TEXT, …}]`, and where it is to go comes from there as `["place", ADDRESS]`.
`["listen", {"call": ID, "position": SECONDS|null}]` has the browser play the call.
"""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from streamer.core.events import Trouble
from tui.web.plan import Opening
from tui.web.spare import SpareTab

_PARTING_S = 1.0
"""How long a tab may take to end by itself."""

_CHUNK = 65536

_LARGEST = 500
"""Columns and rows of a tab at most."""


class TabService(AppService):
    """Takes a process for a tab, carries what goes between it and its browser, and ends it."""

    def __init__(
        self,
        spare: SpareTab,
        websocket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        download_manager: DownloadManager,
        on_opened: Callable[[TabService, str], None],
    ) -> None:
        super().__init__(
            "",
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=lambda: _close(websocket),
            download_manager=download_manager,
        )
        self._websocket = websocket
        self._transport = transport
        self._spare = spare
        self._on_opened = on_opened
        self._address = ""
        self._ending: asyncio.Future[None] | None = None

    async def open(self, width: int, height: int, address: str) -> None:
        """Have a process draw what is at an address, at a size that can be drawn."""
        self._address = address
        await self.start(_clamp(width), _clamp(height))

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        self._process = await self._spare.take(Opening(width, height, self._address))
        assert self._process.stdin is not None
        self._stdin = self._process.stdin
        return self._process

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Tell the process its size, if it can be drawn."""
        await super().set_terminal_size(_clamp(width), _clamp(height))

    def send_trouble(self, trouble: Trouble) -> None:
        """Let the tab show a trouble; one that has ended is left alone."""
        packet = {"type": "trouble", "call": trouble.call_id, "message": trouble.message}
        with suppress(RuntimeError, OSError):
            self.stdin.write(self.encode_packet(b"M", json.dumps(packet).encode()))

    async def go_to(self, address: str) -> None:
        """Have the tab show what an address names."""
        await self.send_meta({"type": "go", "address": address})

    async def on_meta(self, data: bytes) -> None:
        """Take what the tab says of itself."""
        packet = json.loads(data)
        if packet.get("type") == "opened":
            self._on_opened(self, str(packet["call"]))
        elif packet.get("type") in ("place", "listen"):
            await self.remote_write_str(json.dumps([packet["type"], packet]))
        else:
            await super().on_meta(data)

    async def run(self) -> None:
        """Carry what the process says, until it ends or its browser has gone."""
        with suppress(ConnectionError):
            await super().run()
        with suppress(ConnectionError):
            await self.remote_close()  # also where it was killed, and so could not say that it ends

    async def stop(self) -> None:
        """End the process, by force if it does not end by itself; idempotent."""
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._end())
        await asyncio.shield(self._ending)

    async def hang_up(self) -> None:
        """End the process and its websocket, with or without the browser's answer; idempotent."""
        await self.stop()
        try:
            async with asyncio.timeout(_PARTING_S):
                await self._websocket.close()
        except TimeoutError:
            if self._transport is not None:
                self._transport.abort()

    async def _end(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_PARTING_S):
                await super().stop()
        if self._process is None:
            return
        try:
            async with asyncio.timeout(_PARTING_S):
                await _see_off(self._process)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await _see_off(self._process)


async def _see_off(process: Process) -> None:
    """Wait for a process; what it has still to say is read, since it cannot end while it stands in a write."""
    assert process.stdout
    while await process.stdout.read(_CHUNK):
        pass
    await process.wait()


async def _close(websocket: web.WebSocketResponse) -> None:
    await websocket.close()


def _clamp(size: int) -> int:
    return max(1, min(int(size), _LARGEST))
