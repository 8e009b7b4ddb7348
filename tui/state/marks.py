"""Marks that others set on calls that are over, which nobody follows any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace

from streamer.core.mark import Mark
from streamer.errors import StoreError
from streamer.store import Reader
from tui.state.call import ShownCall

LOOK_S = 0.5
"""Seconds between two looks."""


async def follow_marks(
    reader: Reader, list_calls: Callable[[], Collection[ShownCall]], tell: Callable[[Mark], object]
) -> None:
    """Tell what has changed in the marks of calls that are over, until cancelled."""
    seen: tuple[int, frozenset[str]] | None = None
    while True:
        over = {shown.call_id: shown for shown in list_calls() if shown.is_over}
        with suppress(StoreError):  # it is asked again
            now = await reader.read_version() if over else 0, frozenset(over)
            if over and now != seen:
                marks = await reader.read_marks(list(over))
                seen = now
                for mark in _list_changes(over, marks):
                    tell(mark)
        await asyncio.sleep(LOOK_S)


def _list_changes(over: dict[str, ShownCall], marks: Collection[Mark]) -> list[Mark]:
    kept = {(mark.call_id, *mark.key) for mark in marks}
    gone = [
        replace(mark, is_removed=True)
        for call_id, shown in over.items()
        for key, mark in shown.marks.items()
        if (call_id, *key) not in kept
    ]
    return gone + [mark for mark in marks if over[mark.call_id].marks.get(mark.key) != mark]
