"""The marks of one call, told by every process that follows it, whoever set them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from streamer.core.mark import Mark
from streamer.errors import StoreError
from streamer.store import Reader

LOOK_S = 0.5
"""Seconds between two looks for marks that others have set."""


class ToldMarks:
    """Tells each mark of a call when it is set, changed or taken away."""

    def __init__(self, call_id: str, publish: Callable[[Mark], None]) -> None:
        self._call_id = call_id
        self._publish = publish
        self._known: dict[tuple[str, int], Mark] = {}
        self._version = -1

    async def look(self, reader: Reader) -> None:
        """Announce what has changed since the last look."""
        version = await reader.read_version()
        if version == self._version:
            return
        marks = {mark.key: mark for mark in await reader.read_marks([self._call_id])}
        self._version = version
        before, self._known = self._known, marks
        for key, mark in before.items():
            if key not in marks:
                self._publish(replace(mark, is_removed=True))
        for key, mark in marks.items():
            if before.get(key) != mark:
                self._publish(mark)

    async def follow(self, reader: Reader) -> None:
        """Look again and again until cancelled; a store that cannot be read now is asked later."""
        while True:
            with suppress(StoreError):  # who reads the words says it
                await self.look(reader)
            await asyncio.sleep(LOOK_S)
