"""What the screen knows of one call: events go in, utterances in order of time come out; no widget in sight.

An utterance begins as a partial and becomes final under the same key, so that it changes in its place. One that
turns out to hold no words never becomes final: it goes when a later one of its leg becomes final.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from streamer.core.alert import Alert
from streamer.core.audio import AudioLoss, Leg, show_leg
from streamer.core.events import (
    SPEECH_RATE,
    Call,
    CallEnded,
    CallStarted,
    CallStats,
    Dtmf,
    EndReason,
    Event,
    Final,
    Hold,
    Lagging,
    LegAttached,
    LegEnded,
    Listening,
    Partial,
    Segment,
    Trouble,
    Unclear,
    Word,
    join_words,
)
from streamer.core.mark import Mark
from streamer.core.transcript import UNCLEAR, Transcript, mark_hold
from tui.state.timeline import Talk

Key = tuple[str, int]
"""Leg and number of an utterance."""

_BREATH = 1000
"""Segments after which other tasks get their turn."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One utterance as it stands now; positions are samples at `SPEECH_RATE`."""

    leg: str
    number: int
    start: int
    end: int
    settled: tuple[Word, ...]
    tentative: tuple[Word, ...] = ()
    language: str = ""
    """Known once it is final."""
    alerts: tuple[Alert, ...] = ()
    """Those whose words are in it."""
    mark: Mark | None = None
    """What a user has noted on it."""

    @property
    def key(self) -> Key:
        """Return what it is found by."""
        return self.leg, self.number


_LAST_HOLD = -(1 << 60)
"""Number of the first hold's line, the next ones being below; those of unclear speech are between this and 0."""


