"""What happens to a call besides its words, written into the store: keys that are pressed, and holds."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from streamer.calls.segment_writer import CallWriter
from streamer.core.events import Dtmf, Hold
from streamer.errors import StoreError


class HappeningWriter:
    """Writes what it is given, in order; several processes may write the same, which is stored once.

    `keep_call` keeps the call with the legs that it has now. What waits is bounded by the recorder, which counts keys and holds.
    """

    def __init__(self, keep_call: Callable[[], Awaitable[None]]) -> None:
        self._keep_call = keep_call
        self._waiting: deque[Dtmf | Hold] = deque()
        self._news = asyncio.Event()
        self._turn = asyncio.Lock()
        self._writer: CallWriter | None = None
        self._writing: asyncio.Future[None] | None = None

    def take(self, happening: Dtmf | Hold) -> None:
        """Take what has happened; never blocks."""
        self._waiting.append(happening)
        self._news.set()

    def begin(self, writer: CallWriter) -> None:
        """Write from now on, until `close`."""
        self._writer = writer
        self._writing = asyncio.ensure_future(self._run())

    async def finish(self) -> None:
        """Write what waits.

        Raises:
            StoreError: The store will not take it.
        """
        await self._write()

    def close(self) -> None:
        """Write nothing any more; idempotent."""
        if self._writing is not None:
            self._writing.cancel()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            with suppress(StoreError):  # whoever writes words says it
                await self._write()

    async def _write(self) -> None:
        writer = self._writer
        assert writer is not None, "begun before"
        async with self._turn:
            while self._waiting:
                await self._keep_call()
                first = self._waiting[0]
                await writer.write(lambda first=first: writer.store.keep_happening(first))  # type: ignore[misc]
                self._waiting.popleft()
