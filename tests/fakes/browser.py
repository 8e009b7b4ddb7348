"""A headless Chromium, driven over its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.fakes.replay import PATIENCE_S, until

NAMES = ("chromium", "chromium-browser", "google-chrome")

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # which the tests' user may not be allowed to set up
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",  # keys that are sent over DevTools are no gestures
    "--disable-background-networking",
    "--remote-debugging-port=0",
    "--window-size=1000,640",
)

_ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[A-Za-z$]|\x1b\][^\x07]*\x07")


def find_chromium() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One tab of the browser; `drawn` is what its websocket got for the terminal, `requested` where it went."""

    def __init__(self, devtools: ClientConnection, session: str, numbers: itertools.count[int]):
        self.drawn = b""
        self.requested: list[str] = []
        self.errors: list[str] = []
        self._devtools = devtools
        self._session = session
        self._numbers = numbers
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]]
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": parameters}
        session = {"sessionId": self._session} if self._session else {}
        await self._devtools.send(json.dumps({**message, **session}))
        return await answer

    def take(self, message: dict[str, Any]) -> None:
        if (answer := self._answers.pop(message.get("id", 0), None)) is not None:
            answer.set_result(message.get("result", {}))
        parameters = message.get("params", {})
        match message.get("method"):
            case "Network.webSocketFrameReceived":
                frame = parameters["response"]
                if frame["opcode"] == 2:
                    self.drawn += base64.b64decode(frame["payloadData"])
            case "Network.requestWillBeSent":
                self.requested.append(parameters["request"]["url"])
            case "Network.webSocketCreated":
                self.requested.append(parameters["url"])
            case "Runtime.exceptionThrown":
                self.errors.append(json.dumps(parameters["exceptionDetails"]))
            case "Log.entryAdded" if parameters["entry"]["level"] == "error":
                self.errors.append(parameters["entry"]["text"])

    async def open(self, url: str) -> None:
        await self.call("Page.navigate", url=url)

    async def evaluate(self, expression: str) -> Any:
        """Return what JavaScript says, or promises; None while a page is being left."""
        answer = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        return answer.get("result", {}).get("value")

    async def type(self, keys: str) -> None:
        for key in keys:
            await self.call("Input.dispatchKeyEvent", type="char", text=key)

    async def press_tab(self, *, backwards: bool = False) -> None:
        """Press a key that a page may leave to the browser."""
        key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
        for kind in ("rawKeyDown", "keyUp"):
            await self.call(
                "Input.dispatchKeyEvent", type=kind, modifiers=8 if backwards else 0, **key
            )

    async def allow_clipboard(self) -> None:
        """Let pages do what a user's click would allow."""
        wanted = ["clipboardReadWrite", "clipboardSanitizedWrite"]
        await self.call("Browser.grantPermissions", permissions=wanted)

    @property
    def plain(self) -> str:
        return _ESCAPES.sub(b"", self.drawn).decode("utf-8", "replace")

    async def shows(self, text: str, since: int = 0) -> None:
        try:
            await self.waits_for(lambda: text in self.plain[since:])
        except TimeoutError:
            raise AssertionError(f"{text!r} is not in {self.plain[since:]!r}") from None

    async def waits_for(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - what is waited for happens in the browser
                await asyncio.sleep(0.01)

    async def becomes(self, expression: str, value: object) -> None:
        """Wait until JavaScript says so; while a page is being left it says nothing."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.evaluate(expression) != value:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)

    async def picture(self) -> bytes:
        """Return what is to be seen, as a PNG."""
        shown = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(shown["data"])


class Browser:
    """A browser in a profile of its own."""

    def __init__(self, devtools: ClientConnection) -> None:
        self._devtools = devtools
        self._numbers = itertools.count(1)
        self._root = Page(devtools, "", self._numbers)
        self._pages: dict[str, Page] = {}

    async def read(self) -> None:
        async for text in self._devtools:
            message = json.loads(text)
            self._pages.get(message.get("sessionId", ""), self._root).take(message)

    async def open_page(self) -> Page:
        target = await self._root.call("Target.createTarget", url="about:blank")
        attached = await self._root.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        page = Page(self._devtools, attached["sessionId"], self._numbers)
        self._pages[attached["sessionId"]] = page
        for domain in ("Page", "Network", "Runtime", "Log"):
            await page.call(f"{domain}.enable")
        return page


@asynccontextmanager
async def open_browser(profile: Path) -> AsyncIterator[Browser]:
    """Start a browser with nothing in it while the block lasts."""
    chromium = find_chromium()
    assert chromium
    process = await asyncio.create_subprocess_exec(
        chromium,
        *FLAGS,
        f"--user-data-dir={profile}",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with connect(
            await _find_address(profile), compression=None, max_size=None
        ) as devtools:
            browser = Browser(devtools)
            reading = asyncio.ensure_future(browser.read())
            try:
                yield browser
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _find_address(profile: Path) -> str:
    """Return where the browser says that it can be driven."""
    file = profile / "DevToolsActivePort"
    lines: list[str] = []

    def is_said() -> bool:
        if file.exists():
            lines[:] = file.read_text().splitlines()
        return len(lines) == 2

    await until(is_said)
    port, path = lines
    return f"ws://127.0.0.1:{port}{path}"
