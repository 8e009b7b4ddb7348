"""Calls that come to us: listeners in a process of their own, and a session for every call that they record.

Theory of operation. The listeners outlive this process, so they are only asked to begin and to end: calls are found in the folder of
recordings, whoever records them, as long as they are of a source that comes to us. Listeners that are there already, because an earlier
`serve` was killed, are taken over; those that were killed are replaced. Of several serves of the same listeners the first *leads*, by a
lock: only its leaving ends the listening, and when it is killed another leads.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from streamer.bus import Bus
from streamer.calls.catalog import folder_names
from streamer.calls.session import Backend, run_session
from streamer.config import Settings
from streamer.core.events import EndReason, Listening, Trouble
from streamer.errors import ExitCode, RecordingError, StreamerError
from streamer.recording.locks import Lock, take_lock
from streamer.recording.reader import is_live, read_call
from streamer.tap.detached import DetachedProcess, LogTail
from streamer.tap.inbound import SERVERS, is_listening, leader_lock_path, stop_listener
from streamer.tap.inbound_process import LISTENER_LOG, ListenOptions, start_listener

LOOK_S = 0.1
"""Between two looks for new calls; a look costs one `stat` while there are none."""

RESTART_S = 1.0

_CLOSE_NS = 100_000_000
_LOOKS_FOR_JSON = 50
_log = logging.getLogger(__name__)


class ListenError(StreamerError):
    """The listener could not begin; it has said why."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.exit_code = ExitCode(code)


@dataclass(slots=True)
class ServeOutcome:
    """What has become of the calls, as far as a command has to say it in the end."""

    address: str = ""
    """Where calls are listened for, empty before."""
    live: set[str] = field(default_factory=set)
    """Calls that are being followed now."""
    left: tuple[str, ...] = ()
    """Calls that were not followed to their end."""
    has_failed: bool = False
    """A call was lost, or its text is not complete."""


class Arrivals:
    """Notices calls that begin to be recorded into a folder, those first that are live already."""

    def __init__(self, recordings: Path) -> None:
        self._recordings = recordings
        self._listed_at = -1
        self._known: set[str] | None = None
        self._unread: dict[
            str, int
        ] = {}  # whose call.json is not there yet, and how often it is looked for

    def look(self) -> list[Path]:
        """Return what is new since the last look; blocks for as long as it takes to list a folder."""
        changed_at = self._read_change()
        if changed_at != self._listed_at:
            self._list()
            # Two changes may bear the same time, if they follow each other closely.
            is_settled = time.time_ns() - changed_at > _CLOSE_NS
            self._listed_at = changed_at if is_settled else -1
        return [folder for name in sorted(self._unread) if (folder := self._read(name))]

    def _read_change(self) -> int:
        with suppress(OSError):
            return self._recordings.stat().st_mtime_ns
        return 0

    def _list(self) -> None:
        try:
            names = folder_names(self._recordings)
        except RecordingError:
            return
        if self._known is None:
            new = [name for name in names if is_live(self._recordings / name)]
        else:
            new = [name for name in names if name not in self._known]
        self._unread.update(dict.fromkeys(new, _LOOKS_FOR_JSON))
        self._known = set(names)

    def _read(self, name: str) -> Path | None:
        folder = self._recordings / name
        self._unread[name] -= 1
        try:
            source = read_call(folder).get("source")
        except RecordingError:
            if not self._unread[name]:
                del self._unread[name]
            return None
        del self._unread[name]
        return folder if source in SERVERS else None


