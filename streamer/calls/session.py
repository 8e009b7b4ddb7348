"""One call from its recording to the screen: transcribe, keep, announce."""

from __future__ import annotations

import asyncio
import os
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from streamer.bus import Bus
from streamer.calls.alerting import ToldAlerts, open_watch
from streamer.calls.backend import Backend
from streamer.calls.happenings import HappeningWriter
from streamer.calls.lag_advice import LagAdviser
from streamer.calls.marking import ToldMarks
from streamer.calls.observers import ToldObservers, open_observers
from streamer.calls.segment_writer import CallWriter
from streamer.calls.transcription import Transcription
from streamer.core.events import (
    SPEECH_RATE,
    Call,
    CallEnded,
    CallStats,
    Dtmf,
    EndReason,
    Event,
    Final,
    Hold,
    Lagging,
    LegAttached,
    LegEnded,
    Partial,
    Trouble,
    Unclear,
)
from streamer.core.reasons import explain
from streamer.core.transcript import measure_talk
from streamer.errors import ModelError, RecordingError, StoreError
from streamer.recording.feed import Feed
from streamer.recording.lengths import find_duration_s
from streamer.recording.live_status import LiveStatus
from streamer.recording.locks import Lock
from streamer.recording.reader import read_recorded, repair_recording
from streamer.store import Store

FOLLOW_POLL_S = 0.1


@dataclass(slots=True)
class SessionResult:
    """How a session ended; `trouble` is what made the text incomplete, empty if it is whole."""

    reason: EndReason = EndReason.INTERRUPTED
    trouble: str = ""


async def run_session(folder: Path, backend: Backend, bus: Bus) -> SessionResult:
    """Follow a call's recording to its end and announce its words, those that are settled already first.

    Only one process transcribes a call; another one shows what that one settles, and takes over when it is gone.

    Raises:
        RecordingError: The folder holds no readable call, or not any more.
    """
    feed = Feed(folder)
    bus.publish(feed.started)
    session = _Session(feed, backend, bus)
    following = asyncio.ensure_future(session.follow_recording())
    working = asyncio.ensure_future(_run(session, backend, feed, bus))
    try:
        await asyncio.wait([following, working], return_when=asyncio.FIRST_COMPLETED)
        if following.done():
            following.result()  # whoever waits for what it says would wait for ever
        trouble = await working
    finally:
        for task in (following, working):
            task.cancel()
        await asyncio.gather(following, working, return_exceptions=True)
        session.close()
    session.look()  # what was noted last
    end = feed.read_end()
    bus.publish(end)
    return SessionResult(end.reason, trouble)


async def _run(session: _Session, backend: Backend, feed: Feed, bus: Bus) -> str:
    """Work on a call to its end, if there is a store for its words; return what made its text incomplete."""
    store = await asyncio.shield(backend.opening)
    trouble = "there is no database to store the transcript in"
    if store is not None:
        await feed.has_audio.wait()
        try:
            trouble = await session.run(store)
        except StoreError as error:
            trouble = _explain(feed.call, error)
            bus.publish(Trouble(feed.call.id, trouble))
    await feed.has_ended.wait()
    return trouble


