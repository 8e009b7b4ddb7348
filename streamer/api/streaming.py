"""`/api/v1/events`: what happens as it happens, as Server-Sent Events or over a WebSocket, resumed from a number."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import get_args

from aiohttp import WSMsgType, web

from streamer.api.hub import EventHub, Told
from streamer.core.events import Event
from streamer.errors import UsageError

HEARTBEAT_S = 15.0
"""Seconds without an event after which a line says that we are there."""

PATIENCE_S = 30.0
"""Seconds that a client has to read what it was sent."""

LATER_MS = 2000
"""Milliseconds after which a client that was sent away comes back."""

_LONGEST_MESSAGE = 4096
_NUMBER_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client wants to hear, and behind which event it goes on."""

    after: int | None = None
    call_id: str = ""
    kinds: frozenset[str] = frozenset()

    def matches(self, told: Told) -> bool:
        """Say whether an event is wanted."""
        is_of_call = not self.call_id or told.fields.get("call") == self.call_id
        return is_of_call and (not self.kinds or told.kind in self.kinds)


def read_wanted(request: web.BaseRequest) -> Wanted:
    """Read what a request wants.

    Raises:
        UsageError: It cannot be meant.
    """
    text = request.headers.get("Last-Event-ID") or request.query.get("last_event_id")
    if text and not (text.isascii() and text.isdigit() and len(text) <= _NUMBER_DIGITS):
        raise UsageError("Last-Event-ID must be the id of an event, a whole number")
    kinds = frozenset(filter(None, request.query.get("types", "").split(",")))
    known = _list_kinds()
    if kinds - known:
        raise UsageError(f"types must be of {', '.join(sorted(known))}; one of yours is none")
    return Wanted(int(text) if text else None, request.query.get("call", ""), kinds)


async def stream_events(
    request: web.BaseRequest, hub: EventHub, wanted: Wanted
) -> web.StreamResponse:
    """Send events until the client leaves, as an event stream."""
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",  # nginx would hold events back
        }
    )
    response.force_close()
    await response.prepare(request)
    with suppress(TimeoutError, ConnectionError):  # it does not read, or has gone
        await _write(response, f"retry: {LATER_MS}\n\n")
        async with aclosing(_choose(hub, wanted)) as events:
            async for told in events:
                await _write(response, ": still here\n\n" if told is None else _encode(told))
    return response


async def talk_events(
    request: web.BaseRequest, hub: EventHub, wanted: Wanted
) -> web.StreamResponse:
    """Send events until the client leaves, over a WebSocket, one a message; nothing that it says is read."""
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=_LONGEST_MESSAGE)
    await socket.prepare(request)
    sending = asyncio.ensure_future(_send_events(socket, hub, wanted))
    receiving = asyncio.ensure_future(_drain(socket))
    try:
        await asyncio.wait([sending, receiving], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, receiving):
            task.cancel()
        await asyncio.gather(sending, receiving, return_exceptions=True)
        with suppress(Exception):
            async with asyncio.timeout(1):
                await socket.close()
    return socket


async def _send_events(socket: web.WebSocketResponse, hub: EventHub, wanted: Wanted) -> None:
    async with aclosing(_choose(hub, wanted)) as events:
        async for told in events:
            if told is not None:
                number = {} if told.number is None else {"id": told.number}
                async with asyncio.timeout(PATIENCE_S):
                    await socket.send_str(json.dumps(told.fields | number))


async def _drain(socket: web.WebSocketResponse) -> None:
    """Wait until the client closes."""
    async for message in socket:
        if message.type in (WSMsgType.ERROR, WSMsgType.CLOSE):
            return


async def _choose(hub: EventHub, wanted: Wanted) -> AsyncGenerator[Told | None, None]:
    """Yield what is wanted, and None when nothing was for a while."""
    async with aclosing(hub.read_on(wanted.after)) as events:
        coming = asyncio.ensure_future(anext(events, None))
        try:
            while True:
                await asyncio.wait([coming], timeout=HEARTBEAT_S)
                if not coming.done():
                    yield None
                    continue
                told = coming.result()
                if told is None:
                    return
                coming = asyncio.ensure_future(anext(events, None))
                if wanted.matches(told):
                    yield told
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


def _encode(told: Told) -> str:
    number = "" if told.number is None else f"id: {told.number}\n"
    return f"{number}data: {told.text}\n\n"


async def _write(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await response.write(text.encode())


def _list_kinds() -> frozenset[str]:
    return frozenset(_snake(kind.__name__) for kind in get_args(Event))


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
