"""Find or start taps: locks first, then the keeper, then the folder, then the sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

from streamer.bus import Bus
from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.core.events import CallEnded, EndReason, Trouble
from streamer.core.reasons import explain
from streamer.errors import RecordingError, StreamerError, UsageError
from streamer.keeper.client import open_keeper
from streamer.recording.feed import follow
from streamer.recording.folder import CallFolder
from streamer.recording.locks import (
    Lock,
    channel_lock_path,
    make_lock_folder,
    read_note,
    runtime_note_path,
    take_lock,
)
from streamer.recording.reader import list_wavs, repair_recording
from streamer.recording.writer import Recording, create_recording
from streamer.sources import OUTGOING, MakeOutgoing, choose_way
from streamer.sources.base import Outgoing
from streamer.sources.programme import Playing
from streamer.tap.playbacks import SILENT, PlaybackPlan
from streamer.tap.tap import Stop, TapResult, run_tap

_NOTE_WAIT_S = 3.0
_POLL_S = 0.2


class ChannelTakenError(StreamerError):
    """A channel is being recorded already; `folder` is that call's."""

    def __init__(self, channel: str, folder: Path) -> None:
        super().__init__(f"{channel} is being recorded already, as call {folder.name}")
        self.folder = folder


@dataclass(frozen=True, slots=True)
class TapPlan:
    """What to record, from where, into what."""

    outgoing: Outgoing
    legs: tuple[Leg, ...]
    recordings: Path
    output: Path | None
    keeper_patience_s: float
    runtime_dir: Path | None


def plan_tap(
    settings: Settings,
    legs: tuple[Leg, ...],
    *,
    output: Path | None = None,
    via: str = "",
    playing: PlaybackPlan = SILENT,
    outgoing: Mapping[str, MakeOutgoing] = OUTGOING,
) -> TapPlan:
    """Turn settings into a plan, and find everything that is wrong with them before anything is connected.

    `via` is the protocol, one of `outgoing`; without it the channels tell.

    Raises:
        UsageError: A url, header, certificate or channel that cannot be meant, or something to play where nobody would hear it.
    """
    source = outgoing[via or choose_way(legs)](settings, legs)
    if not playing.is_silent:
        _let_play(source, playing)
    return TapPlan(
        source,
        legs,
        Path(settings.recordings),
        output,
        settings.keeper_patience,
        Path(settings.runtime_dir) if settings.runtime_dir else None,
    )


def _let_play(source: Outgoing, playing: PlaybackPlan) -> None:
    if not isinstance(source, Playing):
        raise UsageError(
            f"--announce, --tone and --echo need a channel at ws://…/media/ID: {source.source} only listens, so nobody would hear them"
        )
    source.new_playback = playing.open()


async def record_call(
    plan: TapPlan,
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
        RecordingError: The folder cannot be made.
    """
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
    """Take every channel's lock, in an order that is the same for everybody, so that two calls never wait for each other."""
    url = plan.outgoing.url
    paths = {
        channel_lock_path(plan.recordings, url=url, channel=leg.channel): leg.channel
        for leg in plan.legs
    }
    taken = []
    try:
        make_lock_folder(plan.recordings)
        for path in sorted(paths):
            lock = take_lock(path)
            if lock is None:
                locks.close()  # before waiting: others may want what we have
                raise ChannelTakenError(
                    paths[path], plan.recordings.absolute() / _wait_for_note(path)
                )
            locks.callback(lock.release)
            lock.note("")
            taken.append(lock)
    except OSError as error:
        raise RecordingError(f"cannot record in {plan.recordings}: {explain(error)}") from error
    return taken


def _wait_for_note(path: Path) -> str:
    """Return the call id that the lock's holder notes as soon as its folder exists."""
    give_up_at = time.monotonic() + _NOTE_WAIT_S
    while not (note := read_note(path)):
        if time.monotonic() > give_up_at:
            raise RecordingError(
                "another process has begun to record this channel but does not make progress; try again"
            )
        time.sleep(_POLL_S)
    return note