class _Session:
    """One call, from its recording to its words."""

    def __init__(self, feed: Feed, backend: Backend, bus: Bus) -> None:
        self._feed = feed
        self._folder = feed.folder
        self._call_id = feed.folder.call_id
        self._backend = backend
        self._observers = backend.observers
        self._told: ToldObservers | None = None
        self._alerts = ToldAlerts(self._call_id, bus.publish, backend.rules)
        self._marks = ToldMarks(self._call_id, bus.publish)
        self._bus = bus
        self._status = LiveStatus(feed.folder.path)
        self._shown: dict[str, int] = {}  # the last utterance of each leg
        self._shown_unclear: set[Unclear] = set()
        self._lags: dict[str, float] = {}  # of our own
        self._lag_adviser = LagAdviser(self._begin_advice)
        self._advising: asyncio.Future[None] | None = None
        self._happenings = HappeningWriter(self._keep)
        self._version = -1
        self._store: Store
        self._writer: CallWriter
        self._transcription = Transcription(feed, backend, announce=self._announce, keep=self._keep)

    async def follow_recording(self) -> None:
        """Announce what happens to the recording, until cancelled; its end is announced when all words are settled."""
        async for event in self._feed.follow():
            self._take(event)

    def close(self) -> None:
        """End what works in the background."""
        self._alerts.close()

    def look(self) -> None:
        """Announce what has happened to the recording since the last look."""
        for event in self._feed.look():
            self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case CallEnded():
                return
            case Partial(_, leg, utterance) if utterance <= self._shown.get(leg, 0):
                return  # its final has overtaken it
            case LegAttached():
                self._transcription.note_joined()
            case Dtmf() | Hold():
                self._happenings.take(event)
            case _:
                pass
        self._bus.publish(event)
        self._alerts.see(event, self._feed.call)
        if isinstance(event, LegEnded) and event.message:
            self._say(f"{event.leg}: {event.message}")

    async def run(self, store: Store) -> str:
        """Work on the call to its end; return what made its text incomplete."""
        if not self._folder.path.exists():
            raise RecordingError(f"{self._folder.path} no longer exists")
        self._store = store
        self._writer = CallWriter(
            store,
            self._call_id,
            is_live=self._folder.is_live,
            say=self._say,
            read_call=self._feed.read_call,
        )
        await self._keep()
        self._happenings.begin(self._writer)
        marking = asyncio.ensure_future(self._marks.follow(store))
        try:
            return await self._see_through()
        finally:
            marking.cancel()
            await asyncio.gather(marking, return_exceptions=True)

    async def _see_through(self) -> str:
        lock = await self._wait_for_turn()
        try:
            self._feed.shows_live_status = lock is None
            await self._status.clear()  # what is left of a process that is gone now
            if not self._folder.is_live():
                repair_recording(self._folder.path)
            await self._show_settled()
            trouble = await self._transcribe() if lock else await self._find_lack()
            self._clear_lags()
            await self._status.clear()
            await self._feed.has_ended.wait()
            with suppress(StoreError) if trouble else nullcontext():
                await self._tell_stats()
            with suppress(StoreError) if trouble else nullcontext():  # said already
                await self._note_end()
        finally:
            self._lag_adviser.close()
            if self._advising:
                self._advising.cancel()
            self._happenings.close()
            if lock:
                lock.release()
        return trouble

    async def _keep(self) -> None:
        """Keep the call with the legs that it has now."""
        await self._writer.keep(self._feed.call, self._folder.path, self._feed.paths)

    async def _tell_stats(self) -> None:
        """Say for how long somebody was talking, if the call was transcribed."""
        segments = await self._store.read_segments(self._call_id, after={})
        if segments or self._transcription.has_begun:
            self._bus.publish(CallStats(self._call_id, measure_talk(segments)))

    async def _wait_for_turn(self) -> Lock | None:
        """Show what another process settles until the call is ours to transcribe; None if it has ended and never will be."""
        while True:
            # Asked first, because taking a lock that is held waits a moment, and everything else with it.
            is_transcribed = self._folder.is_transcribed()
            speech = self._backend.speech  # it may have come meanwhile
            if speech and not is_transcribed and (lock := self._take_lock()):
                return lock
            await self._show_settled()
            if not speech and not is_transcribed and not self._folder.is_live():
                return None
            await asyncio.sleep(FOLLOW_POLL_S)

    async def _find_lack(self) -> str:
        """Return why a call that nobody transcribes has no words, empty if it has all of them or none are wanted."""
        lack = self._backend.lack
        progress = await self._store.read_progress(self._call_id) if lack else {}
        is_whole = all(leg.is_complete for leg in progress.values())
        return "" if is_whole else lack

    def _take_lock(self) -> Lock | None:
        try:
            lock = self._folder.take_transcriber_lock()
        except OSError as error:
            raise RecordingError(
                f"{self._folder.path} cannot be transcribed: {explain(error)}"
            ) from error
        if lock is not None and self._backend.name:
            with suppress(OSError):  # who transcribes is only shown to others
                lock.note(f"{self._backend.name} {os.getpid()}")
        return lock

    async def _show_settled(self) -> None:
        version = await self._store.read_version()
        if version == self._version:
            return
        self._version = version
        for segment in await self._store.read_segments(self._call_id, after=self._shown):
            self._bus.publish(Final(self._call_id, segment))
            self._shown[segment.leg] = max(self._shown.get(segment.leg, 0), segment.utterance)
        for unclear in await self._store.read_unclear(self._call_id):
            if unclear not in self._shown_unclear:
                self._shown_unclear.add(unclear)
                self._bus.publish(unclear)
        await self._alerts.read(self._store)
        self._alerts.tell()

    def _begin_advice(self) -> None:
        """Say what would keep up, if the call is still live: one that is over catches up in its own time."""
        if self._folder.is_live():
            self._advising = asyncio.ensure_future(self._advise())

    async def _advise(self) -> None:
        if line := await asyncio.to_thread(self._transcription.speech_needed().explain_lag):
            self._say(line)

    def _clear_lags(self) -> None:
        for leg, lag_s in self._lags.items():
            if lag_s:
                self._bus.publish(Lagging(self._call_id, leg, 0.0))
        self._lags.clear()

    async def _transcribe(self) -> str:
        """Transcribe every leg that is not complete to its end; return what went wrong."""
        stopped: list[str] = []
        observing = open_observers(
            self._observers, self._writer, read_call=lambda: self._feed.call, say=self._say
        )
        async with observing as self._told:
            try:
                self._writer.watch = await open_watch(
                    self._backend.rules, self._folder, self._store, self._alerts
                )
                await self._transcription.run(self._writer)
            except* (ModelError, StoreError) as errors:
                stopped.append(_explain(self._feed.call, errors.exceptions[0]))
        troubles = [*self._transcription.troubles, *stopped]
        for trouble in troubles:
            self._say(trouble)
        if skipped := self._transcription.skipped:
            troubles.append(f"{skipped} utterances could not be transcribed")
        return "; ".join(troubles)

    def _announce(self, event: Partial | Final | Unclear | Lagging) -> None:
        self._bus.publish(event)
        self._alerts.see(event, self._feed.call)
        if isinstance(event, Final):
            self._alerts.tell()
        if isinstance(event, Lagging):
            self._lags[event.leg] = event.lag_s
            self._lag_adviser.take(event)
        if isinstance(event, Partial | Lagging):
            self._status.post(event)
        elif self._told is not None:
            self._told.tell()

    async def _note_end(self) -> None:
        recorded = read_recorded(self._folder.path)
        # Once more, for legs that have joined, and for rates that were known only with the audio.
        await self._keep()
        await self._happenings.finish()
        written_at = self._folder.call_json.stat().st_mtime
        await self._writer.end(
            recorded.reason or EndReason.INTERRUPTED,
            duration=round(find_duration_s(recorded) * SPEECH_RATE),
            ended_at=recorded.ended_at or datetime.fromtimestamp(written_at, UTC),
        )

    def _say(self, message: str) -> None:
        self._bus.publish(Trouble(self._call_id, message))


def _explain(call: Call, error: Exception) -> str:
    return f"no more text: {error}; finish the transcript later: streamer resume {call.id}"
