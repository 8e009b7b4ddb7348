"""What the screen works with: the desk, opened in the background, and a task for each call that is followed.

Calls that are being recorded or transcribed are followed over the bus; calls that are over are read from the store. What that needs is
imported when the desk is opened, so that the first screen is painted before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.message import Message

from streamer.bus import Bus
from streamer.cli.frontend import ScreenRequest
from streamer.core.events import Call, CallStarted, Trouble
from streamer.errors import RecordingError, StreamerError
from streamer.recording.reader import is_live, read_call
from streamer.recording.speaker_names import read_names
from tui.collector import keeping_for_good
from tui.state.call import CallBoard, fill_board
from tui.state.feed import CAPACITY, Boards, run_feed
from tui.state.messages import CallChanged, DeskOpened, TroubleSaid
from tui.state.phase import Speech

if TYPE_CHECKING:
    from streamer.calls.catalog import Entry
    from streamer.calls.session import Desk
    from streamer.store import Hit

_log = logging.getLogger(__name__)


class Workroom:
    """Opens and follows calls; `tell` gets what the screens should know, from the event loop."""

    def __init__(self, request: ScreenRequest, tell: Callable[[Message], object]) -> None:
        self.request = request
        self.recordings = Path(request.settings.recordings)
        self.bus = Bus()
        self.boards = Boards(welcomes_all=request.attend is not None)
        self.boards.troubles += request.troubles
        self.desk: Desk | None = None
        self._tell = tell
        self._running: asyncio.Task[None] | None = None
        self._following: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Open the desk in the background; idempotent."""
        if self._running is None:
            if self.request.watch is not None:
                self.boards.awaited = self.boards.awaited or CallBoard(self.request.legs)
            self._running = asyncio.ensure_future(self._run())

    async def aclose(self) -> None:
        """Leave every call, and close the desk; recordings go on. Idempotent."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    def speech(self) -> Speech:
        """Say what is known of recognition."""
        speech = self.desk.speech if self.desk else None
        return Speech(self.request.model, is_loading=speech is not None and speech.is_loading())

    def unread_troubles(self) -> list[str]:
        """Return what the user has not read, of all calls."""
        of_calls = [trouble for board in self.boards.by_id.values() for trouble in board.troubles]
        return [*of_calls, *self.boards.troubles]

    async def list_calls(self, *, limit: int) -> list[Entry]:
        """Return the newest calls; without a store, those that have a folder.

        Raises:
            StoreError: The store cannot be read.
        """
        if self.desk is None:
            return []
        from streamer.calls.catalog import (
            Entry,
            describe_folder,
            find_state,
            folder_names,
            list_entries,
        )

        if self.desk.store is not None:
            return await list_entries(self.desk.store, self.recordings, limit=limit)
        entries = []
        for name in folder_names(self.recordings)[:limit]:
            with suppress(RecordingError):
                row = describe_folder(self.recordings / name)
                entries.append(Entry(row, find_state(row)))
        return entries

    async def search(self, query: str) -> list[Hit]:
        """Return utterances of all calls, newest first.

        Raises:
            UsageError: It is no query.
            StoreError: The store cannot be read.
        """
        if self.desk is None or self.desk.store is None:
            return []
        return await self.desk.store.search(query)

    async def find(self, call_id: str) -> Entry | None:
        """Return a call by its id, None if it is not there any more."""
        from streamer.calls.catalog import Entry, describe_folder, find_entry, find_state

        with suppress(StreamerError):
            if self.desk is not None and self.desk.store is not None:
                return await find_entry(self.desk.store, self.recordings, call_id)
            row = describe_folder(self.recordings / call_id)
            return Entry(row, find_state(row))
        return None

    async def open(self, entry: Entry) -> CallBoard:
        """Return the board of a call, which fills by itself while the call goes on.

        Raises:
            StoreError: The store cannot be read.
        """
        from streamer.calls.catalog import CallState
        from streamer.calls.session import run_session

        call_id = entry.call.id
        known = self.boards.by_id.get(call_id)
        if known is not None and (not known.is_over or entry.state is CallState.COMPLETE):
            return known
        board = self.boards.by_id[call_id] = CallBoard(row.leg for row in entry.call.legs)
        if entry.state in (CallState.LIVE, CallState.TRANSCRIBING) and self.desk is not None:
            # Only a call that goes on is worth an engine; the words of one that is over are whoever's is at them.
            desk = self.desk if entry.state is CallState.LIVE else replace(self.desk, speech=None)
            self._follow(run_session(entry.call.folder, desk, self.bus))
            self.request.tell_opened(call_id)
        else:
            await self._read(entry, board)
        return board

    def hear(self, trouble: Trouble) -> None:
        """Show a trouble that another desk has had, and kept, if it concerns what is open here."""
        call_id, awaited = trouble.call_id, self.request.watched.folder
        is_open = call_id in self.boards.by_id or (awaited is not None and awaited.name == call_id)
        if call_id is None or is_open:
            board = self.boards.take(trouble)
            self._tell(CallChanged(board) if board else TroubleSaid())

    async def _read(self, entry: Entry, board: CallBoard) -> None:
        row = entry.call
        board.names = read_names(row.folder)
        call = Call(row.id, row.source, tuple(leg.leg for leg in row.legs), row.started_at)
        store = self.desk.store if self.desk else None
        with keeping_for_good():
            segments = await store.read_segments(row.id) if store else []
            await fill_board(
                board,
                CallStarted(call, row.folder, tuple(leg.recording for leg in row.legs)),
                segments,
                reason=row.reason,
                duration_s=row.duration_s or 0.0,
            )
        board.troubles += [t.message for t in await store.read_troubles(row.id)] if store else []
        if entry.state == "unfinished":
            board.troubles.append(
                f"not all of this call has been turned into words; `streamer resume {row.id}` does"
            )

    async def _run(self) -> None:
        request = self.request
        with self.bus.subscribe(capacity=CAPACITY) as events:
            feeding = asyncio.ensure_future(run_feed(events, self.boards, self._tell))
            try:
                await self._work(request)
            except Exception as error:  # noqa: BLE001 - the task's outermost edge
                _log.exception("the desk has failed")
                self.bus.publish(Trouble(None, f"nothing can be followed any more: {error!r}"))
                await asyncio.sleep(0)
            finally:
                feeding.cancel()
                await asyncio.wait([feeding])

    async def _work(self, request: ScreenRequest) -> None:
        async with request.open_desk(self.bus) as desk:
            self.desk = desk
            self._tell(DeskOpened())
            if request.watch is not None:
                self._follow(request.watch(desk, self.bus, request.watched))
            if request.attend is not None:
                self._follow(request.attend(desk, self.bus, request.watched))
            try:
                await asyncio.Event().wait()
            finally:  # before the desk is closed under them
                for task in self._following:
                    task.cancel()
                if self._following:
                    await asyncio.wait(self._following)

    def _follow(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.ensure_future(self._see_through(work))
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def _see_through(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except StreamerError as error:
            self.bus.publish(Trouble(None, str(error)))
        except Exception as error:  # noqa: BLE001 - the task's outermost edge
            _log.exception("a call cannot be followed any more")
            self.bus.publish(
                Trouble(
                    None, f"a call cannot be followed any more, its recording goes on: {error!r}"
                )
            )


def is_recorded(board: CallBoard) -> bool:
    """Say whether a tap is recording the call now."""
    return board.folder is not None and not board.is_over and is_live(board.folder)


def read_zero(board: CallBoard) -> datetime | None:
    """Return when a call's position 0 was, as its recording says; None if nobody has spoken yet."""
    if board.folder is None:
        return None
    with suppress(RecordingError, ValueError, KeyError, TypeError):
        return datetime.fromisoformat(read_call(board.folder)["zero_at"])
    return None
