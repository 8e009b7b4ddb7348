"""One call from its recording to the screen: transcribe, keep, announce."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from streamer.bus import Bus
from streamer.calls.dtmf import DtmfReceivedKeys
from streamer.calls.segment_writer import CallWriter
from streamer.core.events import (
    SPEECH_RATE,
    Call,
    CallEnded,
    CallStarted,
    EndReason,
    Final,
    Lagging,
    Partial,
    Trouble,
)
from streamer.errors import ModelError, RecordingError, StoreError
from streamer.recording.live_status import LiveStatus, read_lags, read_partial
from streamer.recording.locks import Lock, is_locked, take_lock
from streamer.recording.rates import correct_rates
from streamer.recording.reader import is_live, read_recorded, repair_recording
from streamer.speech.audio.leg_reader import POLL_S
from streamer.speech.audio.resampled_reader import SpeechFollower
from streamer.speech.base import Recogniser, Vad
from streamer.speech.scheduler import Scheduler
from streamer.speech.transcriber import LegTranscriber, SpeechPlan
from streamer.store import Store

FOLLOW_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Speech:
    """What turns audio into words: who does it, whose turn it is, and how each leg is transcribed.

    A session starts the recogniser only once the call is its own to transcribe.
    """

    recogniser: Recogniser
    scheduler: Scheduler
    plan: SpeechPlan


@dataclass(frozen=True, slots=True)
class Backend:
    """What calls are worked on with; without speech only others' words are shown."""

    opening: asyncio.Future[Store | None]
    """The store, as soon as it is open; None if it cannot be used, so that no words are kept, and none are made."""
    speech: Speech | None

    @property
    def store(self) -> Store | None:
        """Return the store if it is open by now."""
        is_open = self.opening.done() and not self.opening.cancelled()
        return self.opening.result() if is_open else None


@dataclass(slots=True)
class SessionResult:
    """How a session ended; `trouble` is what made the text incomplete, empty if it is whole."""

    reason: EndReason = EndReason.INTERRUPTED
    trouble: str = ""


async def run_session(
    folder: Path, backend: Backend, bus: Bus, *, is_growing: Callable[[], bool] | None = None
) -> SessionResult:
    """Follow a call's recording to its end and announce its words, those that are settled already first.

    Only one backend transcribes a call; another one shows what that one settles, and takes over when it is gone. `is_growing` says
    whether the recording may still grow; a tap's lock, unless somebody knows better.

    Raises:
        RecordingError: The folder holds no readable call, or not any more.
    """
    grows = is_growing or (lambda: is_live(folder))
    opened = read_recorded(folder)
    call, paths = _correct(opened.call, opened.paths), opened.paths
    bus.publish(CallStarted(call, folder, paths))
    result = SessionResult()
    keys = DtmfReceivedKeys(folder, bus)
    watching_keys = asyncio.ensure_future(keys.watch())
    try:
        await _follow(folder, call, paths, backend, bus, grows, result)
    finally:
        watching_keys.cancel()
    keys.look()
    recorded = read_recorded(folder)
    result.reason = recorded.reason or EndReason.INTERRUPTED
    bus.publish(CallEnded(call.id, result.reason, recorded.duration_s))
    return result


async def _follow(
    folder: Path,
    call: Call,
    paths: tuple[Path, ...],
    backend: Backend,
    bus: Bus,
    grows: Callable[[], bool],
    result: SessionResult,
) -> None:
    store = await asyncio.shield(backend.opening)
    if store is None:
        result.trouble = "there is no database to keep words in"
    else:
        await _wait_for_audio(paths, grows)
        session = _Session(folder, _correct(call, paths), paths, store, backend.speech, bus, grows)
        try:
            result.trouble = await session.run()
        except StoreError as error:
            result.trouble = _explain(call, error)
            bus.publish(Trouble(call.id, result.trouble))
    await _wait_for_end(grows)


