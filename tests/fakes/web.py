"""`streamer watch --web` as a process, and tabs without a browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil
from yarl import URL

from tests.fakes.recorder import start_streamer
from tests.fakes.replay import PATIENCE_S, until

TAB = "tui.web.tab"
_DRAWS = "streamer-tab"
"""What a tab's process calls itself once a browser has it."""

_ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[A-Za-z$]")


@dataclass
class WebServer:
    """A server that has printed its link."""

    process: asyncio.subprocess.Process
    link: URL

    @property
    def origin(self) -> str:
        return str(self.link.origin())

    @property
    def cookies(self) -> dict[str, str]:
        return {f"streamer-{self.link.port}": self.link.query["token"]}

    def count(self, module: str) -> int:
        return len(self.processes(module))

    def processes(self, module: str) -> list[psutil.Process]:
        """Return the running processes below the server that run a module, without the one that is ready for the next tab."""
        found = self._find(module)
        return (
            [process for process in found if _name(process) == _DRAWS] if module == TAB else found
        )

    def spares(self) -> list[psutil.Process]:
        """Return the process that is ready for the next tab, or becomes it."""
        return [process for process in self._find(TAB) if _name(process) not in (_DRAWS, "")]

    def _find(self, module: str) -> list[psutil.Process]:
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if module in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                    found.append(child)
        return found

    async def ends(self) -> tuple[int, str, str]:
        """Wait for its end; what it says only because the machine is busy is left out of stderr."""
        async with asyncio.timeout(PATIENCE_S):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        lines = err.decode().splitlines(keepends=True)
        said = "".join(line for line in lines if not line.endswith("; please wait\n"))
        return self.process.returncode, out.decode(), said

    @asynccontextmanager
    async def open_tab(self, *, columns: int = 100, rows: int = 30) -> AsyncIterator[Tab]:
        """Open a tab as a browser does that has the cookie."""
        async with (
            aiohttp.ClientSession(self.origin, cookies=self.cookies) as session,
            session.ws_connect(
                f"/ws?width={columns}&height={rows}", headers={"Origin": self.origin}
            ) as websocket,
        ):
            tab = Tab(websocket)
            reading = asyncio.ensure_future(tab.read())
            try:
                yield tab
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)


def _name(process: psutil.Process) -> str:
    """Return what a process calls itself, empty once it has gone."""
    with suppress(psutil.NoSuchProcess):
        return process.name()
    return ""


class Tab:
    """A terminal that has no browser around it."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self.drawn = b""
        self.has_ended = False
        self._websocket = websocket

    async def read(self) -> None:
        async for message in self._websocket:
            if message.type is aiohttp.WSMsgType.BINARY:
                self.drawn += message.data
        self.has_ended = True

    async def type(self, keys: str) -> None:
        await self._websocket.send_json(["stdin", keys])

    async def send(self, text: str) -> None:
        await self._websocket.send_str(text)

    @property
    def plain(self) -> str:
        return _ESCAPES.sub(b"", self.drawn).decode("utf-8", "replace")

    async def shows(self, text: str, since: int = 0) -> None:
        try:
            await until(lambda: text in self.plain[since:])
        except TimeoutError:
            raise AssertionError(f"{text!r} is not in {self.plain[since:]!r}") from None


@asynccontextmanager
async def web_server(*arguments: str, recordings: Path, **options) -> AsyncIterator[WebServer]:
    """Start `streamer watch --web` and wait for its link."""
    flags = ["--web", "--port", "0", "--recordings", str(recordings)]
    process = await start_streamer(["watch", *arguments, *flags], **options)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await process.stdout.readline()
        assert line, (await process.communicate())[1]
        yield WebServer(process, URL(line.decode().strip()))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
