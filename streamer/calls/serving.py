"""Calls that come to us: listeners in a process of their own, and a session for every call that they record.

Theory of operation. The listeners outlive this process, so they are only asked to begin and to end: calls are found in the folder of
recordings, whoever records them, as long as they are of a source that comes to us. Listeners that are there already, because an earlier
`serve` was killed, are taken over; those that were killed are replaced. Of several serves of the same listeners the first *leads*, by a
lock: only its leaving ends the listening, and when it is killed another leads. A `serve` that begins beside listeners of another version
has them take no more calls, and starts its own: so calls go on while streamer is upgraded. One that has begun already only follows, so
that two versions do not replace each other's for ever.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from streamer import __version__
from streamer.bus import Bus
from streamer.calls.backend import Backend
from streamer.calls.failures import explain_stopped_text
from streamer.calls.session import run_session
from streamer.config import Settings
from streamer.core.events import EndReason, Listening, Trouble
from streamer.errors import ExitCode, RecordingError, StreamerError
from streamer.recording.index import Arrivals
from streamer.recording.locks import Lock, take_lock
from streamer.sources import COMING, INBOUND
from streamer.tap.addresses import (
    find_other_version,
    is_listening,
    leader_lock_path,
    stop_listener,
)
from streamer.tap.detached import DetachedProcess, LogTail
from streamer.tap.inbound_process import LISTENER_LOG, start_listener
from streamer.tap.listen_plan import ListenOptions
from streamer.tap.messages import AddressTaken, Exited, ListeningBegun, Said
from streamer.wire.protocols import ARI, STREAM_CHANNEL

LOOK_S = 0.1
"""Seconds between two looks for new calls."""

RESTART_S = 1.0
_log = logging.getLogger(__name__)


class ListenError(StreamerError):
    """The listener could not begin; it has said why."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.exit_code = ExitCode(code)


@dataclass(slots=True)
class ServeOutcome:
    """What has become of the calls, as far as a command has to say it in the end."""

    addresses: list[tuple[str, str]] = field(default_factory=list)
    """Where calls are listened for: source, and host and port; empty before."""
    live: set[str] = field(default_factory=set)
    """Calls that are being followed now."""
    left: tuple[str, ...] = ()
    """Calls that were not followed to their end."""
    has_failed: bool = False
    """A call was lost, or its text is not complete."""


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
        self._has_begun = False
        self._is_outdated = False
        """The listener is of another version, which a `serve` of that version has started."""
        self._lead: dict[tuple[str, str], Lock] = {}  # by source and address

    @property
    def leads(self) -> bool:
        """Say whether the listening ends with this session."""
        addresses = self._outcome.addresses
        return bool(addresses) and all(address in self._lead for address in addresses)

    def close(self) -> None:
        """Let another session lead."""
        for lock in self._lead.values():
            lock.release()
        self._lead.clear()

    def stop(self) -> None:
        """Have no more calls taken, if this session leads."""
        self._is_stopping = True
        self._try_to_lead()
        if self.leads:
            with suppress(OSError):  # the folder of recordings is gone, or full
                for source, address in self._outcome.addresses:
                    stop_listener(self._recordings, source, address)
                return
        if self._process is not None:  # without effect if it has found another listener there
            self._process.terminate()

    async def see_out(self, listening: asyncio.Future[None]) -> None:
        """Follow the calls that are live to their ends."""
        if self._outcome.live:
            self._say(
                f"Not accepting new calls. Waiting for {len(self._outcome.live)} to end; Ctrl-C again to leave"
                " (they stay recorded)."
            )
        await asyncio.wait([listening])
        while self.sessions:
            await asyncio.wait(self.sessions)

    async def follow_arrivals(self) -> None:
        """Begin a session for every call that comes."""
        arrivals = Arrivals(self._recordings, sources=COMING)
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
                    "The listener was killed. Its calls continue in the dialplan. Starting another listener."
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
                Trouble(
                    folder.name,
                    explain_stopped_text(error, folder),
                )
            )
        finally:
            self._outcome.live.discard(folder.name)
        self._outcome.has_failed |= has_failed

    async def _listen(self) -> int | None:
        """Start a listener and take what it says until it ends; return its exit code, None if it was killed."""
        process = self._process = start_listener(self._settings, self._options)
        self._is_outdated = False
        self._outcome.addresses.clear()
        message, ended = "", None
        async for said in process.messages():
            match said:
                case ListeningBegun(source, address, calls):
                    self._begin(source, address, calls)
                case AddressTaken(source, address):
                    await self._take_over(source, address)
                case Said(message, call_id):
                    if self._has_begun:
                        self._bus.publish(Trouble(call_id, message))
                case Exited(code):
                    ended = code  # its last message: the process is gone when they end
                case other:
                    raise AssertionError(f"{other!r} is not a message of a listener")
        if ended:
            raise ListenError(message, ended)
        return ended

    async def _take_over(self, source: str, address: str) -> None:
        """Live with a listener that somebody else has started, until it ends; one of another version is replaced."""
        version = find_other_version(self._recordings, source, address)
        if version and not self._has_begun:
            await self._replace(source, address, version)
            return
        self._is_outdated = bool(version)
        if self._is_outdated:
            self.close()  # who started it leads
        self._begin(source, address)
        rest = "" if self.leads else " Leaving this one does not stop the listener."
        self._say(
            f"Another streamer listens on {address} already, with its own options. Showing its calls.{rest}"
        )
        log = LogTail(self._recordings / LISTENER_LOG)
        while is_listening(self._recordings, source, address):
            await asyncio.sleep(LOOK_S)
            self._try_to_lead()
            for line in log.read():
                self._say(line)
        if not self._is_stopping:
            self._say("The listener has ended. Starting another one.")

    async def _replace(self, source: str, address: str, version: str) -> None:
        """Have a listener of another version take no more calls; it frees the address at once and sees its calls out."""
        self._say(
            f"Another version of streamer ({version}) listens on {address}. It finishes its calls; this one ({__version__}) takes new ones."
        )
        with suppress(OSError):  # it is gone, and its folder with it
            stop_listener(self._recordings, source, address)
        while is_listening(self._recordings, source, address):  # noqa: ASYNC110 - others hold it
            await asyncio.sleep(LOOK_S)

    def _try_to_lead(self) -> None:
        if self._is_outdated:
            return
        with suppress(OSError):  # the folder of recordings is gone
            for source, address in self._outcome.addresses:
                if (source, address) not in self._lead:
                    lock = take_lock(leader_lock_path(self._recordings, source, address))
                    if lock is not None:
                        self._lead[source, address] = lock

    def _begin(self, source: str, address: str, calls: int = 0) -> None:
        self._has_begun = True
        if source in (*INBOUND, ARI.name, STREAM_CHANNEL.name):
            self._outcome.addresses.append((source, address))
            self._try_to_lead()
        if self._is_stopping:
            self.stop()
        self._bus.publish(Listening(source, address, calls))

    def _say(self, message: str) -> None:
        self._bus.publish(Trouble(None, message))
