"""Channels that are asked for: a tap is started or found for them, and its recording is followed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from streamer.bus import Bus
from streamer.calls.backend import Backend
from streamer.calls.outcome import WatchOutcome
from streamer.calls.session import SessionResult, run_session
from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.core.events import CallEnded, EndReason, Trouble
from streamer.errors import ExitCode, RecordingError
from streamer.recording.folder import CallFolder
from streamer.recording.reader import say_what_a_kill_does
from streamer.tap.detached import DetachedProcess
from streamer.tap.messages import ChannelTaken, Exited, LegRefused, RecordingBegun, Said
from streamer.tap.outbound_process import start_tap
from streamer.tap.playbacks import SILENT, PlaybackPlan
from streamer.wire.ari.wanted import WantedCall

_ANNOUNCEMENT_S = 3.0
"""How long a viewer that is told to leave waits for its tap to say where it records."""

_ENDING_S = 8.0
"""The same, for its tap to end a call."""

_KILLED = "the recorder was killed; the recording ends there"


async def watch_channels(
    settings: Settings,
    legs: Sequence[Leg],
    backend: Backend,
    bus: Bus,
    outcome: WatchOutcome,
    *,
    playing: PlaybackPlan = SILENT,
    wanted: WantedCall | None = None,
) -> None:
    """Have a tap record `legs` as one call, in a process of its own, and follow it to its end; `playing` is what their parties hear.

    Cancelling this ends only the watching, unless the tap makes a call that is `wanted`: then it ends that, too. What the tap says becomes
    events; `outcome` takes the rest.
    """
    tap = start_tap(settings, legs, playing, wanted)
    announced = asyncio.Event()
    sessions: list[asyncio.Task[SessionResult]] = []  # one, once the tap has said where it records
    listening = asyncio.ensure_future(_listen(tap, backend, bus, outcome, sessions, announced))
    try:
        await asyncio.shield(listening)
        await _finish(sessions, bus, outcome)
        outcome.is_over = True
    finally:
        # Nobody may leave without knowing that a recording goes on.
        try:
            async with asyncio.timeout(_ANNOUNCEMENT_S):
                await announced.wait()
        except TimeoutError:
            tap.terminate()
        if wanted is not None and not listening.done():
            await _end(tap, listening, outcome)
        for task in (listening, *sessions):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _end(
    tap: DetachedProcess, listening: asyncio.Future[None], outcome: WatchOutcome
) -> None:
    """Have a tap end, and wait until it has, not for ever."""
    try:
        if outcome.folder is None:
            tap.terminate()
        else:
            CallFolder(outcome.folder).request_stop()
    except (OSError, RecordingError):
        tap.terminate()
    await asyncio.wait([listening], timeout=_ENDING_S)


async def _listen(
    tap: DetachedProcess,
    backend: Backend,
    bus: Bus,
    outcome: WatchOutcome,
    sessions: list[asyncio.Task[SessionResult]],
    announced: asyncio.Event,
) -> None:
    """Take what the tap says until it ends; begin to follow the call as soon as there is one."""
    try:
        async for said in tap.messages():
            match said:
                case RecordingBegun(folder) | ChannelTaken(folder):
                    outcome.folder = folder
                    sessions.append(asyncio.ensure_future(run_session(folder, backend, bus)))
                    announced.set()
                case LegRefused(leg, message):
                    outcome.refusals.append(f"{leg}: {message}")
                case Said(message):
                    bus.publish(Trouble(_call_id(outcome), message))
                case Exited(code):
                    outcome.exit_code = code
                case other:
                    raise AssertionError(f"{other!r} is not a message of a tap")
    finally:
        announced.set()


async def _finish(
    sessions: list[asyncio.Task[SessionResult]], bus: Bus, outcome: WatchOutcome
) -> None:
    if not sessions or outcome.folder is None:
        return
    call_id = outcome.folder.name
    is_refused = outcome.exit_code in (ExitCode.NOT_FOUND, ExitCode.UNREACHABLE)
    if is_refused and not outcome.folder.exists():  # there is nothing to follow
        for refusal in outcome.refusals:
            bus.publish(Trouble(call_id, refusal))
        bus.publish(CallEnded(call_id, EndReason.REFUSED, 0.0))
        return
    try:
        result = await sessions[0]
    except RecordingError as error:
        bus.publish(Trouble(call_id, str(error)))
        bus.publish(CallEnded(call_id, EndReason.LOST, 0.0))
        outcome.exit_code = outcome.exit_code or ExitCode.FAILED
        return
    if result.reason is EndReason.INTERRUPTED:
        bus.publish(Trouble(call_id, f"{_KILLED}; {say_what_a_kill_does(outcome.folder)}"))
    if result.trouble:
        outcome.exit_code = outcome.exit_code or ExitCode.FAILED


def _call_id(outcome: WatchOutcome) -> str | None:
    return outcome.folder.name if outcome.folder else None
