"""Whoever wants to be told of each settled utterance: alerts, webhooks, statistics.

Theory of operation. The process that transcribes a call tells every observer of each final after it is kept, whoever watches the call
and how often; viewers tell nobody. The store keeps how far each observer has been told of each leg, moved on after the observer
returned: so it is told at least once, also of what a process that was killed has kept, and must take the same (call, leg, utterance)
twice. Each observer is told in order, by a task of its own that reads the store, so a slow one holds up neither words nor others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from streamer.calls.segment_writer import CallWriter
from streamer.core.events import Call, Segment

Observer = Callable[[Call, Segment], Awaitable[None]]
"""Takes the call as it is now, and an utterance of it that is settled and kept."""

OBSERVERS: Mapping[str, Observer] = {}
"""By the name under which the store keeps how far they were told; renaming one tells it of everything again."""

RETRY_S = 5.0
"""Seconds after which an observer that has failed is told again."""

PATIENCE_S = 30.0
"""Seconds that a call which has ended waits for its observers; what they were not told then, they are told of when it is resumed."""

_log = logging.getLogger(__name__)


class ToldObservers:
    """The observers of one call; `tell` is called after each final."""

    def __init__(
        self,
        observers: Mapping[str, Observer],
        writer: CallWriter,
        *,
        read_call: Callable[[], Call],
        say: Callable[[str], None],
    ) -> None:
        self._writer = writer
        self._read_call = read_call
        self._say = say
        self._is_over = False
        self._news = {name: asyncio.Event() for name in observers}
        self._tasks = [asyncio.ensure_future(self._run(*item)) for item in observers.items()]

    def tell(self) -> None:
        """Have the observers told of what has been kept; never blocks."""
        for news in self._news.values():
            news.set()

    async def finish(self) -> None:
        """Wait until all have been told of everything, or for `PATIENCE_S`."""
        self._is_over = True
        self.tell()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PATIENCE_S)

    async def aclose(self) -> None:
        """Tell nobody any more; idempotent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, name: str, observer: Observer) -> None:
        has_failed = False
        while True:
            is_last = self._is_over
            self._news[name].clear()
            try:
                await self._tell_new(name, observer)
            except Exception:  # noqa: BLE001 - an observer must not cost the call its words
                _log.exception("the observer %s has failed", name)
                if not has_failed:
                    self._say(f"{name} has failed and is told again later; see the log")
                has_failed = True
                if not is_last:
                    await self._rest(name)
                    continue
            if is_last:
                return
            await self._news[name].wait()

    async def _rest(self, name: str) -> None:
        """Wait until an observer that has failed may be told again; not at all once the call is over."""
        rested = asyncio.get_running_loop().time() + RETRY_S
        while not self._is_over and (left := rested - asyncio.get_running_loop().time()) > 0:
            self._news[name].clear()
            try:
                async with asyncio.timeout(left):
                    await self._news[name].wait()
            except TimeoutError:
                return

    async def _tell_new(self, name: str, observer: Observer) -> None:
        store, call = self._writer.store, self._read_call()
        told = await store.read_told(call.id, name)
        for segment in await store.read_segments(call.id, after=told):
            await observer(call, segment)
            await self._writer.write(
                lambda segment=segment: store.keep_told(  # type: ignore[misc]
                    call.id, segment.leg, name, utterance=segment.utterance
                )
            )


@asynccontextmanager
async def open_observers(
    observers: Mapping[str, Observer],
    writer: CallWriter,
    *,
    read_call: Callable[[], Call],
    say: Callable[[str], None],
) -> AsyncIterator[ToldObservers]:
    """Tell observers while the block lasts, and of what is left when it has ended well.

    `read_call` returns the call as it is now, `say` takes one line when an observer fails.
    """
    told = ToldObservers(observers, writer, read_call=read_call, say=say)
    told.tell()
    try:
        yield told
        await told.finish()
    finally:
        await told.aclose()
