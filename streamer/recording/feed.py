"""What happens to a call, read from its folder: the one place that looks at a call's folder again and again.

Theory of operation. A look costs one `stat` of `call.json` and one test of each lock while nothing happens. What `call.json` has gained
becomes events, each once. While another process transcribes the call, its partials and lags are passed on; `shows_live_status` turns
that off for the process that writes them itself. `follow` ends once the recording has ended and nobody transcribes it any more.

    CallStarted (LegAttached | LegEnded | Dtmf | Hold | Partial | Lagging)* CallEnded (Partial | Lagging)*
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from streamer.core.events import (
    Call,
    CallEnded,
    CallStarted,
    Dtmf,
    EndReason,
    Event,
    Hold,
    Lagging,
    LegAttached,
    LegEnded,
    Partial,
    judge_outcome,
)
from streamer.errors import RecordingError
from streamer.media.timeline import Noise
from streamer.recording.folder import CallFolder
from streamer.recording.lengths import find_duration_s
from streamer.recording.live_status import read_lags, read_partial
from streamer.recording.rates import correct_rates
from streamer.recording.reader import RecordedCall, RecordedLeg, read_recorded

LOOK_S = 0.1
"""Seconds between two looks."""


class Feed:
    """One call's events; `started` and `call` are known at once.

    Raises:
        RecordingError: The folder holds no readable call.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = CallFolder(folder)
        self.shows_live_status = True
        self.has_audio = asyncio.Event()
        """There is a WAV, or there will be none."""
        self.has_ended = asyncio.Event()
        """Nothing is recorded any more."""
        self._written_at: tuple[int, int] | None = None
        self._recorded = read_recorded(folder)
        self._known_legs = {leg.leg.label for leg in self._recorded.legs}
        self._told: set[tuple[str, type[Event]]] = set()
        self._digits: dict[str, int] = {}
        self._holds: dict[str, int] = {}
        self._partials: dict[str, Partial] = {}
        self._lags: dict[str, float] = {}

    @property
    def call(self) -> Call:
        """The call with the legs that it has now, each with the rate of its WAV."""
        call, paths = self._recorded.call, self.paths
        return replace(call, legs=correct_rates(call.legs, paths))

    def read_call(self) -> Call:
        """Return the call as `call.json` has it now, or had it when it could be read last."""
        with suppress(RecordingError):
            return read_recorded(self.folder.path).call
        return self._recorded.call

    def wordless(self, leg: int) -> tuple[Noise, ...]:
        """Return where a leg is noise or on hold, as of the last look."""
        return self._recorded.legs[leg].wordless

    @property
    def paths(self) -> tuple[Path, ...]:
        """The first WAV of each leg."""
        return self._recorded.paths

    @property
    def started(self) -> CallStarted:
        """Return the call's first event, with the legs that it has now."""
        return CallStarted(self.call, self.folder.path, self.paths)

    def read_end(self) -> CallEnded:
        """Return the last event of a call that is not recorded any more, as its folder has it now.

        Raises:
            RecordingError: It cannot be read any more.
        """
        recorded = read_recorded(self.folder.path)
        reason = recorded.reason or EndReason.INTERRUPTED
        duration = find_duration_s(recorded)
        judged = judge_outcome(reason, was_heard=duration > 0).status
        told = recorded.status if recorded.status != judged else ""
        return CallEnded(recorded.call.id, reason, duration, status=told)

    def look(self) -> list[Event]:
        """Return what is new since the last look."""
        was_live = self.folder.is_live()  # asked first: what is written until then is found below
        events: list[Event] = []
        is_over = not was_live and not self.has_ended.is_set()
        if self._read_again() or is_over:
            events += self._news(self._recorded, is_over=is_over)
        events += self._live_status()
        if not self.has_audio.is_set() and self._may_have_audio(was_live):
            self.has_audio.set()
        if is_over:
            self.has_ended.set()
            with suppress(RecordingError):
                events.append(self.read_end())
        return events

    async def follow(self) -> AsyncIterator[Event]:
        """Yield what is new until the recording has ended and nobody transcribes it any more."""
        while True:
            for event in self.look():
                yield event
            if self.has_ended.is_set() and not self.folder.is_transcribed():
                return
            await asyncio.sleep(LOOK_S)

    def _may_have_audio(self, is_live: bool) -> bool:
        return not is_live or any(path.exists() for path in self.paths)

    def _read_again(self) -> bool:
        """Read `call.json` if it has changed; one that cannot be read is looked at again."""
        with suppress(OSError, RecordingError):
            status = self.folder.call_json.stat()
            written_at = status.st_mtime_ns, status.st_ino
            if written_at != self._written_at:
                self._recorded = read_recorded(self.folder.path)
                self._written_at = written_at
                return True
        return False

    def _news(self, recorded: RecordedCall, *, is_over: bool) -> Iterator[Event]:
        call_id = recorded.call.id
        # Where every leg is refused the folder goes, and whoever began the call says why.
        may_go = not is_over and all(map(_is_refused_or_waits, recorded.legs))
        for leg in recorded.legs:
            label = leg.leg.label
            is_new = label not in self._known_legs
            if (leg.has_attached or is_new) and self._is_first(label, LegAttached):
                self._known_legs.add(label)
                yield LegAttached(call_id, leg.leg, leg.path)
            yield from self._dtmf(call_id, leg)
            yield from self._hold(call_id, leg)
            if leg.reason and not may_go and self._is_first(label, LegEnded):
                yield LegEnded(call_id, label, leg.reason, leg.message, leg.cause)

    def _is_first(self, label: str, kind: type[Event]) -> bool:
        is_first = (label, kind) not in self._told
        self._told.add((label, kind))
        return is_first

    def _dtmf(self, call_id: str, leg: RecordedLeg) -> Iterator[Dtmf]:
        label = leg.leg.label
        new = leg.digits[self._digits.get(label, 0) :]
        self._digits[label] = len(leg.digits)
        for pressed in new:
            if pressed is not None:
                place = pressed.start_s, pressed.at
                yield Dtmf(call_id, label, pressed.digit, *place, pressed.raw)

    def _hold(self, call_id: str, leg: RecordedLeg) -> Iterator[Hold]:
        label = leg.leg.label
        new = leg.holds[self._holds.get(label, 0) :]
        self._holds[label] = len(leg.holds)
        for hold in new:
            if hold is not None:
                yield Hold(call_id, label, hold.held, hold.start_s, hold.at)

    def _live_status(self) -> Iterator[Event]:
        call_id = self._recorded.call.id
        lags = read_lags(self.folder.path) if self.shows_live_status else {}
        for label in self._known_legs if self.shows_live_status else ():
            partial = read_partial(self.folder.path, call_id, label)
            if partial is not None and partial != self._partials.get(label):
                self._partials[label] = partial
                yield partial
        for label in self._known_legs:
            lag_s = lags.get(label, 0.0)
            if lag_s != self._lags.get(label, 0.0):
                self._lags[label] = lag_s
                yield Lagging(call_id, label, lag_s)


def _is_refused_or_waits(leg: RecordedLeg) -> bool:
    return leg.reason is EndReason.REFUSED or not leg.has_attached


async def follow(folder: Path) -> AsyncGenerator[Event, None]:
    """Yield what happens to a call, `CallStarted` first, until it has ended and nobody transcribes it any more.

    Raises:
        RecordingError: The folder holds no readable call.
    """
    feed = Feed(folder)
    yield feed.started
    async for event in feed.follow():
        yield event