async def serve_calls(
    settings: Settings,
    options: ListenOptions,
    backend: Backend,
    bus: Bus,
    served: ServeOutcome,
    *,
    waits: bool,
) -> None:
    """Have calls recorded as they come, and follow each to its end, until cancelled.

    Cancelling this ends the listening. The calls that are live go on; with `waits` they are followed to their ends, unless this is
    cancelled once more.

    Raises:
        ListenError: It could not be begun.
    """
    serving = _ServeSession(settings, options, backend, bus, served)
    following = asyncio.ensure_future(serving.follow_arrivals())
    listening = asyncio.ensure_future(serving.keep_listening())
    try:
        await asyncio.wait([following, listening], return_when=asyncio.FIRST_COMPLETED)
        for task in (listening, following):
            if task.done():
                task.result()
    except asyncio.CancelledError:
        serving.stop()
        if waits and serving.leads:
            await serving.see_out(listening)
        raise
    finally:
        serving.close()
        served.left = tuple(sorted(served.live))
        for task in (following, listening, *serving.sessions):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class _ServeSession:
    def __init__(
        self,
        settings: Settings,
        options: ListenOptions,
        backend: Backend,
        bus: Bus,
        served: ServeOutcome,
    ) -> None:
        self.sessions: set[asyncio.Task[None]] = set()
        self._settings = settings
        self._recordings = Path(settings.recordings)
        self._options = options
        self._backend = backend
        self._bus = bus
        self._outcome = served
        self._is_stopping = False
        self._process: DetachedProcess | None = None
        """The listener that was started here."""
        self._lead: Lock | None = None

    @property
    def leads(self) -> bool:
        """Say whether the listening ends with this serving."""
        return self._lead is not None

    def close(self) -> None:
        """Let another session lead."""
        if self._lead is not None:
            self._lead.release()

    def stop(self) -> None:
        """Have no more calls taken, if this session leads."""
        self._is_stopping = True
        if self.leads:
            with suppress(OSError):  # the folder of recordings is gone, or full
                stop_listener(self._recordings, self._options.source, self._outcome.address)
                return
        if self._process is not None:  # without effect if it has found another listener there
            self._process.terminate()

    async def see_out(self, listening: asyncio.Future[None]) -> None:
        """Follow the calls that are live to their ends."""
        if self._outcome.live:
            self._say(
                f"no more calls are taken; following {len(self._outcome.live)} to the end (once more leaves them to the"
                " recorder)"
            )
        await asyncio.wait([listening])
        while self.sessions:
            await asyncio.wait(self.sessions)

    async def follow_arrivals(self) -> None:
        """Begin a session for every call that comes."""
        arrivals = Arrivals(self._recordings)
        while True:
            for folder in await asyncio.to_thread(arrivals.look):
                task = asyncio.ensure_future(self._follow(folder))
                self.sessions.add(task)
                task.add_done_callback(self.sessions.discard)
            await asyncio.sleep(LOOK_S)

    async def keep_listening(self) -> None:
        """Have a listener at all times, until `stop`."""
        while not self._is_stopping:
            code = await self._listen()
            if code is None and not self._is_stopping:
                self._say(
                    "the listener was killed; its calls go on in the dialplan; starting another"
                )
                await asyncio.sleep(RESTART_S)

    async def _follow(self, folder: Path) -> None:
        self._outcome.live.add(folder.name)
        try:
            result = await run_session(folder, self._backend, self._bus)
            is_whole = result.reason in (EndReason.HANG_UP, EndReason.STOPPED)
            has_failed = bool(result.trouble) or not is_whole
        except RecordingError as error:
            has_failed = True
            self._bus.publish(Trouble(folder.name, str(error)))
        except Exception as error:  # noqa: BLE001 - the task's outermost edge
            has_failed = True
            _log.exception("a call cannot be followed any more")
            self._bus.publish(
                Trouble(folder.name, f"it is recorded, but followed no more: {error!r}")
            )
        finally:
            self._outcome.live.discard(folder.name)
        self._outcome.has_failed |= has_failed

    async def _listen(self) -> int | None:
        """Start a listener and take what it says until it ends; return its exit code, None if it was killed."""
        process = self._process = start_listener(self._settings, self._options)
        message = ""
        async for line in process.lines():
            if "listening" in line:
                self._begin(str(line["listening"]))
            elif "registering" in line:
                self._bus.publish(Listening("registration", str(line["registering"])))
            elif "taken" in line:
                await self._take_over(str(line["taken"]))
            elif "message" in line:
                message = str(line["message"])
                if self._outcome.address:
                    self._bus.publish(Trouble(line["call"], message))
            elif "exit_code" in line:
                code = int(line["exit_code"])
                if code:
                    raise ListenError(message, code)
                return code
        return None

    async def _take_over(self, address: str) -> None:
        """Live with a listener that somebody else has started, until it ends."""
        self._begin(address)
        rest = "" if self.leads else "; leaving ends nothing, another serve leads"
        self._say(
            f"{address} is being listened on already, with the options that it was given; its calls are followed{rest}"
        )
        log = LogTail(self._recordings / LISTENER_LOG)
        while is_listening(self._recordings, self._options.source, address):
            await asyncio.sleep(LOOK_S)
            self._try_to_lead()
            for line in log.read():
                self._say(line)
        if not self._is_stopping:
            self._say("the listener has ended; starting another")

    def _try_to_lead(self) -> None:
        with suppress(OSError):  # the folder of recordings is gone
            path = leader_lock_path(self._recordings, self._options.source, self._outcome.address)
            self._lead = self._lead or take_lock(path)

    def _begin(self, address: str) -> None:
        self._outcome.address = address
        self._try_to_lead()
        if self._is_stopping:
            self.stop()
        self._bus.publish(Listening(self._options.source, address))

    def _say(self, message: str) -> None:
        self._bus.publish(Trouble(None, message))
