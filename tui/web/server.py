"""What is served: textual-serve's page and websocket, behind `Access`, with nothing that is loaded from elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp_jinja2
from aiohttp import WSMessage, WSMsgType, web
from textual_serve.server import Server, to_int

from streamer.core.events import Trouble
from streamer.recording.folder import is_call_id
from tui.web.access import HOST, KEPT, Access, harden
from tui.web.listening import Listening
from tui.web.service import TabService
from tui.web.spare import SpareTab
from tui.web.strangers import Strangers

_HERE = Path(__file__).parent
_HEARTBEAT_S = 15.0
_CLOSING_S = 1.0
"""How long a browser may take to say that it has heard of the end."""
_FONT_SIZES = (8, 40)
_BACKLOG = 128
_ACCEPTS_A_TURN = 8
"""Connections that are taken in a turn of the loop, before the strangers that must make room for them are closed."""

_LONGEST_ADDRESS = 200
_OPENS = b"this.terminal.open(e)"

MOST_TABS = 50
"""Each is a process of 60 MB."""

_log = logging.getLogger(__name__)


class _Websocket(web.WebSocketResponse):
    """Gives places to `go_to`, and all other messages to textual-serve."""

    go_to: Callable[[str], Awaitable[None]]

    async def __anext__(self) -> WSMessage:
        while True:
            message = await super().__anext__()
            match message.json() if message.type is WSMsgType.TEXT else None:
                case ["place", str(address)]:
                    await self.go_to(address[:_LONGEST_ADDRESS])
                case _:
                    return message


class TabServer(Server):
    """Serves tabs that `command` starts.

    `recordings` is where calls can be listened to. `on_tab` gets each tab, `on_opened` also the id of each call that is opened in it.
    """

    def __init__(
        self,
        command: str,
        access: Access,
        *,
        recordings: Path,
        on_tab: Callable[[TabService], None],
        on_opened: Callable[[TabService, str], None],
    ) -> None:
        super().__init__(command, title="streamer", templates_path=_HERE / "templates")
        self.tabs: set[TabService] = set()
        self._spare = SpareTab(command)
        self._terminal = _expose_terminal(Path(self.statics_path) / "js" / "textual.js")
        self._terminal_tag = hashlib.sha256(self._terminal).hexdigest()
        self._access = access
        self._listening = Listening(recordings)
        self._on_tab = on_tab
        self._on_opened = on_opened

    def tell(self, trouble: Trouble) -> None:
        """Let all tabs know of a trouble."""
        for tab in self.tabs:
            tab.send_trouble(trouble)

    @asynccontextmanager
    async def serving(self, listener: socket.socket) -> AsyncIterator[None]:
        """Serve while the block lasts, then end every tab."""
        # No access log: the first request has the token.
        app = await self._make_app()
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSING_S)
        await runner.setup()
        assert runner.server is not None
        self._strangers = Strangers(runner.server)
        self._access.on_known = self._strangers.recognise
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            self._strangers.meet, sock=listener, backlog=_ACCEPTS_A_TURN
        )
        self._spare.prepare()
        listener.listen(_BACKLOG)  # asyncio takes as many a turn as it lets wait; more may wait
        try:
            yield
        finally:
            server.close()
            await runner.cleanup()
            await self._spare.aclose()

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.add_routes([web.get("/call/{call}", self.handle_call, name="call")])
        app.add_routes([web.get("/sound/{call}.wav", self._listening.handle, name="sound")])
        app.add_routes([web.get("/page/terminal.js", self.handle_terminal, name="terminal")])
        app.add_routes([web.static("/page", _HERE / "static", name="page")])
        app.middlewares.append(self._access.check)
        app.on_response_prepare.append(harden)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Print nothing: stdout has the link only."""

    async def on_shutdown(self, app: web.Application) -> None:
        """End every tab."""
        await asyncio.gather(*(tab.hang_up() for tab in self.tabs))

    @aiohttp_jinja2.template("page.html")
    async def handle_index(self, request: web.Request) -> dict[str, Any]:
        """Return what the page is filled in with; the access has looked at the host."""
        smallest, largest = _FONT_SIZES
        font_size = to_int(request.query.get("fontsize", ""), 16)
        return {"host": request[HOST], "font_size": max(smallest, min(font_size, largest))}

    async def handle_call(self, request: web.Request) -> web.StreamResponse:
        """Serve the page at a call's address, which the page itself passes on."""
        if not is_call_id(request.match_info["call"]):
            raise web.HTTPNotFound(text="this is no call's id; the list of calls is at /\n")
        return await self.handle_index(request)

    async def handle_terminal(self, request: web.Request) -> web.Response:
        """Serve textual-serve's script, with its terminal in reach of the page."""
        is_known = any(known.value == self._terminal_tag for known in request.if_none_match or ())
        response = (
            web.Response(status=304)
            if is_known
            else web.Response(body=self._terminal, content_type="text/javascript", charset="utf-8")
        )
        response.etag = self._terminal_tag
        response.headers["Cache-Control"] = KEPT
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a tab as long as its websocket lives."""
        if len(self.tabs) >= MOST_TABS:
            raise web.HTTPServiceUnavailable(
                text=f"{MOST_TABS} tabs are open; close one, then reload"
            )
        websocket = _Websocket(heartbeat=_HEARTBEAT_S, timeout=_CLOSING_S)
        await websocket.prepare(request)
        tab = TabService(
            self._spare, websocket, request.transport, self.download_manager, self._on_opened
        )
        try:
            await tab.open(
                to_int(request.query.get("width", ""), 80),
                to_int(request.query.get("height", ""), 24),
                request.query.get("place", "")[:_LONGEST_ADDRESS],
            )
            self.tabs.add(tab)
            self._on_tab(tab)
            websocket.go_to = tab.go_to
            await self._process_messages(websocket, tab)
        except Exception:  # noqa: BLE001 - the tab's outermost edge: whatever a browser sent, others go on
            _log.exception("a tab has failed")
        finally:
            self.tabs.discard(tab)
            await tab.hang_up()
        return websocket


def _expose_terminal(script: Path) -> bytes:
    """Return textual-serve's script, which keeps its terminal to itself, with the terminal as a property of its element.

    Another version may be written otherwise; its page has no settings.
    """
    return script.read_bytes().replace(_OPENS, _OPENS + b",e.terminal=this.terminal", 1)