class _Session:
    """One call at a backend that has a store."""

    def __init__(
        self,
        folder: Path,
        call: Call,
        paths: tuple[Path, ...],
        store: Store,
        speech: Speech | None,
        bus: Bus,
        grows: Callable[[], bool],
    ) -> None:
        self._folder = folder
        self._call = call
        self._paths = paths
        self._store = store
        self._speech = speech
        self._bus = bus
        self._grows = grows
        self._writer = CallWriter(store, call, is_live=grows, say=self._say)
        self._status = LiveStatus(folder)
        self._shown = {leg.label: 0 for leg in call.legs}
        self._newest: dict[str, Partial] = {}
        self._lags: dict[str, float] = {}
        self._version = -1

    async def run(self) -> str:
        """See the call through; return what made its text incomplete."""
        if not self._folder.exists():
            raise RecordingError(f"{self._folder} is not there any more")
        await self._writer.open(self._folder, self._paths)
        lock = await self._follow()
        try:
            await self._take_down()  # what another backend has left that is gone now
            if not self._grows():
                repair_recording(self._folder)
            await self._show_settled()
            trouble = await self._transcribe() if lock else ""
            await self._take_down()
            await _wait_for_end(self._grows)
            with suppress(StoreError) if trouble else nullcontext():  # said already
                await self._note_end()
        finally:
            if lock:
                lock.release()
        return trouble

    async def _follow(self) -> Lock | None:
        """Show what another backend settles until the call is ours to transcribe; None if it has ended and never will be."""
        path = self._folder / "transcriber.lock"
        while True:
            # Asked first, because taking a lock that is held waits a moment, and everything else with it.
            if self._speech and not is_locked(path) and (lock := take_lock(path)):
                return lock
            await self._show_settled()
            self._show_partials()
            self._show_lags(read_lags(self._folder))
            if not self._speech and not self._grows() and not is_locked(path):
                return None
            await asyncio.sleep(FOLLOW_POLL_S)

    async def _show_settled(self) -> None:
        version = await self._store.read_version()
        if version == self._version:
            return
        self._version = version
        for segment in await self._store.read_segments(self._call.id, after=self._shown):
            self._bus.publish(Final(self._call.id, segment))
            self._shown[segment.leg] = max(self._shown[segment.leg], segment.utterance)

    def _show_partials(self) -> None:
        for leg, shown in self._shown.items():
            partial = read_partial(self._folder, self._call.id, leg)
            if partial and partial.utterance > shown and partial != self._newest.get(leg):
                self._newest[leg] = partial
                self._bus.publish(partial)

    async def _take_down(self) -> None:
        """Leave nothing up that says how a transcription goes on: there is none."""
        self._show_lags({})
        await self._status.clear()

    def _show_lags(self, lags: Mapping[str, float]) -> None:
        for leg in self._shown:
            lag_s = lags.get(leg, 0.0)
            if lag_s != self._lags.get(leg, 0.0):
                self._lags[leg] = lag_s
                self._bus.publish(Lagging(self._call.id, leg, lag_s))

    async def _transcribe(self) -> str:
        """Transcribe every leg that is not complete to its end; return what went wrong."""
        transcribers = await self._open_legs()
        if transcribers:
            assert self._speech
            self._speech.recogniser.start()
        troubles: list[str] = []
        try:
            async with asyncio.TaskGroup() as group:
                for transcriber in transcribers:
                    group.create_task(self._transcribe_leg(transcriber, troubles))
        except* (ModelError, StoreError) as errors:
            troubles.append(_explain(self._call, errors.exceptions[0]))
        for trouble in troubles:
            self._say(trouble)
        if skipped := sum(transcriber.skipped for transcriber in transcribers):
            troubles.append(f"{skipped} utterances could not be turned into words")
        return "; ".join(troubles)

    async def _transcribe_leg(self, transcriber: LegTranscriber, troubles: list[str]) -> None:
        """Transcribe one leg; a recording that cannot be read costs no other leg's words."""
        try:
            await transcriber.run()
        except RecordingError as error:
            troubles.append(str(error))

    async def _open_legs(self) -> list[LegTranscriber]:
        assert self._speech
        writers = await self._writer.open_legs()
        open_vad = await asyncio.to_thread(_import_vad)
        return [
            LegTranscriber(
                self._call.id,
                leg.label,
                follower=self._open_follower(number, writers[leg.label].position),
                vad=open_vad(),
                scheduler=self._speech.scheduler,
                writer=writers[leg.label],
                plan=self._speech.plan,
                announce=self._announce,
                clock=time.monotonic,
            )
            for number, leg in enumerate(self._call.legs)
            if not writers[leg.label].progress.is_complete
        ]

    def _open_follower(self, number: int, position: int) -> SpeechFollower:
        return SpeechFollower(
            self._paths[number],
            is_live=self._grows,
            count_recorded=lambda: read_recorded(self._folder).samples[number],
            position=position,
        )

    def _announce(self, event: Partial | Final | Lagging) -> None:
        self._bus.publish(event)
        if isinstance(event, Lagging):
            self._lags[event.leg] = event.lag_s
        if isinstance(event, Partial | Lagging):
            self._status.post(event)

    async def _note_end(self) -> None:
        recorded = read_recorded(self._folder)
        await self._keep_late_rates()
        written_at = (self._folder / "call.json").stat().st_mtime
        await self._writer.end(
            recorded.reason or EndReason.INTERRUPTED,
            duration=round(recorded.duration_s * SPEECH_RATE),
            ended_at=recorded.ended_at or datetime.fromtimestamp(written_at, UTC),
        )

    async def _keep_late_rates(self) -> None:
        """Keep the rate of a leg whose audio began only after the call was kept."""
        call = _correct(self._call, self._paths)
        if call != self._call:
            keep = self._store.keep_call
            await self._writer.write(lambda: keep(call, self._folder, self._paths))

    def _say(self, message: str) -> None:
        self._bus.publish(Trouble(self._call.id, message))


def _explain(call: Call, error: Exception) -> str:
    return f"no more text: {error}; the recording goes on, and `streamer resume {call.id}` finishes the words"


def _import_vad() -> Callable[[], Vad]:
    """Import voice activity, which takes half a second, with the arrays and the network below it."""
    import onnxruntime  # noqa: F401 - imported here rather than with the first leg, in the event loop

    from streamer.speech.audio.vad import SileroVad

    return SileroVad


def _correct(call: Call, paths: tuple[Path, ...]) -> Call:
    return replace(call, legs=correct_rates(call.legs, paths))


async def _wait_for_audio(paths: tuple[Path, ...], grows: Callable[[], bool]) -> None:
    """Wait until there is a WAV; the folder of a call that the PBX refuses never gets one, and is removed."""
    while grows() and not any(path.exists() for path in paths):  # noqa: ASYNC110
        await asyncio.sleep(POLL_S)


async def _wait_for_end(grows: Callable[[], bool]) -> None:
    while grows():  # noqa: ASYNC110 - another process's lock is what is waited for
        await asyncio.sleep(FOLLOW_POLL_S)
