"""Prints events to stdout on a thread of its own: a reader that does not read must not hold up a call."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from streamer.bus import Subscription
from streamer.core.events import Event

Printer = Callable[[Event], None]


class PrintingThread:
    """Prints one event at a time; the others wait in the subscription, which is bounded."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._jobs: queue.SimpleQueue[tuple[Event, asyncio.Future[None]]] = queue.SimpleQueue()
        # A daemon, because one that stands in a full pipe can never be joined.
        self._thread = threading.Thread(target=self._work, name="printer", daemon=True)
        self._thread.start()

    async def print_all(self, events: Subscription) -> None:
        """Print every event.

        Raises:
            OSError: Stdout cannot be written; BrokenPipeError if its reader has gone.
        """
        async for event in events:
            printed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._jobs.put((event, printed))
            await printed

    def _work(self) -> None:
        while True:
            event, printed = self._jobs.get()
            error: Exception | None = None
            try:
                self._printer(event)
            except Exception as caught:  # noqa: BLE001 - raised where the line is awaited
                error = caught
            with suppress(RuntimeError):  # the loop is closed, so nothing waits
                printed.get_loop().call_soon_threadsafe(_settle, printed, error)


def _settle(printed: asyncio.Future[None], error: Exception | None) -> None:
    if not printed.done():
        printed.set_exception(error) if error else printed.set_result(None)
