"""Lists of all channels and bridges of a PBX; those who want them at the same time have one together."""

from __future__ import annotations

import asyncio

from streamer.ari.client import Ari
from streamer.wire.ari.answers import Bridge, Channel, read_bridges, read_channels
from streamer.wire.ari.requests import list_bridges, list_channels

Listed = tuple[list[Channel], list[Bridge]]


class Lists:
    """Reads lists, none of which was begun before it was asked for."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self._current: asyncio.Task[Listed] | None = None
        self._next: asyncio.Task[Listed] | None = None

    async def read(self) -> Listed:
        """Return all channels and all bridges.

        Raises:
            UnreachableError: ARI cannot be asked.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._read_after(self._current))
            self._next.add_done_callback(_forget_error)
        # Shielded: others wait for the same one.
        return await asyncio.shield(self._next)

    async def _read_after(self, before: asyncio.Task[Listed] | None) -> Listed:
        if before is not None:
            await asyncio.wait([before])
        self._current, self._next = self._next, None
        channels = read_channels(await self._ari.ask_for_list(list_channels()))
        bridges = read_bridges(await self._ari.ask_for_list(list_bridges()))
        return channels, bridges


def _forget_error(ended: asyncio.Task[Listed]) -> None:
    """Let an error be nobody's where nobody waits any more."""
    if not ended.cancelled():
        ended.exception()
