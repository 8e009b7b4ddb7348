"""The tap: every chunk of a call goes to its recording, from the first sample to the hang-up.

Theory of operation. `run_tap` is the whole path on one screen: an item arrives, audio is placed on the call's clock and queued for
the disk, everything else becomes an event. A ticker does what must happen without a chunk: it settles held audio, watches for the
`stop` file and for legs that stay silent, and reports a disk that fails. The tap ends when every leg has closed, when it is told
to stop, or when the keeper has taken its sockets over.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamer.bus import Bus
from streamer.core.audio import AudioChunk
from streamer.core.events import (
    CallEnded,
    CallStarted,
    Dtmf,
    EndReason,
    Hold,
    LegAttached,
    LegEnded,
    Trouble,
)
from streamer.core.reasons import find_cause
from streamer.core.transcript import format_position
from streamer.errors import ExitCode, StreamerError
from streamer.media.timeline import CallClock, Timeline
from streamer.recording.folder import CallFolder
from streamer.recording.writer import Recording
from streamer.sources.base import (
    CallStream,
    DtmfReceived,
    HoldReported,
    LegAdded,
    LegClosed,
    LegOpened,
    Odd,
    RateKnown,
    StreamItem,
)
from streamer.sources.one_way import Returning, advise, explain_zeros, is_silence
from streamer.tap.playing import PlayRequests

TICK_S = 0.1
STOP_POLL_TICKS = 2
SAVE_TICKS = 20
"""Ticks between two looks at the `stop` file, and between two writes of `call.json`."""

SILENCE_S = 10.0
"""Seconds without a first frame after which the user is told why that may be."""

FILE_AFTER_S = 1.0
"""Seconds after which an open leg has a WAV even without audio; within them the PBX may still refuse it."""


@dataclass(slots=True, eq=False)
class Stop:
    """A request to end the recording; the first reason counts."""

    reason: EndReason | None = None
    requested: asyncio.Event = field(default_factory=asyncio.Event)

    def request(self, reason: EndReason) -> None:
        """End the recording; idempotent."""
        self.reason = self.reason or reason
        self.requested.set()


@dataclass(frozen=True, slots=True)
class TapResult:
    """How a recording ended; `errors` are the legs' own, the first is the call's."""

    reason: EndReason
    errors: tuple[StreamerError, ...]
    took_all: bool
    """The disk has ended every file in time."""
    lost: int
    """Samples that came but are not on disk."""
    recorded_nothing: bool
    """The PBX refused every leg, and the folder is gone again."""

    @property
    def exit_code(self) -> ExitCode:
        """Say what a command should end with."""
        if self.recorded_nothing and self.errors:
            return self.errors[0].exit_code
        return ExitCode.FAILED if self.errors or self.lost or not self.took_all else ExitCode.DONE


class _Tap:
    def __init__(
        self,
        stream: CallStream,
        recording: Recording,
        bus: Bus,
        stop: Stop,
        clock: Callable[[], float],
    ) -> None:
        self._stream = stream
        self._recording = recording
        self._bus = bus
        self._stop = stop
        self._clock = clock
        self._call_clock = CallClock()
        self._timelines = [Timeline(leg.rate, self._call_clock) for leg in stream.legs]
        self._opened_at: dict[int, float] = {}
        self._silent_legs: set[int] = set()
        self._zero_since: dict[int, float | None] = {}
        """By leg, since when nothing but digital silence has come; None from the first sound on."""
        self._rateless_legs: set[int] = set()
        self._closed: dict[int, LegClosed] = {}
        self._told_troubles: set[tuple[int, str]] = set()
        self._told_missing: set[int] = set()
        self._told_noise: dict[int, int] = {}
        """By leg, how many parts that are noise were said."""
        self._ticks = 0
        self._requests = PlayRequests(stream, CallFolder(recording.folder), self._tell)

    async def run(self) -> TapResult:
        ticker = asyncio.ensure_future(self._tick_for_ever())
        following = asyncio.ensure_future(self._follow())
        stopping = asyncio.ensure_future(self._stop.requested.wait())
        tasks = [ticker, following, stopping]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done() and not task.cancelled():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            self._requests.close()
            await (
                self._stream.aclose()
            )  # first of all: no socket stays unread while the disk is slow
        return await self._finish()

    async def _follow(self) -> None:
        async for item in self._stream:
            self._take(item)

    def _take(self, item: StreamItem) -> None:
        match item:
            case AudioChunk(leg, pcm, arrival):
                self._recording.count(leg, pcm, arrival=arrival)
                self._recording.append(leg, self._timelines[leg].place(item))
                self._note_noise(leg)
                self._silent_legs.discard(leg)
                if self._zero_since.setdefault(leg, arrival) is not None and not is_silence(pcm):
                    self._zero_since[leg] = None
            case LegAdded(_, facts):
                added = self._recording.add_leg(facts)
                self._timelines.append(Timeline(added.rate, self._call_clock))
            case LegOpened(leg, has_rate):
                self._open_leg(leg, has_rate=has_rate)
            case RateKnown(leg, rate):
                self._rateless_legs.discard(leg)
                self._timelines[leg].rate = rate
                self._recording.set_rate(leg, rate)
            case DtmfReceived():
                self._press(item)
            case HoldReported():
                self._hold(item)
            case LegClosed(leg):
                self._close_leg(item)
            case Odd(leg, message, odd_bytes, frames):
                self._recording.count_odd(leg, odd_bytes, frames=frames)
                if message:
                    self._tell(message)

    def _open_leg(self, leg: int, *, has_rate: bool) -> None:
        if not has_rate:
            self._rateless_legs.add(leg)
        self._opened_at[leg] = self._clock()
        self._silent_legs.add(leg)
        self._count_sent()  # says at which rate something can be played to the party
        self._recording.attach(leg)
        call = self._recording.call
        self._bus.publish(LegAttached(call.id, call.legs[leg], self._recording.paths[leg]))

    def _close_leg(self, closed: LegClosed) -> None:
        leg = closed.leg
        self._closed[leg] = closed
        self._silent_legs.discard(leg)
        self._recording.append(leg, self._timelines[leg].finish())
        if closed.reason is not EndReason.REFUSED:
            self._recording.demand(leg)
        message = str(closed.error) if closed.error else closed.note
        self._recording.end_leg(leg, closed.reason, message, cause=closed.cause)
        call_id, label = self._recording.call.id, self._label(leg)
        self._bus.publish(LegEnded(call_id, label, closed.reason, message, closed.cause))

    def _find_place(self, arrival: float) -> tuple[float, datetime]:
        """Return where in the WAVs something came, in seconds, and when."""
        zero, zero_at = self._call_clock.zero, self._recording.call.zero_at
        start_s = 0.0 if zero is None else arrival - zero
        at = datetime.now(UTC) - timedelta(seconds=self._clock() - arrival)
        if zero_at is not None:
            at = zero_at + timedelta(seconds=start_s)  # counted as the times of words are
        return start_s, at

    def _hold(self, reported: HoldReported) -> None:
        call_id, label = self._recording.call.id, self._label(reported.leg)
        hold = Hold(call_id, label, reported.held, *self._find_place(reported.arrival))
        if self._recording.note_hold(reported.leg, hold):
            self._recording.save_soon()
            self._bus.publish(hold)

    def _press(self, key: DtmfReceived) -> None:
        call_id, label = self._recording.call.id, self._label(key.leg)
        place = self._find_place(key.arrival)
        pressed = Dtmf(call_id, label, key.digit, *place, key.raw.hex())
        self._recording.note_digit(key.leg, pressed)
        self._recording.save_soon()
        self._bus.publish(pressed)

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._ticks += 1
            self._tick(self._clock())

    def _tick(self, now: float) -> None:
        for leg, timeline in enumerate(self._timelines):
            if timeline.settles_at is not None:
                self._recording.append(leg, timeline.settle(now))
        if self._ticks % STOP_POLL_TICKS == 0:
            self._look_around(now)
        if self._ticks % SAVE_TICKS == 0:
            self._count_sent()
            self._recording.save_soon()

    def _look_around(self, now: float) -> None:
        if self._recording.is_stop_requested():
            self._stop.request(EndReason.STOPPED)
        self._requests.look()
        for leg in self._silent_legs.copy():
            waited_s = now - self._opened_at[leg]
            if waited_s >= FILE_AFTER_S and leg not in self._rateless_legs:
                self._recording.demand(leg)
            if waited_s >= SILENCE_S:
                self._silent_legs.discard(leg)
                advice = self._advise(leg)
                self._tell(self._stream.explain_silence(leg, waited_s=waited_s) + advice)
        self._look_one_way(now)
        self._tell_losses()

    def _look_one_way(self, now: float) -> None:
        """Say which side hears nothing, as far as that can be known."""
        for leg, since in self._zero_since.items():
            if since is not None and leg not in self._closed and now - since >= SILENCE_S:
                self._zero_since[leg] = None
                channel = self._recording.call.legs[leg].channel
                self._tell(explain_zeros(channel, waited_s=now - since) + self._advise(leg))
        watch = self._stream.watch if isinstance(self._stream, Returning) else None
        if watch is not None and 0 not in self._closed:
            for fault in watch.find(self._label(0), source=self._recording.call.source):
                self._tell(fault)

    def _advise(self, leg: int) -> str:
        sent = self._stream.sent[leg] if leg < len(self._stream.sent) else None
        return advise(self._recording.call.source, sent)

    def _tell_losses(self, *, is_over: bool = False) -> None:
        for leg, (samples, trouble) in enumerate(
            # A leg that joins is in the stream a moment before it is in the recording.
            zip(self._stream.lost, self._recording.troubles(), strict=False)
        ):
            self._recording.lose(leg, samples)
            self._tell_missing(leg, is_over=is_over)
            if trouble and (leg, trouble) not in self._told_troubles:
                self._told_troubles.add((leg, trouble))
                self._tell(
                    _explain_lost_audio(self._label(leg), trouble, self._recording.folder.parent)
                )

    def _tell_missing(self, leg: int, *, is_over: bool) -> None:
        share = self._recording.missing_share(leg, is_over=is_over)
        if share is not None and leg not in self._told_missing:
            self._told_missing.add(leg)
            label = self._label(leg)
            self._tell(
                f"the PBX loses {max(1, round(share * 100))} % of {label}'s audio: more than 1 % of the last 30 s of {label} never came,"
                " since packets are lost on the PBX's side, before they reach streamer"
            )

    def _note_noise(self, leg: int) -> None:
        """Take note of audio that comes too fast, and say when that begins."""
        timeline = self._timelines[leg]
        if not timeline.noise:
            return
        self._recording.note_noise(leg, timeline.surplus, timeline.noise)
        if len(timeline.noise) > self._told_noise.get(leg, 0):
            self._told_noise[leg] = len(timeline.noise)
            start_s = timeline.noise[-1].start_s
            self._tell(
                f"from second {start_s:.1f} ({format_position(start_s)}) on the PBX sends the audio of {self._label(leg)} faster than"
                " real time, as it does when a codec changes in mid-call: it is noise and gets no words, and what is too much"
                " is not recorded"
            )

    def _count_sent(self) -> None:
        self._recording.count_sent([asdict(sent) for sent in self._stream.sent])

    def _tell(self, message: str) -> None:
        self._bus.publish(Trouble(self._recording.call.id, message))

    def _label(self, leg: int) -> str:
        return self._recording.call.legs[leg].label

    async def _finish(self) -> TapResult:
        reason = self._reason()
        for leg, timeline in enumerate(self._timelines):
            self._recording.append(leg, timeline.finish())
            if leg not in self._closed:
                self._recording.demand(leg)
                self._recording.end_leg(leg, reason, "")
        errors = tuple(closed.error for closed in self._closed.values() if closed.error)
        self._count_sent()
        self._tell_losses(is_over=True)  # before `call.json` is written for the last time
        recorded_nothing = reason is EndReason.REFUSED
        took_all = True
        if recorded_nothing:
            await asyncio.to_thread(self._recording.discard)
        else:
            took_all = await asyncio.to_thread(self._recording.finish, reason)
        self._tell_losses()
        if not took_all:
            self._tell("the disk does not answer: the last seconds of audio were not written")
        duration = max(timeline.samples / timeline.rate for timeline in self._timelines)
        self._bus.publish(
            CallEnded(self._recording.call.id, reason, duration, status=self._recording.told_status)
        )
        return TapResult(reason, errors, took_all, self._recording.lost, recorded_nothing)

    def _reason(self) -> EndReason:
        """Return the worst of the legs' reasons, or why the recording was stopped before they ended."""
        reasons = {closed.reason for closed in self._closed.values()}
        if len(self._closed) < len(self._timelines):
            return self._stop.reason or EndReason.LOST
        if EndReason.LOST in reasons:
            return EndReason.LOST
        return EndReason.HANG_UP if EndReason.HANG_UP in reasons else EndReason.REFUSED


async def run_tap(
    stream: CallStream,
    recording: Recording,
    bus: Bus,
    *,
    stop: Stop,
    clock: Callable[[], float] = time.monotonic,
) -> TapResult:
    """Record a call to its end and return how it ended; `stop` ends it earlier.

    Whatever happens, even an error in here, the sockets are left to the keeper and what came is on disk. `clock` is the one that
    the stream's arrivals are in.
    """
    bus.publish(CallStarted(recording.call, recording.folder, recording.paths))
    try:
        return await _Tap(stream, recording, bus, stop, clock).run()
    except BaseException:
        await stream.aclose()
        with contextlib.suppress(OSError):
            recording.finish(EndReason.INTERRUPTED)
        raise


def _explain_lost_audio(label: str, trouble: str, recordings: Path) -> str:
    """Say that the disk does not take a leg's audio, and what to do."""
    is_full = trouble == find_cause(OSError(errno.ENOSPC, ""))
    what = "Disk full" if is_full else trouble[:1].upper() + trouble[1:]
    advice = f"Free space in {recordings}" if is_full else f"Check the disk of {recordings}"
    return f'{what}: audio of "{label}" is being lost. The call continues. {advice}'
