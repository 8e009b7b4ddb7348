"""What a call through ARI does from its start to its end: it runs, is stopped, and then deletes what is ours in the PBX."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

QUICK_S = 0.5
SLOW_S = 5.0
"""Seconds that deleting what is ours may take until the recording ends, and after that."""


class RunningCall(ABC):
    """`start` begins, `aclose` stops, and `finish` waits until nothing of ours is left."""

    def __init__(self) -> None:
        self._main: asyncio.Task[None] | None = None
        self._cleaning: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; what goes wrong is an item of the stream."""
        self._main = asyncio.ensure_future(self._run())

    async def aclose(self) -> None:
        """Stop, and delete what is ours, for as long as a user may wait; idempotent."""
        if self._main is not None:
            self._main.cancel()
            await asyncio.gather(self._main, return_exceptions=True)
        if self._cleaning is None:
            self._cleaning = asyncio.ensure_future(self._clean())
        await asyncio.wait([self._cleaning], timeout=QUICK_S)

    async def finish(self) -> None:
        """Wait until nothing of ours is left, not for ever."""
        if self._cleaning is not None:
            await asyncio.wait([self._cleaning], timeout=SLOW_S)
            self._cleaning.cancel()

    @abstractmethod
    async def _run(self) -> None:
        """Do it all, to the end."""

    @abstractmethod
    async def _clean(self) -> None:
        """Delete what is ours in the PBX."""
