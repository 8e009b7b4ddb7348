"""Places for jobs in flight; a caller may also take all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Slots:
    """Places for jobs in flight; a caller that waits for all of them goes before callers that came later."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._waiting_alone = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Hold one place."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._taken < self._size and not self._waiting_alone
            )
            self._taken += 1
        try:
            yield
        finally:
            await self._leave(1)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Hold all places."""
        self._waiting_alone += 1
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: self._taken == 0)
                self._taken = self._size
        finally:
            self._waiting_alone -= 1
        try:
            yield
        finally:
            await self._leave(self._size)

    async def _leave(self, places: int) -> None:
        self._taken -= places
        async with self._changed:
            self._changed.notify_all()
