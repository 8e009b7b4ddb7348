"""Find or start taps: locks first, then the keeper, then the folder, then the sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

from streamer.bus import Bus
from streamer.core.events import CallEnded, EndReason, Trouble
from streamer.errors import RecordingError
from streamer.keeper.client import open_keeper
from streamer.recording.feed import follow
from streamer.recording.folder import CallFolder
from streamer.recording.locks import Lock, channel_lock_path, runtime_note_path
from streamer.recording.reader import list_wavs, repair_recording
from streamer.recording.writer import Recording, create_recording
from streamer.tap.locking import take_channels
from streamer.tap.plan import AriPlan, CallPlan, TapPlan
from streamer.tap.tap import Stop, TapResult, run_tap


async def record_call(
    plan: TapPlan | AriPlan | CallPlan,
    bus: Bus,
    stop: Stop,
    *,
    clock: Callable[[], float] = time.monotonic,
    on_recording: Callable[[Recording], None] = lambda _: None,
) -> TapResult:
    """Record the plan's channels as one call, in this process, to the end.

    Raises:
        ChannelTakenError: Another process records one of them.
        KeeperError: There is no keeper, so nothing was connected.
        NotFoundError: ARI knows no such channel.
        UnreachableError: ARI cannot be asked.
        RecordingError: The folder cannot be made.
    """
    if isinstance(plan, AriPlan):
        from streamer.tap.ari import record_ari_call  # with a client of HTTP

        return await record_ari_call(plan, bus, stop, clock=clock, on_recording=on_recording)
    if isinstance(plan, CallPlan):
        from streamer.tap.calling import record_placed_call

        return await record_placed_call(plan, bus, stop, clock=clock, on_recording=on_recording)
    with ExitStack() as locks:
        taken = _take_channels(plan, locks)
        async with open_keeper(
            plan.runtime_dir,
            note=runtime_note_path(plan.recordings),
            patience_s=plan.keeper_patience_s,
            say_trouble=lambda message: bus.publish(Trouble(None, message)),
        ) as keeper:
            recording = create_recording(
                plan.recordings,
                source=plan.outgoing.source,
                url=plan.outgoing.url,
                legs=plan.legs,
                output=plan.output,
                clock=clock,
            )
            on_recording(recording)
            for lock in taken:
                lock.note(recording.call.id)
            async with plan.outgoing.open(plan.legs, keeper, clock=clock) as stream:
                return await run_tap(stream, recording, bus, stop=stop, clock=clock)


@dataclass(frozen=True, slots=True)
class EndedCall:
    """How a call that another process recorded has ended; `reason` is None if its tap was killed."""

    reason: EndReason | None
    paths: tuple[Path, ...]
    lost: int
    """Samples that came but are not on disk."""


async def follow_call(folder: Path) -> EndedCall | None:
    """Wait until the tap of another process has ended its call; None if the PBX refused it and nothing is left."""
    with suppress(RecordingError):  # it is gone already
        async with aclosing(follow(folder)) as events:
            async for event in events:
                if isinstance(event, CallEnded):
                    break
    return await asyncio.to_thread(_read_end, folder)


def _read_end(folder: Path) -> EndedCall | None:
    if not folder.exists():
        return None
    repair_recording(folder)
    call = CallFolder(folder).read()
    reason = EndReason(call["reason"]) if call["reason"] else None
    return EndedCall(
        reason, tuple(list_wavs(folder)), sum(int(leg["lost"]) for leg in call["legs"])
    )


def _take_channels(plan: TapPlan, locks: ExitStack) -> list[Lock]:
    url = plan.outgoing.url
    paths = {
        channel_lock_path(plan.recordings, url=url, channel=leg.channel): leg.channel
        for leg in plan.legs
    }
    return take_channels(plan.recordings, paths, locks)
