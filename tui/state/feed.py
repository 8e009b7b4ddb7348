"""The bridge from the bus to the screen: events go on their call's board, and the screen is told; a burst of that collapses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from textual.message import Message

from streamer.bus import Subscription
from streamer.core.events import CallEnded, CallStarted, Event, Listening, Trouble
from streamer.recording.speaker_names import read_names
from tui.state.call import CallBoard
from tui.state.messages import CallChanged, TroubleSaid

CAPACITY = 100_000
"""Events that may wait: all utterances of a call of days come at once when it is opened."""

_BURST = 200
"""Events after which others get their turn."""


class Boards:
    """Every call that is or was open, and what concerns none."""

    def __init__(self, *, welcomes_all: bool = False) -> None:
        self._welcomes_all = welcomes_all
        """Every call is followed, asked for or not."""
        self.listening: dict[str, str] = {}
        """Where calls may come to, by protocol."""
        self.by_id: dict[str, CallBoard] = {}
        self.awaited: CallBoard | None = None
        """The call that the screen was opened for, before it has an id."""
        self.troubles: list[str] = []
        """What concerns no single call and has not been read."""

    def take(self, event: Event) -> CallBoard | None:
        """Put an event where it belongs; None if that is no call's board."""
        if isinstance(event, Listening):
            self.listening[event.source] = event.address
            return None
        call_id = _call_of(event)
        board = self.by_id.get(call_id) if call_id else None
        if board is None and call_id is not None:
            board = self._welcome(call_id, event)
        if board is not None:
            if isinstance(event, CallStarted):
                board.names = read_names(event.folder) | board.names
            board.take(event, now=time.time())
            if self._welcomes_all and isinstance(event, CallEnded):
                del self.by_id[event.call_id]  # whoever opens it again reads it from the store
        elif isinstance(event, Trouble):
            self.troubles.append(event.message)
        return board

    def _welcome(self, call_id: str, event: Event) -> CallBoard | None:
        """Return the board of a call that nobody has asked for by its id: it is the awaited one, or one that has come."""
        board, self.awaited = self.awaited, None
        if board is None and self._welcomes_all and isinstance(event, CallStarted):
            board = CallBoard()
        if board is not None:
            self.by_id[call_id] = board
        return board


def _call_of(event: Event) -> str | None:
    match event:
        case CallStarted(call, _, _):
            return call.id
        case _:
            return event.call_id


async def run_feed(events: Subscription, boards: Boards, tell: Callable[[Message], object]) -> None:
    """Take events until the bus is closed."""
    count = lost = 0
    async for event in events:
        board = boards.take(event)
        tell(CallChanged(board) if board else TroubleSaid())
        count += 1
        if events.lost > lost:
            lost = events.lost
            boards.troubles.append(f"{lost} events came too fast to be shown; open the call again")
        if count % _BURST == 0:
            await asyncio.sleep(0)
