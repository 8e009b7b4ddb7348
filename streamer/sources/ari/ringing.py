"""How far a call is that we have asked for: it rings, is answered, has ended; told by events, and by looks after a gap of them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress

from streamer.core.events import Cause
from streamer.errors import SourceError, StreamerError
from streamer.wire.ari.answers import Channel
from streamer.wire.ari.events import ChannelDestroyed, ChannelStateChanged, Event, StasisStarted

GRACE_S = 0.5
"""Seconds for the end of a channel that is not listed any more to be told."""

_UP = "Up"
_BUSY, _NO_USER, _NO_ANSWER, _REJECTED = 17, 18, 19, 21


class Ringing:
    """One channel; with `is_ours` it is answered when it has entered our application, else when it is up."""

    def __init__(self, *, is_ours: bool) -> None:
        self.channel: Channel | None = None
        self.is_placed = False
        """Whether the PBX has said that it is there; a list from before does not have it."""
        self.answered = asyncio.Event()
        self.ended = asyncio.Event()
        self.cause: Cause | None = None
        """Why it has ended; None where that was not told."""
        self._is_ours = is_ours

    def take(self, event: Event) -> None:
        """Take what has happened."""
        match event:
            case StasisStarted(channel) if self._is_ours and self._is(channel):
                self.answered.set()
            case ChannelStateChanged(channel) if not self._is_ours and self._is(channel):
                self._see(channel)
            case ChannelDestroyed(channel, cause, text) if self._is(channel):
                self.cause = Cause(cause, text)
                self.ended.set()
            case _:
                pass

    async def look(self, channels: Collection[Channel], application: str) -> None:
        """Take a list for what there is; a channel that is not in it has ended, if that is not told within a moment."""
        if self.channel is None:
            return
        listed = next((one for one in channels if self._is(one)), None)
        if listed is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(GRACE_S):
                    await self.ended.wait()
            self.ended.set()
        elif not self._is_ours:
            self._see(listed)
        elif listed.application == "Stasis" and listed.arguments.split(",")[0] == application:
            self.answered.set()

    async def wait(self) -> bool:
        """Wait until it is answered, True, or has ended before that."""
        await wait_for_first(self.answered, self.ended)
        return self.answered.is_set()

    def _see(self, channel: Channel) -> None:
        if channel.state == _UP:
            self.answered.set()

    def _is(self, channel: Channel) -> bool:
        return self.channel is not None and channel.id == self.channel.id


async def wait_for_first(*events: asyncio.Event) -> None:
    """Wait until one of several things has happened."""
    waiting = [asyncio.ensure_future(one.wait()) for one in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()


def explain_unanswered(
    endpoint: str, cause: Cause | None, *, ring_s: int
) -> tuple[str, StreamerError]:
    """Return the status of a call that nobody has answered, and why that is so."""
    number = cause.number if cause else 0
    if number in (_NO_USER, _NO_ANSWER):
        return "no_answer", SourceError(f"{endpoint} did not answer within {ring_s} s")
    if number == _BUSY:
        return "failed", SourceError(f"{endpoint} is busy")
    if number == _REJECTED:
        return "failed", SourceError(f"{endpoint} has rejected the call")
    told = f": {cause.text} (cause {number})" if cause and cause.text else ""
    return "failed", SourceError(f"the call of {endpoint} ended before anybody answered{told}")