class ShownCall:
    """One call; a widget that draws it asks `take_changes` which utterances to draw anew."""

    def __init__(self, legs: Iterable[Leg] = ()) -> None:
        self.call: Call | None = None
        self.folder: Path | None = None
        self.recordings: tuple[Path, ...] = ()
        self.legs = tuple(legs)
        self.names: dict[str, str] = {}
        """What speakers are called instead of their labels."""
        self.zero_at: datetime | None = None
        """When position 0 was, as far as it is known."""
        self.attached: set[str] = set()
        self.ended_legs: dict[str, LegEnded] = {}
        self.languages: dict[str, str] = {}
        """What each leg spoke last, as far as something of it is settled."""
        self.lags: dict[str, float] = {}
        self.troubles: list[str] = []
        """What the user has not read yet."""
        self.end: CallEnded | None = None
        self.finals = 0
        self.partials = 0
        self.alerts: list[Alert] = []
        self._hasty: list[Alert] = []
        self.new_alerts: list[Alert] = []
        """Those of which no toast has been shown."""
        self.said_live: list[tuple[int, float]] = []
        """Of each utterance that was shown as a partial: where it ended, and when, on the clock of `take`, its final came."""
        self.utterances: dict[Key, Utterance] = {}
        self.marks: dict[Key, Mark] = {}
        self.talk = Talk()
        """Who spoke when, as far as it is settled."""
        self.pressed: list[Dtmf] = []
        """Keys of the telephone, as many as a recording keeps."""
        self.holds: list[Hold] = []
        """As many as a recording keeps."""
        self._unclear: dict[tuple[str, int], Unclear] = {}
        self._open: dict[str, int] = {}
        self._changed: dict[Key, None] = {}

    @property
    def call_id(self) -> str:
        """Return the call's id, empty before it has one."""
        return self.call.id if self.call else ""

    @property
    def lag_s(self) -> float:
        """Return how far recognition is behind the recording, 0 where it keeps up."""
        return max(self.lags.values(), default=0.0)

    @property
    def is_over(self) -> bool:
        """Say whether the call has ended."""
        return self.end is not None

    def is_speaking(self, leg: str) -> bool:
        """Say whether an utterance of the leg is open."""
        return leg in self._open

    def is_speaking_at(self, leg: str, first_s: float, last_s: float) -> bool:
        """Say whether an open utterance of the leg reaches into a time."""
        known = self.utterances.get((leg, self._open.get(leg, 0)))
        if known is None:
            return False
        return known.start < last_s * SPEECH_RATE and known.end > first_s * SPEECH_RATE

    def list_unclear(self) -> list[tuple[float, float]]:
        """Return from when to when somebody spoke without words."""
        return [
            (span.start / SPEECH_RATE, span.end / SPEECH_RATE) for span in self._unclear.values()
        ]

    def rank(self, leg: str) -> int:
        """Return the place of a leg in its call, which gives it its colour and its mark."""
        for number, known in enumerate(self.legs):
            if known.label == leg:
                return number
        return len(self.legs)

    def leg_at(self, rank: int) -> str | None:
        """Return the label of the leg at a place in its call."""
        return self.legs[rank].label if rank < len(self.legs) else None

    def name(self, leg: str) -> str:
        """Return what a speaker is called: by the user, by the PBX if that tells the legs apart, else by the label."""
        return show_leg(leg, self.legs, self.names)

    def find_at(self, position_s: float, *, grain_s: float) -> Key | None:
        """Return the first line that begins at a moment; of a call that has ended without one, the last line before."""
        start, end = (round(SPEECH_RATE * s) for s in (position_s, position_s + grain_s))
        lines = sorted((u.start, self.rank(u.leg), u.key) for u in self.utterances.values())
        inside = next((line for line in lines if start <= line[0] < end), None)
        if inside is not None:
            return inside[2]
        if not self.is_over:
            return None  # it is still to be said, or read: the newest lines may come first
        before = [line for line in lines if line[0] < start]
        nearest = before[-1] if before else lines[0] if lines else None
        return nearest[2] if nearest else None

    def rename(self, leg: str, name: str) -> None:
        """Call a speaker something else, or by its label again if `name` is empty."""
        if name:
            self.names[leg] = name
        else:
            self.names.pop(leg, None)
        self._changed.update(dict.fromkeys(key for key in self.utterances if key[0] == leg))

    def take(self, event: Event, *, now: float = 0.0) -> None:
        """Take an event of this call; `now` is in seconds since the epoch."""
        match event:
            case CallStarted(call, folder, recordings):
                self.call, self.folder, self.recordings = call, folder, recordings
                self.legs = call.legs
                self.zero_at = call.zero_at or self.zero_at
            case LegAttached(_, attached, path):
                self._attach(attached, path)
            case LegEnded(_, leg):
                self.ended_legs[leg] = event
            case Partial():
                self._take_partial(event)
            case Final(_, segment):
                self._take_final(segment, now)
            case Unclear():
                self._take_unclear(event)
            case Lagging(_, leg, lag_s):
                self.lags[leg] = lag_s
            case Trouble(_, message):
                self.troubles.append(message)
            case CallEnded():
                self.end = event
                self.lags.clear()
                self._drop_open(list(self._open))
            case Alert():
                self._take_alert(event)
            case Hold():
                self._take_hold(event)
            case Mark():
                self._take_mark(event)
            case Dtmf():
                if event not in self.pressed:
                    self.pressed.append(event)
            case Listening() | CallStats():
                pass

    def _attach(self, leg: Leg, recording: Path) -> None:
        self.attached.add(leg.label)
        if leg.label not in {known.label for known in self.legs}:
            self.legs += (leg,)
            self.recordings += (recording,)

    def take_changes(self) -> list[Key]:
        """Return the keys of utterances that changed since the last time; a key without an utterance was removed."""
        changed = list(self._changed)
        self._changed.clear()
        return changed

    @property
    def has_changes(self) -> bool:
        """Say whether `take_changes` would return any."""
        return bool(self._changed)

    def transcript(
        self,
        started_at: datetime | None = None,
        *,
        losses: Mapping[str, AudioLoss] = MappingProxyType({}),
    ) -> Transcript:
        """Return what is settled, as exporters take it."""
        assert self.call
        segments = (
            Segment(u.leg, u.number, u.start, u.end, u.settled, u.language)
            for u in self.utterances.values()
            if u.language
        )
        began = started_at or self.call.started_at.astimezone()
        return Transcript(
            self.call.id,
            self.call.source,
            began,
            self.legs,
            tuple(segments),
            dict(self.names),
            losses,
            tuple(
                Unclear(self.call.id, u.leg, u.start, u.end)
                for u in self.utterances.values()
                if _LAST_HOLD < u.number < 0
            ),
            self.zero_at.astimezone() if self.zero_at else None,
            tuple(self.holds),
            tuple(self.alerts),
            tuple(replace(mark, text=self._text_at(key)) for key, mark in self.marks.items()),
        )

    def _text_at(self, key: Key) -> str:
        known = self.utterances.get(key)
        return join_words(known.settled) if known else ""

    def _take_partial(self, partial: Partial) -> None:
        key = partial.leg, partial.utterance
        known = self.utterances.get(key)
        if known is not None and known.language:
            return  # its final has overtaken it
        open_number = self._open.get(partial.leg)
        if open_number is not None and open_number < partial.utterance:
            self._drop_open([partial.leg])
        self._open[partial.leg] = partial.utterance
        self.partials += 1
        self._put(Utterance(*key, partial.start, partial.end, partial.committed, partial.tentative))

    def _take_final(self, segment: Segment, now: float) -> None:
        open_number = self._open.get(segment.leg)
        if open_number is not None and open_number <= segment.utterance:
            if open_number < segment.utterance:
                self._drop_open([segment.leg])
            if self._open.pop(segment.leg, None) is not None:
                self.said_live.append((segment.end, now))
        self.finals += 1
        known = self.utterances.get((segment.leg, segment.utterance))
        if known is None or not known.language:
            self.talk.add(segment.leg, segment.start, segment.end, segment.words)
        if segment.language:
            self.languages[segment.leg] = segment.language
        self._put(
            Utterance(
                segment.leg,
                segment.utterance,
                segment.start,
                segment.end,
                segment.words,
                language=segment.language or "?",
            )
        )

    def _take_alert(self, alert: Alert) -> None:
        """Mark the words that raised it; what was not said marks none, and tentative words only until they are settled."""
        known = self._hasty if alert.is_tentative else self.alerts
        if any(each.rule == alert.rule for each in self.alerts):
            return
        known.append(alert)
        if not alert.is_tentative:
            self.new_alerts.append(alert)
        for utterance in list(self.utterances.values()):
            if _holds(utterance, alert):
                self._put(utterance)

    def _take_mark(self, mark: Mark) -> None:
        if mark.is_removed:
            self.marks.pop(mark.key, None)
        else:
            self.marks[mark.key] = mark
        if known := self.utterances.get(mark.key):
            self._put(known)

    def _take_unclear(self, unclear: Unclear) -> None:
        """Put a line of its own where no words could be made of speech; its number, below 0, is no utterance's."""
        mark = Word(UNCLEAR, unclear.start, unclear.end, 0.0)
        place = unclear.start, unclear.end
        self._unclear[unclear.leg, unclear.start] = unclear
        self._put(Utterance(unclear.leg, -1 - unclear.start, *place, (), (mark,)))

    def _take_hold(self, hold: Hold) -> None:
        """Put a line of its own, once; its number is below those of unclear speech."""
        if hold in self.holds:
            return
        start, end, words = mark_hold(hold)
        self._put(Utterance(hold.leg, _LAST_HOLD - len(self.holds), start, end, (), words))
        self.holds.append(hold)

    def _put(self, utterance: Utterance) -> None:
        known = self.alerts if utterance.language else [*self.alerts, *self._hasty]
        alerts = tuple(alert for alert in known if _holds(utterance, alert))
        mark = self.marks.get(utterance.key)
        self.utterances[utterance.key] = replace(utterance, alerts=alerts, mark=mark)
        self._changed[utterance.key] = None

    def _drop_open(self, legs: list[str]) -> None:
        for leg in legs:
            key = leg, self._open.pop(leg)
            if not self.utterances[key].language:
                del self.utterances[key]
                self._changed[key] = None


def _holds(utterance: Utterance, alert: Alert) -> bool:
    """Say whether words of an alert are in an utterance."""
    if (
        utterance.number < 0
        or utterance.leg != alert.leg
        or alert.start is None
        or alert.end is None
    ):
        return False
    return utterance.start < alert.end and alert.start < utterance.end


async def fill_call(
    shown: ShownCall,
    started: CallStarted,
    segments: Iterable[Segment],
    *,
    reason: EndReason | None,
    duration_s: float,
) -> None:
    """Fill in a call that is over, letting other tasks run now and then."""
    shown.take(started)
    for number, segment in enumerate(segments):
        shown.take(Final(started.call.id, segment))
        if number % _BREATH == 0:
            await asyncio.sleep(0)
    shown.take(CallEnded(started.call.id, reason or EndReason.INTERRUPTED, duration_s))
