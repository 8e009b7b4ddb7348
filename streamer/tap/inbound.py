"""The tap of calls that come to us: one process listens, and records every call that comes, each into its own folder.

It ends when it is told to, and only once every call has ended; who listens on an address is told by a lock, as with channels:
whoever finds it taken follows the calls instead. `stop_listener` leaves a file beside the lock, seen within `POLL_S`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from streamer.bus import Bus
from streamer.core.events import EndReason, Trouble
from streamer.errors import KeeperError, RecordingError, UnreachableError
from streamer.keeper.client import Keeper, open_keeper
from streamer.recording.disk import Disk
from streamer.recording.locks import Lock, channel_lock_path, is_locked, is_there, take_lock
from streamer.recording.writer import create_recording, make_private_folder
from streamer.sources.admission import Limiter
from streamer.sources.audiosocket.server import AudioSocketServer
from streamer.sources.base import InboundCall, Server
from streamer.sources.inbound import Admitted, ServerOptions
from streamer.sources.playout import FrameClock, Playback
from streamer.sources.tcp import resolve_address
from streamer.tap.tap import Stop, run_tap
from streamer.wire.formats import Format

SERVERS: Mapping[str, Callable[[ServerOptions], Server]] = {"audiosocket": AudioSocketServer}
"""The protocols of calls that come to us, by the name of their source."""

POLL_S = 0.25
KEEPER_REST_S = 2.0
"""Between two attempts to get a keeper."""

_LOOKS_FOR_OTHER = 5
_LOOK_S = 0.05
"""Another listener has its address a moment before it has its lock."""

_log = logging.getLogger(__name__)


class AddressTakenError(UnreachableError):
    """Another listener of the same recordings has the address."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is being listened on already")
        self.address = address


@dataclass(frozen=True, slots=True)
class ListenPlan:
    """Where to listen, how callers are received, and where their calls go; `source` is one of `SERVERS`."""

    source: str
    host: str
    port: int
    recordings: Path
    admit: Callable[[UUID], Admitted | str]
    new_playback: Callable[[], Playback | None]
    fills_silence: bool
    format: Format | None
    most_calls: int
    grace_s: float | None
    """Seconds that calls have to end by themselves once the listener is told to end; None for as long as they take."""
    keeper_patience_s: float
    runtime_dir: Path | None


