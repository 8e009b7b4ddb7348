"""Records the call of a channel through ARI; a module of its own, since only this needs a client of HTTP.

There is no keeper: a snoop is no party of the call, so this process may die at any time, and the call goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.ari.client import Ari, open_ari
from streamer.bus import Bus
from streamer.recording.locks import Lock, channel_lock_path, take_lock
from streamer.recording.writer import Recording, create_recording
from streamer.sources.ari.call import AriCall
from streamer.sources.ari.finding import find_call
from streamer.tap.ari_inventory import FolderInventory, delete_left
from streamer.tap.locking import take_channels
from streamer.tap.plan import AriPlan, CallPlan
from streamer.tap.tap import Stop, TapResult, run_tap
from streamer.wire.ari.answers import Channel
from streamer.wire.ari.ids import make_application
from streamer.wire.protocols import ARI

if TYPE_CHECKING:
    from streamer.sources.ari.placed import PlacedCall

CLEANING_S = 5.0
"""Seconds that the end of a recording waits for what earlier ones have left in the PBX to be deleted."""


async def record_ari_call(
    plan: AriPlan,
    bus: Bus,
    stop: Stop,
    *,
    clock: Callable[[], float],
    on_recording: Callable[[Recording], None],
) -> TapResult:
    """Record the call of the plan's channels, in this process, to the end; see `outbound.record_call`."""
    with ExitStack() as locks:
        async with open_ari(plan.access) as ari, deleting_left(ari, plan.recordings):
            found = await find_call(ari, plan.legs, now=clock())
            channels = [join.channel for join in found.joins]
            places = Places(plan, locks)
            taken = places.take(channels)
            recording = create_recording(
                plan.recordings,
                source=ARI.name,
                url=plan.url,
                legs=found.legs,
                facts={"linkedid": found.linkedid} if found.linkedid else {},
                output=plan.output,
                clock=clock,
            )
            on_recording(recording)
            places.note(taken, recording.call.id)
            application = make_application()
            call = AriCall(
                ari,
                application,
                found,
                inventory=FolderInventory(recording.folder, url=ari.url, application=application),
                admit=places.admit,
                clock=clock,
            )
            return await tap_to_end(call, recording, bus, stop=stop, clock=clock)


async def tap_to_end(
    call: AriCall | PlacedCall,
    recording: Recording,
    bus: Bus,
    *,
    stop: Stop,
    clock: Callable[[], float],
) -> TapResult:
    """Start a call, record it to its end, and delete what is ours in the PBX."""
    call.start()
    try:
        return await run_tap(call, recording, bus, stop=stop, clock=clock)
    finally:
        await call.aclose()
        await call.finish()


@asynccontextmanager
async def deleting_left(ari: Ari, recordings: Path) -> AsyncIterator[None]:
    """Delete what crashed taps have left, beside whatever else is done."""
    deleting = asyncio.ensure_future(delete_left(ari, recordings))
    try:
        yield
    finally:
        await asyncio.wait([deleting], timeout=CLEANING_S)
        deleting.cancel()
        await asyncio.gather(deleting, return_exceptions=True)


class Places:
    """The locks of a call's channels, shared with stream-channel, which knows a channel by its name or its id."""

    def __init__(self, plan: AriPlan | CallPlan, locks: ExitStack) -> None:
        self._plan = plan
        self._locks = locks
        self._call_id = ""

    def take(self, channels: Iterable[Channel]) -> list[Lock]:
        """Take the locks of the channels that a call begins with.

        Raises:
            ChannelTakenError: Another tap has one of them.
            RecordingError: They cannot be taken.
        """
        paths = {path: one.name for one in channels for path in self._list_paths(one)}
        return take_channels(self._plan.recordings, paths, self._locks)

    def note(self, locks: Sequence[Lock], call_id: str) -> None:
        """Say which call has them."""
        self._call_id = call_id
        for lock in locks:
            lock.note(call_id)

    def admit(self, channel: Channel) -> str:
        """Take the locks of one that joins; say so if another tap has it."""
        with ExitStack() as locks:
            for path in self._list_paths(channel):
                try:
                    lock = take_lock(path)
                except OSError:
                    continue  # not worth a leg
                if lock is None:
                    return f"{channel.name} has joined, and is recorded already, by another streamer process; it is not recorded twice"
                locks.callback(lock.release)
                lock.note(self._call_id)
            self._locks.push(locks.pop_all())
        return ""

    def _list_paths(self, channel: Channel) -> list[Path]:
        places = [
            (self._plan.stream_url, channel.id),
            (self._plan.stream_url, channel.name),
            (self._plan.url, channel.id),
        ]
        return [
            channel_lock_path(self._plan.recordings, url=url, channel=name) for url, name in places
        ]
