"""Calls over WebSockets as PBXs and clouds make them: each connects, or is connected to, sends by the wall clock, and judges.

call: WAITING --due--> CONNECTING --> LIVE --script over, verdict, close--> ENDED
                           `--refused, no answer--> ENDED
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from streamer.simulator.websocket.conversation import Conversation, WebCall, WebResult
from streamer.simulator.websocket.heard import Ending
from streamer.simulator.websocket.peers import SUBPROTOCOLS
from streamer.simulator.websocket.rapida import RefusedError, ask_for_context

CONNECT_S = 10.0
"""Seconds that a server has for the handshake."""

_MOST_MESSAGE = 1 << 20

Told = Callable[[WebCall], None]
"""Called when a call is connected."""


async def make_calls(
    calls: Sequence[WebCall],
    *,
    on_connected: Told = lambda _: None,
    on_ended: Callable[[WebResult], None] = lambda _: None,
) -> list[WebResult]:
    """Make calls in real time and return how each went, in their order; cancelling breaks them off."""

    async def make(call: WebCall) -> WebResult:
        await asyncio.sleep(call.starts_at)
        result = await _dial(call, on_connected)
        on_ended(result)
        return result

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(make(call)) for call in calls]
    return [task.result() for task in tasks]


class WaitingAsterisk:
    """Channels that wait at `/media/ID` until somebody connects, as Dial(WebSocket/INCOMING) does; each once."""

    def __init__(
        self,
        calls: Sequence[WebCall],
        *,
        on_ended: Callable[[WebResult], None] = lambda _: None,
    ) -> None:
        self.results: list[WebResult] = []
        self.over = asyncio.Event()
        self._calls = {call.script.call: call for call in calls}
        self._taken: set[str] = set()
        self._on_ended = on_ended

    @asynccontextmanager
    async def open(self, host: str, port: int) -> AsyncIterator[int]:
        """Listen, and yield the port; an unknown id is answered 404 and one in use 409, as by Asterisk."""
        async with serve(
            self._converse,
            host,
            port,
            process_request=self._judge,
            select_subprotocol=lambda _, offered: next((o for o in offered if o == "media"), None),
            compression=None,
            ping_interval=None,
            max_size=_MOST_MESSAGE,
            server_header=None,
        ) as server:
            yield int(next(iter(server.sockets)).getsockname()[1])

    def _judge(self, connection: ServerConnection, request: Request) -> Response | None:
        identity = request.path.partition("?")[0].removeprefix("/media/")
        if identity not in self._calls:
            return connection.respond(HTTPStatus.NOT_FOUND, "WebSocket instance not found\n")
        if identity in self._taken:
            return connection.respond(HTTPStatus.CONFLICT, "WebSocket is in use\n")
        self._taken.add(identity)
        return None

    async def _converse(self, connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        call = self._calls[request.path.partition("?")[0].removeprefix("/media/")]
        result = await Conversation(call, connection).run()
        self.results.append(result)
        self._on_ended(result)
        if len(self.results) == len(self._calls):
            self.over.set()


async def _dial(call: WebCall, on_connected: Told) -> WebResult:
    if call.asks_first:
        try:
            call = await asyncio.to_thread(ask_for_context, call, timeout_s=CONNECT_S)
        except RefusedError as error:
            return WebResult(call, Ending.REFUSED, str(error))
        except OSError as error:
            return WebResult(call, Ending.UNREACHABLE, str(error) or type(error).__name__)
    protocols = [Subprotocol(name) for name in SUBPROTOCOLS[call.source]]
    try:
        connection = await connect(
            call.url,
            subprotocols=protocols or None,
            compression=None,
            ping_interval=None,
            open_timeout=CONNECT_S,
            max_size=_MOST_MESSAGE,
            user_agent_header=None,
            proxy=None,
        )
    except InvalidStatus as error:
        body = bytes(error.response.body or b"")[:200].decode("utf-8", "replace").strip()
        status = f"HTTP {error.response.status_code}"
        return WebResult(call, Ending.REFUSED, f"{status}: {body}" if body else status)
    except (OSError, TimeoutError, InvalidHandshake) as error:
        return WebResult(call, Ending.UNREACHABLE, str(error) or type(error).__name__)
    on_connected(call)
    return await Conversation(call, connection).run()
