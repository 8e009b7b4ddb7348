"""The bridge from the bus to the screen: each event goes to its `ShownCall`, then the screen is told; a burst collapses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from textual.message import Message

from streamer.bus import Subscription
from streamer.core.events import CallEnded, CallStarted, Event, Listening, Trouble
from streamer.recording.speaker_names import read_names
from tui.state.call import ShownCall
from tui.state.messages import CallChanged, TroubleSaid

CAPACITY = 100_000
"""Events that may wait: all utterances of a call of days come at once when it is opened."""

_BURST = 200
"""Events after which other tasks get their turn."""


class ShownCalls:
    """Every call that is or was open, and the troubles that concern no call."""

    def __init__(self, *, follows_all: bool = False) -> None:
        self._follows_all = follows_all
        """Every call is followed, asked for or not."""
        self.listening: dict[str, str] = {}
        """Where calls may come to, by protocol."""
        self.by_id: dict[str, ShownCall] = {}
        self.awaited: ShownCall | None = None
        """The call that the screen was opened for, before it has an id."""
        self.troubles: list[str] = []
        """Troubles that concern no single call and that the user has not read."""

    def take(self, event: Event) -> ShownCall | None:
        """Give an event to its call and return that; None if it concerns no call that is open."""
        if isinstance(event, Listening):
            self.listening[event.source] = event.address
            return None
        call_id = _call_of(event)
        shown = self.by_id.get(call_id) if call_id else None
        if shown is None and call_id is not None:
            shown = self._take_in(call_id, event)
        if shown is not None:
            if isinstance(event, CallStarted):
                shown.names = read_names(event.folder) | shown.names
            shown.take(event, now=time.time())
            if self._follows_all and isinstance(event, CallEnded):
                del self.by_id[event.call_id]  # it is read from the store if it is opened again
        elif isinstance(event, Trouble):
            self.troubles.append(event.message)
        return shown

    def _take_in(self, call_id: str, event: Event) -> ShownCall | None:
        """Return a call that was not opened by its id: it is the awaited one, or a new one where all are followed."""
        shown, self.awaited = self.awaited, None
        if shown is None and self._follows_all and isinstance(event, CallStarted):
            shown = ShownCall()
        if shown is not None:
            self.by_id[call_id] = shown
        return shown


def _call_of(event: Event) -> str | None:
    match event:
        case CallStarted(call, _, _):
            return call.id
        case _:
            return event.call_id


async def run_feed(
    events: Subscription, shown_calls: ShownCalls, tell: Callable[[Message], object]
) -> None:
    """Take events until the bus is closed."""
    count = lost = 0
    async for event in events:
        shown = shown_calls.take(event)
        tell(CallChanged(shown) if shown else TroubleSaid())
        count += 1
        if events.lost > lost:
            lost = events.lost
            shown_calls.troubles.append(
                f"The screen missed {lost} events. Open the call again to see all lines."
            )
        if count % _BURST == 0:
            await asyncio.sleep(0)
