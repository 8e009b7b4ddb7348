"""The backend behind all tabs: it records and transcribes without a screen, and says on stderr what a screen would show."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from textual.message import Message

from streamer.bus import Bus, Subscription
from streamer.calls.backend import Backend
from streamer.calls.catalog import CallState
from streamer.calls.outcome import WatchOutcome
from streamer.cli import output
from streamer.cli.frontend import ScreenRequest
from streamer.core.events import CallStarted, Trouble
from streamer.errors import StreamerError
from tui.state.feed import CAPACITY
from tui.state.messages import BackendOpened
from tui.state.open_calls import OpenCalls
from tui.web.plan import TabPlan
from tui.web.server import TabServer
from tui.web.service import TabService

_TROUBLES = 50
"""Troubles that a new tab can be told; the oldest make room."""

_WANTED = 100
"""Calls that wait to be transcribed; when so many wait, a further one is not taken and has to be opened again."""

_log = logging.getLogger(__name__)


class WebBackend:
    """Works on the call of a request, and on each live call that is opened in a tab."""

    def __init__(self, request: ScreenRequest) -> None:
        self.has_nothing = asyncio.Event()
        """The call that was asked for has ended without a recording, so there is nothing to show."""
        self.server: TabServer | None = None
        self.open_calls = OpenCalls(
            replace(request, watch=self._watch if request.watch else None), self._take_message
        )
        self._request = request
        self._is_open = asyncio.Event()
        self._has_begun = asyncio.Event()
        self._wanted: asyncio.Queue[str] = asyncio.Queue(_WANTED)
        self._troubles = deque((Trouble(None, line) for line in request.troubles), _TROUBLES)

    async def begins(self) -> bool:
        """Wait until the call that was asked for is being recorded; False if it will not be. Without one, do not wait."""
        if self._request.watch is None:
            return True
        ends = [asyncio.ensure_future(e.wait()) for e in (self._has_begun, self.has_nothing)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        return not self.has_nothing.is_set()

    def plan(self) -> TabPlan:
        """Return what tabs are started with."""
        settings, folder = self._request.settings, self._request.outcome.folder
        return TabPlan(
            settings.recordings,
            settings.db,
            settings.log_file,
            self.open_calls.speech().model,
            str(folder or ""),
            settings.theme,
            "yes" if self._request.is_read_only else "",
        )

    def take_opened(self, tab: TabService, call_id: str) -> None:
        """Transcribe a call that has been opened, if it is live, and tell the tab what went wrong with it so far."""
        for trouble in self._troubles:
            if trouble.call_id == call_id:
                tab.send_trouble(trouble)
        try:
            self._wanted.put_nowait(call_id)
        except asyncio.QueueFull:
            _log.warning("too many calls were opened at once; open %s again", call_id)

    def take_tab(self, tab: TabService) -> None:
        """Tell a new tab what went wrong so far, as far as it concerns no call or the one it opens with."""
        folder = self._request.outcome.folder
        for trouble in self._troubles:
            if trouble.call_id in (None, folder.name if folder else None):
                tab.send_trouble(trouble)

    async def say_events(self, events: Subscription) -> None:
        """Say where the call is recorded, and what goes wrong, to the user and to all tabs."""
        async for event in events:
            match event:
                case CallStarted(call, folder) if folder == self._request.outcome.folder:
                    output.talk(f"recording {call.id} into {folder}")
                    self._has_begun.set()
                case Trouble(_, message):
                    output.talk(message)
                    self._troubles.append(event)
                    if self.server is not None:
                        self.server.tell(event)
                case _:
                    pass

    async def transcribe_wanted(self) -> None:
        """Follow each live call that is wanted, which transcribes it unless another streamer process does."""
        await self._is_open.wait()
        while True:
            call_id = await self._wanted.get()
            try:
                entry = await self.open_calls.find(call_id)
                if entry is not None and entry.state is CallState.LIVE:
                    await self.open_calls.open(entry)
            except StreamerError as error:
                self.open_calls.bus.publish(Trouble(None, str(error)))

    async def _watch(self, backend: Backend, bus: Bus, outcome: WatchOutcome) -> None:
        assert self._request.watch
        try:
            await self._request.watch(backend, bus, outcome)
        finally:
            if outcome.folder is None or not outcome.folder.exists():
                self.has_nothing.set()

    def _take_message(self, message: Message) -> None:
        if isinstance(message, BackendOpened):
            self._is_open.set()


@asynccontextmanager
async def open_web_backend(request: ScreenRequest) -> AsyncIterator[WebBackend]:
    """Work for a request while the block lasts; recordings go on afterwards."""
    backend = WebBackend(request)
    with backend.open_calls.bus.subscribe(capacity=CAPACITY) as events:
        tasks = [
            asyncio.ensure_future(backend.say_events(events)),
            asyncio.ensure_future(backend.transcribe_wanted()),
        ]
        backend.open_calls.start()
        try:
            yield backend
        finally:
            await backend.open_calls.aclose()
            await asyncio.sleep(0)  # what was said last is still to be read
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
