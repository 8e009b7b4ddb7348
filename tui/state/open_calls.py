"""What the screen works with: the backend, opened in the background, and a task for each call that is followed.

Calls that are being recorded or transcribed are followed over the bus; calls that are over are read from the store. The modules that
this needs are imported when the backend is opened, after the first screen is painted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.message import Message

from streamer.bus import Bus
from streamer.cli.frontend import ScreenRequest
from streamer.core.events import Call, CallStarted, Trouble
from streamer.core.keys import read_keys
from streamer.core.mark import Mark
from streamer.errors import RecordingError, StoreError, StreamerError
from streamer.recording.folder import CallFolder
from streamer.recording.speaker_names import read_names
from tui.collector import keeping_for_good
from tui.state.call import ShownCall, fill_call
from tui.state.channels import tap_channel
from tui.state.download import ModelDownload, offer_download
from tui.state.feed import CAPACITY, ShownCalls, run_feed
from tui.state.marks import follow_marks
from tui.state.messages import BackendOpened, CallChanged, TroubleSaid
from tui.state.phase import Speech

if TYPE_CHECKING:
    from streamer.calls.backend import Backend
    from streamer.calls.catalog import Entry
    from streamer.calls.passages import Passage

_log = logging.getLogger(__name__)

_RETRY_S = 2.0
"""Between two attempts to follow a call that failed for want of descriptors."""


class OpenCalls:
    """Opens and follows calls; `tell` gets messages for the screens, on the event loop."""

    def __init__(self, request: ScreenRequest, tell: Callable[[Message], object]) -> None:
        self.request = request
        self.recordings = Path(request.settings.recordings)
        self.bus = Bus()
        self.shown_calls = ShownCalls(follows_all=request.attend is not None)
        self.shown_calls.troubles += request.troubles
        self.backend: Backend | None = None
        self.download = ModelDownload(lambda: tell(TroubleSaid()))
        self._is_lack_read = False
        self._tell = tell
        self._running: asyncio.Task[None] | None = None
        self._following: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Open the backend in the background; idempotent."""
        if self._running is None:
            if self.request.watch is not None:
                self.shown_calls.awaited = self.shown_calls.awaited or ShownCall(self.request.legs)
            self._running = asyncio.ensure_future(self._run())

    async def aclose(self) -> None:
        """Leave every call, and close the backend; recordings go on. Idempotent."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    def speech(self) -> Speech:
        """Say what is known of recognition."""
        speech = self.backend.speech if self.backend else None
        return Speech(
            (speech and speech.model) or self.request.model,
            is_loading=speech is not None and speech.recogniser.is_loading,
            is_remote=speech is None and bool(self.request.model),
        )

    def list_notices(self, *, lacks_text: bool) -> list[str]:
        """Return what stands before all troubles: a download that goes on, or why a live call gets no text, until it is read.

        `lacks_text` says that a live call is in sight that no process makes text of.
        """
        if self.download.line:
            return [self.download.line]
        has_speech = self.backend is None or self.backend.speech is not None
        if self._is_lack_read or not lacks_text or has_speech or not self.request.lack:
            return []
        if not self.offers_model:
            return [self.request.lack]
        chosen = read_keys(self.request.settings.keys, where="keys").get("pull", ("M",))
        return [offer_download(self.request.offer, key=chosen[0])]

    @property
    def offers_model(self) -> bool:
        """Say whether a model can be downloaded now."""
        is_missing = self.backend is not None and self.backend.speech is None
        return bool(self.request.offer) and is_missing and not self.download.line

    def read_notice(self) -> None:
        """Take note that the user has read why there is no text."""
        self._is_lack_read = True

    def pull_model(self) -> None:
        """Download the model that is offered, in the background; the backend takes it up when it is there."""
        if self.offers_model:
            self._follow(self._pull_model, lambda: None)

    async def _pull_model(self) -> None:
        folder = self.request.settings.models_dir
        if trouble := await self.download.run(self.request.offer, models_dir=folder):
            self.bus.publish(Trouble(None, f"Download failed: {trouble}"))

    def tap(self, channel: str, opened: Callable[[str], Awaitable[None]]) -> None:
        """Have the call of a channel recorded, in a process that outlives this one; `opened` gets its id."""

        def say(message: str) -> None:
            self.bus.publish(Trouble(None, message))

        settings = self.request.settings
        self._follow(lambda: tap_channel(settings, channel, opened=opened, say=say), lambda: None)

    def unread_troubles(self) -> list[str]:
        """Return what the user has not read, of all calls."""
        of_calls = [
            trouble for shown in self.shown_calls.by_id.values() for trouble in shown.troubles
        ]
        return [*of_calls, *self.shown_calls.troubles]

    async def search(self, query: str, *, lines: int) -> list[Passage]:
        """Return utterances of all calls, newest first, with so many lines of their call around each.

        Raises:
            UsageError: The query has an error.
            StoreError: The store cannot be read.
        """
        if self.backend is None or self.backend.store is None:
            return []
        from streamer.calls.passages import read_passages

        store = self.backend.store
        return await read_passages(store, await store.search(query), lines=lines)

    async def keep_mark(self, shown: ShownCall, mark: Mark) -> None:
        """Keep a mark on a line of a call, or that it is taken away, and show it.

        Raises:
            StoreError: It cannot be kept.
        """
        if self.backend is None or self.backend.store is None:
            raise StoreError("there is no database to store marks in")
        if not await self.backend.store.keep_mark(mark):
            raise StoreError("this call is not in the database, so its lines cannot be marked")
        shown.take(mark)
        self._tell(CallChanged(shown))

    async def find(self, call_id: str) -> Entry | None:
        """Return a call by its id; None if it does not exist any more."""
        from streamer.calls.catalog import find_entry, read_entry

        with suppress(StreamerError):
            if self.backend is not None and self.backend.store is not None:
                return await find_entry(self.backend.store, self.recordings, call_id)
            return read_entry(self.recordings / call_id)
        return None

    async def open(self, entry: Entry) -> ShownCall:
        """Return a call as it is shown; it fills by itself while the call goes on.

        Raises:
            StoreError: The store cannot be read.
        """
        from streamer.calls.catalog import CallState
        from streamer.calls.session import run_session

        call_id = entry.call.id
        known = self.shown_calls.by_id.get(call_id)
        if known is not None and (not known.is_over or entry.state is CallState.COMPLETE):
            return known
        shown = self.shown_calls.by_id[call_id] = ShownCall(row.leg for row in entry.call.legs)
        if entry.state in (CallState.LIVE, CallState.TRANSCRIBING) and self.backend is not None:
            # Only a live call is worth an engine; the process that transcribes a call that has ended goes on with it.
            backend = (
                self.backend
                if entry.state is CallState.LIVE
                else replace(self.backend, speech=None)
            )
            self._follow(
                lambda: run_session(entry.call.folder, backend, self.bus),
                lambda: entry.call.folder,
                may_be_tried_again=True,
            )
            self.request.tell_opened(call_id)
        else:
            await self._read(entry, shown)
        return shown

    def hear(self, trouble: Trouble) -> None:
        """Show a trouble that another process has reported and stored, if it concerns what is open here."""
        call_id, awaited = trouble.call_id, self.request.outcome.folder
        is_open = call_id in self.shown_calls.by_id or (
            awaited is not None and awaited.name == call_id
        )
        if call_id is None or is_open:
            shown = self.shown_calls.take(trouble)
            self._tell(CallChanged(shown) if shown else TroubleSaid())

    async def _read(self, entry: Entry, shown: ShownCall) -> None:
        row = entry.call
        shown.names = read_names(row.folder)
        legs = tuple(leg.leg for leg in row.legs)
        call = Call(row.id, row.source, legs, row.started_at, row.zero_at)
        store = self.backend.store if self.backend else None
        with keeping_for_good():
            segments = await store.read_segments(row.id) if store else []
            await fill_call(
                shown,
                CallStarted(call, row.folder, tuple(leg.recording for leg in row.legs)),
                segments,
                reason=row.reason,
                duration_s=row.duration_s or 0.0,
            )
        for unclear in await store.read_unclear(row.id) if store else []:
            shown.take(unclear)
        for hold in entry.holds:
            shown.take(hold)
        for pressed in entry.dtmf:
            shown.take(pressed)
        for alert in await store.read_alerts([row.id]) if store else []:
            shown.take(alert)
        for mark in await store.read_marks([row.id]) if store else []:
            shown.take(mark)
        shown.troubles += [t.message for t in await store.read_troubles(row.id)] if store else []
        if entry.state == "unfinished":
            shown.troubles.append(f"Transcript incomplete. Finish it: streamer resume {row.id}")

    async def _run(self) -> None:
        request = self.request
        with self.bus.subscribe(capacity=CAPACITY) as events:
            feeding = asyncio.ensure_future(run_feed(events, self.shown_calls, self._tell))
            try:
                await self._work(request)
            except Exception:  # noqa: BLE001 - the task's outermost edge
                _log.exception("the backend has failed")
                self.bus.publish(
                    Trouble(
                        None,
                        "Live text stopped: an internal error, see the log. Recordings continue; restart streamer to see them.",
                    )
                )
                await asyncio.sleep(0)
            finally:
                feeding.cancel()
                await asyncio.wait([feeding])

    async def _work(self, request: ScreenRequest) -> None:
        async with request.open_backend(self.bus) as backend:
            self.backend = backend
            self._tell(BackendOpened())
            if request.watch is not None:
                watch = request.watch
                self._follow(
                    lambda: watch(backend, self.bus, request.outcome),
                    lambda: request.outcome.folder,
                )
            if request.attend is not None:
                attend = request.attend
                self._follow(lambda: attend(backend, self.bus, request.outcome), lambda: None)
            self._follow(lambda: self._follow_marks(backend), lambda: None)
            try:
                await asyncio.Event().wait()
            finally:  # before the backend is closed under them
                for task in self._following:
                    task.cancel()
                if self._following:
                    await asyncio.wait(self._following)

    async def _follow_marks(self, backend: Backend) -> None:
        def take(mark: Mark) -> None:
            if shown := self.shown_calls.take(mark):
                self._tell(CallChanged(shown))

        if store := await asyncio.shield(backend.opening):
            await follow_marks(store, self.shown_calls.by_id.values, take)

    def _follow(
        self,
        work: Callable[[], Coroutine[Any, Any, object]],
        find_folder: Callable[[], Path | None],
        *,
        may_be_tried_again: bool = False,
    ) -> None:
        task = asyncio.ensure_future(self._see_through(work, find_folder, may_be_tried_again))
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def _see_through(
        self,
        work: Callable[[], Coroutine[Any, Any, object]],
        find_folder: Callable[[], Path | None],
        may_be_tried_again: bool,
    ) -> None:
        is_said = False
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - the task's outermost edge
                from streamer.calls.failures import is_out_of_descriptors

                is_short = may_be_tried_again and is_out_of_descriptors(error)
                if not is_said:
                    self._say_failure(error, find_folder())
                is_said = True
                if is_short:
                    await asyncio.sleep(_RETRY_S)
                    continue
            return

    def _say_failure(self, error: Exception, folder: Path | None) -> None:
        from streamer.calls.failures import explain_stopped_text

        if isinstance(error, StreamerError):
            self.bus.publish(Trouble(None, str(error)))
            return
        _log.error("a call cannot be followed any more", exc_info=error)
        self.bus.publish(Trouble(None, explain_stopped_text(error, folder)))


def is_recorded(shown: ShownCall) -> bool:
    """Say whether a tap is recording the call now."""
    return shown.folder is not None and not shown.is_over and CallFolder(shown.folder).is_live()


def read_zero(shown: ShownCall) -> datetime | None:
    """Return when a call's position 0 was, as its recording says; None if there is no audio yet."""
    if shown.folder is None:
        return None
    with suppress(RecordingError, ValueError, KeyError, TypeError):
        return datetime.fromisoformat(CallFolder(shown.folder).read()["zero_at"])
    return None
