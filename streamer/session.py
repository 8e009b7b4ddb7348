"""One call from its recording to the screen: transcribe, keep, announce."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from streamer.bus import Bus
from streamer.errors import ModelError
from streamer.events import Call, CallEnded, CallStarted, EndReason, Final, Trouble
from streamer.locks import Lock, take_lock
from streamer.recording import is_live, open_call_of, read_call, repair_recording
from streamer.settled import SettledLeg, open_settled
from streamer.speech.follower import Follower
from streamer.speech.scheduler import Scheduler
from streamer.speech.transcriber import LegTranscriber, SpeechPlan
from streamer.speech.vad import SileroVad

FOLLOW_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Speech:
    """What turns audio into words: whose turn it is, and how each leg is read. None in its place: no words.

    `begin` loads the model if nobody has; a session calls it only once the call is its own to transcribe.
    """

    scheduler: Scheduler
    plan: SpeechPlan
    begin: Callable[[], None] = lambda: None


@dataclass(slots=True)
class SessionResult:
    """How a session ended; `trouble` is what made the text incomplete, empty if it is whole."""

    reason: EndReason = EndReason.INTERRUPTED
    trouble: str = ""


async def run_session(
    folder: Path, speech: Speech | None, bus: Bus, *, is_growing: Callable[[], bool] | None = None
) -> SessionResult:
    """Follow a call's recording to its end and announce its words, those that are settled already first.

    Only one process transcribes a call; another one shows what that one settles, and takes over when it is gone. `is_growing` says
    whether the recording may still grow; a tap's lock, unless somebody knows better.

    Raises:
        RecordingError: The folder holds no readable call.
    """
    grows = is_growing or (lambda: is_live(folder))
    call, paths = open_call_of(folder)
    bus.publish(CallStarted(call, folder, paths))
    legs = {leg.label: open_settled(folder, leg.label) for leg in call.legs}
    result = SessionResult()
    shown = dict.fromkeys(legs, 0)
    lock = await _wait_for_lock(folder, call, legs, shown, bus)
    try:
        if speech:
            speech.begin()
        if not grows():
            repair_recording(folder)
        _show_new(call, legs, shown, bus)
        if speech is None:
            await _wait_for_end(grows)
        else:
            result.trouble = await _transcribe(call, paths, legs, speech, bus, grows)
    finally:
        lock.release()
    result.reason, duration = _read_end(folder)
    bus.publish(CallEnded(call.id, result.reason, duration))
    return result


async def _wait_for_lock(
    folder: Path, call: Call, legs: dict[str, SettledLeg], shown: dict[str, int], bus: Bus
) -> Lock:
    """Show what another process settles until the call's transcriber lock is ours."""
    while (lock := take_lock(folder / "transcriber.lock")) is None:
        _show_new(call, legs, shown, bus)
        await asyncio.sleep(FOLLOW_POLL_S)
        _reread(folder, legs)
    _reread(folder, legs)
    return lock


def _reread(folder: Path, legs: dict[str, SettledLeg]) -> None:
    for label in legs:
        legs[label] = open_settled(folder, label)


def _show_new(call: Call, legs: dict[str, SettledLeg], shown: dict[str, int], bus: Bus) -> None:
    fresh = [segment for label, leg in legs.items() for segment in leg.segments[shown[label] :]]
    for segment in sorted(fresh, key=lambda segment: segment.start):
        bus.publish(Final(call.id, segment))
        shown[segment.leg] += 1


async def _transcribe(
    call: Call,
    paths: tuple[Path, ...],
    legs: dict[str, SettledLeg],
    speech: Speech,
    bus: Bus,
    grows: Callable[[], bool],
) -> str:
    """Transcribe every leg to its end; return what went wrong."""
    transcribers = [
        LegTranscriber(
            call.id,
            leg.label,
            follower=Follower(path, is_live=grows, position=legs[leg.label].position),
            vad=SileroVad(),
            scheduler=speech.scheduler,
            settled=legs[leg.label],
            plan=speech.plan,
            announce=bus.publish,
        )
        for leg, path in zip(call.legs, paths, strict=True)
        if not legs[leg.label].is_complete
    ]
    trouble = ""
    try:
        async with asyncio.TaskGroup() as group:
            for transcriber in transcribers:
                group.create_task(transcriber.run())
    except* (ModelError, OSError) as errors:
        trouble = f"no more text: {errors.exceptions[0]}; the recording goes on"
    if trouble:
        bus.publish(Trouble(call.id, trouble))
        await _wait_for_end(grows)
        return trouble
    skipped = sum(transcriber.skipped for transcriber in transcribers)
    return f"{skipped} utterances could not be turned into words" if skipped else ""


async def _wait_for_end(grows: Callable[[], bool]) -> None:
    while grows():  # noqa: ASYNC110 - another process's lock is what is waited for
        await asyncio.sleep(FOLLOW_POLL_S)


def _read_end(folder: Path) -> tuple[EndReason, float]:
    fields = read_call(folder)
    duration = max((leg["samples"] / leg["rate"] for leg in fields["legs"]), default=0.0)
    return EndReason(fields["reason"] or EndReason.INTERRUPTED), duration