class Listener:
    """A server and its calls; `stop` is a request to end."""

    def __init__(self, plan: ListenPlan, bus: Bus, *, clock: Callable[[], float]) -> None:
        self.stopping = asyncio.Event()
        self._plan = plan
        self._bus = bus
        self._clock = clock
        self._keeper: Keeper | None = None
        self._has_keeper = asyncio.Event()
        self._disk = Disk()
        self._stops: set[Stop] = set()
        self._is_over = False
        """The calls have had the time that they were given."""
        options = ServerOptions(
            admit=plan.admit,
            limiter=Limiter(most=plan.most_calls, clock=clock),
            frame_clock=FrameClock(),
            keeper=lambda: self._keeper,
            wait_for_keeper=self._wait_for_keeper,
            say=self._say,
            clock=clock,
            new_playback=plan.new_playback,
            fills_silence=plan.fills_silence,
            format=plan.format,
        )
        self._server = SERVERS[plan.source](options)

    async def run(self, on_listening: Callable[[str], None]) -> None:
        """Listen until told to end, then until every call has ended.

        Raises:
            AddressTakenError: Another listener of these recordings is at it.
            UnreachableError: The address cannot be had.
            RecordingError: The folder of recordings cannot be written.
        """
        async with self._listen() as place:
            on_listening(self._server.address)
            helpers = [
                asyncio.ensure_future(self._keep_protected()),
                asyncio.ensure_future(self._watch_for_stop(place.stop_path)),
                asyncio.ensure_future(self._end_in_time(place)),
            ]
            try:
                async with asyncio.TaskGroup() as group:
                    async for call in self._server.calls():
                        group.create_task(self._record(call))
            finally:
                for helper in helpers:
                    helper.cancel()
                await asyncio.wait(helpers)

    @asynccontextmanager
    async def _listen(self) -> AsyncIterator[_Place]:
        plan = self._plan
        try:
            await self._server.listen(plan.host, plan.port)
        except UnreachableError as error:
            if address := await self._find_other():
                raise AddressTakenError(address) from error
            raise
        try:
            place = _Place(plan.recordings, plan.source, self._server.address)
            with contextlib.closing(place):
                yield place
        finally:
            self._server.stop_listening()

    async def _find_other(self) -> str:
        """Return the address if another listener of these recordings has it, else nothing."""
        plan = self._plan
        with contextlib.suppress(OSError, UnicodeError):
            address = await asyncio.to_thread(resolve_address, plan.host, plan.port)
            for _ in range(_LOOKS_FOR_OTHER):
                if is_listening(plan.recordings, plan.source, address):
                    return address
                await asyncio.sleep(_LOOK_S)
        return ""

    async def _record(self, call: InboundCall) -> None:
        stop = Stop()
        if self._is_over:
            stop.request(EndReason.INTERRUPTED)
        self._stops.add(stop)
        try:
            # In a thread: a disk that takes its time must not keep all other calls waiting.
            recording = await asyncio.to_thread(
                create_recording,
                self._plan.recordings,
                source=self._plan.source,
                url=f"{self._plan.source}://{self._server.address}",
                legs=call.legs,
                facts=call.facts,
                clock=self._clock,
                disk=self._disk,
            )
            await run_tap(call, recording, self._bus, stop=stop, clock=self._clock)
        except RecordingError as error:
            self._say(f"a call is not recorded, but goes on: {error}")
            await _see_out(call, stop)
        except Exception:  # noqa: BLE001 - one call's failure must not end the others
            _log.exception("a call cannot be recorded any more")
            self._say(f"a call from {call.facts['peer']} cannot be recorded any more; see the log")
        finally:
            self._stops.discard(stop)

    async def _keep_protected(self) -> None:
        """Have a keeper at all times; one that has taken the calls over is left with them."""
        is_said = False
        while True:
            try:
                async with open_keeper(
                    self._plan.runtime_dir,
                    patience_s=self._plan.keeper_patience_s,
                    say_trouble=self._say,
                ) as keeper:
                    self._keeper, is_said = keeper, False
                    self._has_keeper.set()
                    await keeper.lost.wait()
                    self._server.give_up()
            except KeeperError as error:
                if not is_said:
                    self._say(f"{error}; calls are recorded, but would not survive this process")
                is_said = True
                await asyncio.sleep(KEEPER_REST_S)
            finally:
                self._keeper = None
                self._has_keeper.clear()

    async def _wait_for_keeper(self) -> Keeper:
        while self._keeper is None:
            await self._has_keeper.wait()
        return self._keeper

    async def _watch_for_stop(self, path: Path) -> None:
        while not is_there(path):  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(POLL_S)
        self.stopping.set()

    async def _end_in_time(self, place: _Place) -> None:
        await self.stopping.wait()
        self._server.stop_listening()
        place.close()  # another may listen there while our calls go on
        if self._plan.grace_s is not None:
            await asyncio.sleep(self._plan.grace_s)
            self._is_over = True
            for stop in self._stops.copy():
                stop.request(EndReason.INTERRUPTED)

    def _say(self, message: str) -> None:
        self._bus.publish(Trouble(None, message))


async def _see_out(call: InboundCall, stop: Stop) -> None:
    """Let a call go on that is not recorded, for as long as one that is may go on."""

    async def follow() -> None:
        async for _ in call:
            pass

    tasks = [asyncio.ensure_future(follow()), asyncio.ensure_future(stop.requested.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await call.aclose()


class _Place:
    """The lock of an address, with the file beside it that ends its holder."""

    def __init__(self, recordings: Path, source: str, address: str) -> None:
        path = _lock_path(recordings, source, address)
        self.stop_path = path.with_suffix(".stop")
        try:
            make_private_folder(recordings)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            self.stop_path.unlink(missing_ok=True)
            lock = take_lock(path)
        except OSError as error:
            raise RecordingError(
                f"cannot record in {recordings}: {error.strerror or error}"
            ) from error
        if lock is None:
            raise AddressTakenError(address)
        self._lock: Lock | None = lock

    def close(self) -> None:
        """Let go of the address; idempotent."""
        if self._lock is not None:
            self.stop_path.unlink(missing_ok=True)
            self._lock.release()
            self._lock = None


def _lock_path(recordings: Path, source: str, address: str) -> Path:
    return channel_lock_path(recordings, url=f"{source}://{address}", channel="")


def is_listening(recordings: Path, source: str, address: str) -> bool:
    """Say whether a listener of these recordings is at an address, a host and port as it says them itself."""
    return is_locked(_lock_path(recordings, source, address))


def leader_lock_path(recordings: Path, source: str, address: str) -> Path:
    """Name the lock of the `serve` that leads a listener."""
    return _lock_path(recordings, source, address).with_suffix(".front")


def stop_listener(recordings: Path, source: str, address: str) -> None:
    """Ask the listener at an address to end; its calls go on to their ends."""
    _lock_path(recordings, source, address).with_suffix(".stop").touch(mode=0o600)


def raise_descriptor_limit() -> None:
    """Take as many descriptors as the system gives: each call needs one, and one for its WAV."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
