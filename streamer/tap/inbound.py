"""The tap of calls that come to us: one process listens at any number of addresses, and records every call that comes.

It ends when it is told to, and only once every call has ended; who listens at an address is told by a lock, as with channels (see
`addresses`): whoever finds it taken follows the calls instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import UUID

from streamer.bus import Bus
from streamer.core.addresses import show_address
from streamer.core.events import EndReason, Trouble
from streamer.errors import RecordingError, UnreachableError
from streamer.recording.amending import amend_facts
from streamer.recording.disk import Disk
from streamer.recording.folder import CallFolder
from streamer.recording.locks import is_there, runtime_note_path
from streamer.recording.writer import create_recording
from streamer.sources import INBOUND, MakeInbound
from streamer.sources.admission import Limiter
from streamer.sources.base import Inbound, InboundCall, Prepared, Sourced
from streamer.sources.inbound import ServerOptions, WebOptions
from streamer.sources.playout import FrameClock
from streamer.sources.registration.registry import find_uuid
from streamer.sources.tcp import resolve_address
from streamer.tap.addresses import AddressTakenError, Place, is_listening
from streamer.tap.listen_plan import ListenAddress, ListenPlan
from streamer.tap.listeners import (
    HeldNote,
    ListenerNote,
    describe_listener,
    find_listener,
    note_listener,
)
from streamer.tap.protection import Protection
from streamer.tap.tap import Stop, run_tap
from streamer.wire.protocols import ARI, STREAM_CHANNEL

POLL_S = 0.25
_LOOKS_FOR_OTHER = 5
_LOOK_S = 0.05
"""Another listener has its address a moment before it has its lock."""

_UNKEPT = (ARI.name, STREAM_CHANNEL.name)
"""Where we are no party of a call, so no keeper is needed."""

_log = logging.getLogger(__name__)


class Listener:
    """All servers of one process and their calls: one limit on calls, one keeper, one disk. `stopping` is a request to end."""

    def __init__(
        self,
        plan: ListenPlan,
        bus: Bus,
        *,
        clock: Callable[[], float],
        inbound: Mapping[str, MakeInbound] = INBOUND,
    ) -> None:
        self.stopping = asyncio.Event()
        self._plan = plan
        self._bus = bus
        self._clock = clock
        self.protection = Protection(
            plan.runtime_dir,
            note=runtime_note_path(plan.recordings),
            patience_s=plan.keeper_patience_s,
            give_up=self._give_up,
            say=self._say,
        )
        self._disk = Disk()
        self._stops: set[Stop] = set()
        self._notes: list[HeldNote] = []
        """What tells a `serve` of other recordings whose these addresses are."""
        self._is_over = False
        """The calls have had the time that they were given."""
        options = self._make_options()
        self._servers = [
            (where, inbound[where.source](_fit_options(options, plan.web, where)))
            for where in plan.addresses
        ]

    def _make_options(self) -> ServerOptions:
        """Return what all servers have in common."""
        plan, clock = self._plan, self._clock
        return ServerOptions(
            admit=plan.admit,
            limiter=Limiter(most=plan.most_calls, clock=clock, most_strangers=plan.most_strangers),
            frame_clock=FrameClock(),
            keeper=lambda: self.protection.keeper,
            wait_for_keeper=self.protection.wait,
            say=self._say,
            clock=clock,
            new_playback=plan.new_playback,
            fills_silence=plan.fills_silence,
            format=plan.format,
            count_calls=self._count_calls,
            is_expected=plan.is_expected,
            shares_ids=plan.shares_ids,
            admit_name=plan.admit_name,
        )

    async def run(
        self,
        on_listening: Callable[[str, str], None],
        *,
        on_begun: Callable[[], None] = lambda: None,
        registrations: Sequence[str] = (),
    ) -> None:
        """Listen until told to end, then until every call has ended; `on_listening` gets each source and address, `on_begun` comes then.

        `registrations` are where calls are registered.

        Raises:
            AddressTakenError: Another listener of these recordings is at one of the addresses.
            UnreachableError: One cannot be had.
            RecordingError: The folder of recordings cannot be written.
        """
        async with AsyncExitStack() as stack:
            places = [
                await stack.enter_async_context(self._listen(where, server))
                for where, server in self._servers
            ]
            stack.callback(self._close_notes)
            for where, server in self._servers:
                if where.source != ARI.name:  # there the PBX listens, not we
                    self._note(where.source, server.address, registrations)
                on_listening(where.source, server.address)
            on_begun()
            helpers = [
                asyncio.ensure_future(self._protect()),
                asyncio.ensure_future(self._watch_for_stop(places)),
                asyncio.ensure_future(self._end_in_time(places)),
            ]
            try:
                async with asyncio.TaskGroup() as group:
                    for where, server in self._servers:
                        group.create_task(self._record_all(where, server, group))
            finally:
                for helper in helpers:
                    helper.cancel()
                await asyncio.wait(helpers)

    @asynccontextmanager
    async def _listen(self, where: ListenAddress, server: Inbound) -> AsyncIterator[Place]:
        try:
            await server.listen(where.host, where.port)
        except UnreachableError as error:
            if address := await self._find_other(where):
                raise AddressTakenError(where.source, address) from error
            if told := await asyncio.to_thread(self._describe_holder, where):
                raise UnreachableError(told) from error
            raise
        try:
            place = Place(self._plan.recordings, where.source, server.address)
            with contextlib.closing(place):
                yield place
        finally:
            server.stop_listening()

    async def _find_other(self, where: ListenAddress) -> str:
        """Return the address if another listener of these recordings has it, else nothing."""
        for _ in range(_LOOKS_FOR_OTHER):
            if address := await asyncio.to_thread(find_other, self._plan.recordings, where):
                return address
            await asyncio.sleep(_LOOK_S)
        return ""

    def _describe_holder(self, where: ListenAddress) -> str:
        """Say whose listener has an address, empty if it is none of this user's."""
        plan = self._plan
        other = find_listener(
            where.host, where.port, recordings=plan.recordings, runtime_dir=plan.runtime_dir
        )
        shown = show_address(where.host, where.port)
        return f"cannot listen on {shown}: {describe_listener(other.note)}" if other else ""

    def _note(self, source: str, address: str, registrations: Sequence[str]) -> None:
        recordings = str(self._plan.recordings.absolute())
        note = ListenerNote(source, address, recordings, " ".join(registrations))
        if held := note_listener(note, runtime_dir=self._plan.runtime_dir):
            self._notes.append(held)

    def _close_notes(self) -> None:
        while self._notes:
            self._notes.pop().close()

    async def _record_all(
        self, where: ListenAddress, server: Inbound, group: asyncio.TaskGroup
    ) -> None:
        async for call in server.calls():
            source = call.source if isinstance(call, Sourced) else where.source
            group.create_task(self._record(call, source, server.address))

    async def _record(self, call: InboundCall, source: str, address: str) -> None:
        """Record a call to its end; whatever goes wrong with it, the others go on."""
        stop = Stop()
        if self._is_over:
            stop.request(EndReason.INTERRUPTED)
        self._stops.add(stop)
        try:
            await self._tap(call, source, address, stop)
        except RecordingError as error:
            self._say(f"a call cannot be recorded, but continues: {error}")
            await _see_out(call, stop)
        except Exception:  # noqa: BLE001 - one call's failure must not end the others
            _log.exception("a call cannot be recorded any more")
            self._say(
                f"a call from {call.facts.get('peer', address)} cannot be recorded any more; see the log"
            )
        finally:
            self._stops.discard(stop)

    async def _tap(self, call: InboundCall, source: str, address: str, stop: Stop) -> None:
        # In a thread: a disk that takes its time must not keep all other calls waiting.
        recording = await asyncio.to_thread(
            create_recording,
            self._plan.recordings,
            source=source,
            url=f"{source}://{address}",
            legs=call.legs,
            facts=call.facts,
            clock=self._clock,
            disk=self._disk,
        )
        if isinstance(call, Prepared):
            call.begin(recording.folder, recording.note_facts)
        context = self._follow_status(call, recording.note_facts)
        try:
            await run_tap(call, recording, self._bus, stop=stop, clock=self._clock)
        finally:
            if context is not None and self._plan.statuses is not None:
                # What is said of the call from now on comes after its recording.
                self._plan.statuses.follow(context, partial(_amend, CallFolder(recording.folder)))

    def _follow_status(
        self, call: InboundCall, take: Callable[[Mapping[str, str]], None]
    ) -> UUID | None:
        """Have what a PBX says of a call passed on to `take`; return the id by which it is known, None if it has none."""
        context = find_uuid(call.facts.get("uuid") or call.facts.get("id", ""))
        if context is not None and self._plan.statuses is not None:
            self._plan.statuses.follow(context, take)
        return context

    async def _protect(self) -> None:
        if any(where.source not in _UNKEPT for where, _ in self._servers):
            await self.protection.run()

    def _count_calls(self) -> int:
        """Count what takes the room of a call: live ones, and sockets that the keeper drains because their peers stay."""
        live = sum(server.live_calls for _, server in self._servers)
        return live + self.protection.count_parked()

    def _give_up(self) -> None:
        for _, server in self._servers:
            server.give_up()

    async def _watch_for_stop(self, places: Sequence[Place]) -> None:
        while not self._is_stop_requested(places):  # noqa: ASYNC110 - others make it
            await asyncio.sleep(POLL_S)
        self.stopping.set()

    def _is_stop_requested(self, places: Sequence[Place]) -> bool:
        is_asked = any(is_there(place.stop_path) for place in places)
        return is_asked or any(note.is_stop_requested() for note in self._notes)

    async def _end_in_time(self, places: Sequence[Place]) -> None:
        await self.stopping.wait()
        for _, server in self._servers:
            server.stop_listening()
        for place in places:
            place.close()  # another may listen there while our calls go on
        self._close_notes()
        if self._plan.grace_s is not None:
            await asyncio.sleep(self._plan.grace_s)
            self._is_over = True
            for stop in self._stops.copy():
                stop.request(EndReason.INTERRUPTED)

    def _say(self, message: str) -> None:
        self._bus.publish(Trouble(None, message))


def _fit_options(options: ServerOptions, web: WebOptions, where: ListenAddress) -> ServerOptions:
    own = replace(
        web,
        auth=where.auth,
        rate=where.rate,
        yeastar_auth=where.yeastar_auth,
        tls=web.tls if where.has_tls else None,
        public_url=where.public_url,
    )
    return replace(options, web=own)


def _amend(place: CallFolder, facts: Mapping[str, str]) -> None:
    """Take note of what is said of a call that has ended, if its recording is still there."""

    def write() -> None:
        with contextlib.suppress(OSError, RecordingError):
            amend_facts(place, facts)

    asyncio.get_running_loop().run_in_executor(None, write)


def find_other(recordings: Path, where: ListenAddress) -> str:
    """Return the address if a listener of these recordings has it, else nothing."""
    with contextlib.suppress(OSError, UnicodeError):
        address = resolve_address(where.host, where.port)
        return address if is_listening(recordings, where.source, address) else ""
    return ""


async def _see_out(call: InboundCall, stop: Stop) -> None:
    """Let a call go on without a recording, for as long as a recorded one may."""

    async def follow() -> None:
        async for _ in call:
            pass

    tasks = [asyncio.ensure_future(follow()), asyncio.ensure_future(stop.requested.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await call.aclose()
