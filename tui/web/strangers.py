"""Connections that have not shown the link's cookie: few at a time, and for a short time, so that they keep nobody out.

Theory of operation. Every connection begins as a stranger. One whose request is let through becomes known, and is left alone from then
on. A stranger has `PATIENCE_S` from its first byte to its last, however slowly it speaks; where there are too many, the one that came
first goes. How many are too many depends on the descriptors that this process may have: tabs and calls need most of them.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable

from aiohttp import web

PATIENCE_S = 10.0

MOST_STRANGERS = 64
"""A browser opens six connections at once, and shows its cookie on each with the first request."""

_SHARE = 4
"""Strangers have one in so many of the descriptors, if that is fewer."""


class Strangers:
    """The connections of one server that are not known; `make` makes the protocol of the next one."""

    def __init__(
        self, make: Callable[[], web.RequestHandler], *, patience_s: float = PATIENCE_S
    ) -> None:
        self._make = make
        self._patience_s = patience_s
        self._most = count_places()
        self._waiting: dict[object, tuple[asyncio.Transport, asyncio.TimerHandle]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def meet(self) -> asyncio.Protocol:
        """Return the protocol of a connection that comes."""
        return _Connection(self._make(), self)

    def take(self, handler: object, transport: asyncio.Transport) -> None:
        """Begin a stranger's time."""
        if len(self._waiting) >= self._most:
            oldest = next(iter(self._waiting))
            self._send_away(oldest)
        timer = asyncio.get_running_loop().call_later(self._patience_s, self._send_away, handler)
        self._waiting[handler] = transport, timer

    def recognise(self, handler: object) -> None:
        """Leave a connection alone from now on, because its request was let through or it has ended; idempotent."""
        if (waiting := self._waiting.pop(handler, None)) is not None:
            waiting[1].cancel()

    def _send_away(self, handler: object) -> None:
        transport, timer = self._waiting.pop(handler)
        timer.cancel()
        transport.abort()


def count_places() -> int:
    """Return how many strangers there may be at a time."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_STRANGERS if soft < 0 else min(MOST_STRANGERS, max(1, soft // _SHARE))


class _Connection(asyncio.Protocol):
    """Hands everything on to aiohttp's protocol, whose methods cannot be replaced."""

    def __init__(self, handler: web.RequestHandler, strangers: Strangers) -> None:
        self._handler = handler
        self._strangers = strangers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._strangers.take(self._handler, transport)
        self._handler.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._strangers.recognise(self._handler)
        self._handler.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._handler.data_received(data)

    def eof_received(self) -> None:
        self._handler.eof_received()

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()
