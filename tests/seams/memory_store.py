"""A store in dicts, as one from another package would be; forgets everything with the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamer.config import Settings
from streamer.core.alert import Alert
from streamer.core.events import (
    SPEECH_RATE,
    Call,
    CallEnded,
    CallStarted,
    Dtmf,
    EndReason,
    Event,
    Final,
    Hold,
    Segment,
    Unclear,
)
from streamer.core.mark import Mark
from streamer.errors import NotFoundError, StoreError
from streamer.store import (
    EVERYTHING,
    PAGE,
    Around,
    CallRow,
    EndpointRow,
    Filter,
    Hit,
    LegRow,
    NewAlert,
    Outbox,
    Progress,
    Reader,
    Retention,
    Store,
    StoredEvent,
    Talk,
    TroubleRow,
)
from streamer.store.outbox import KINDS, MOST_READ


@dataclass
class StoredCall:
    """A call without what is counted, and its segments by leg and number."""

    row: CallRow
    segments: dict[tuple[str, int], Segment] = field(default_factory=dict)
    unclear: list[Unclear] = field(default_factory=list)

    def describe(self) -> CallRow:
        texts = [segment.text for segment in self.ordered()]
        return replace(self.row, segments=len(texts), last_words=texts[-1] if texts else "")

    def ordered(self) -> list[Segment]:
        return sorted(self.segments.values(), key=lambda segment: segment.start)

    def leg(self, label: str) -> LegRow:
        for leg in self.row.legs:
            if leg.leg.label == label:
                return leg
        raise StoreError(f"leg {label} of call {self.row.id} is not in memory")

    def move(self, label: str, progress: Progress) -> None:
        legs = [
            replace(leg, progress=progress) if leg.leg.label == label else leg
            for leg in self.row.legs
        ]
        self.row = replace(self.row, legs=tuple(legs))


class MemoryStore:
    """Keeps calls for as long as the test likes."""

    def __init__(self) -> None:
        self._calls: dict[str, StoredCall] = {}
        self._troubles: list[TroubleRow] = []
        self._alerts: dict[tuple[str, str], Alert] = {}
        self._marks: dict[tuple[str, str, int], Mark] = {}
        self._told: dict[tuple[str, str, str], int] = {}
        self._retention = Retention()
        self._version = 0
        self._events: list[StoredEvent] = []

    def segments_of(self, call_id: str) -> int:
        """Count what is settled of a call, which need not be there."""
        return len(self._calls[call_id].segments) if call_id in self._calls else 0

    async def read_call(self, call_id: str) -> CallRow:
        return self._find(call_id, NotFoundError).describe()

    async def find_calls(self, prefix: str, *, limit: int = 10) -> list[str]:
        found = [call_id for call_id in self._newest_first() if call_id.startswith(prefix)]
        return [prefix] if prefix in found else found[:limit]

    async def known_calls(self, call_ids: Sequence[str]) -> set[str]:
        return self._calls.keys() & call_ids

    async def last_call(self) -> str | None:
        return max(self._calls, default=None)

    async def list_calls(
        self,
        filter: Filter = EVERYTHING,
        *,
        text: str = "",
        limit: int = PAGE,
        before: str | None = None,
    ) -> list[CallRow]:
        rows = [self._calls[call_id].describe() for call_id in self._newest_first()]
        saying = {hit.call_id for hit in await self.search(text)} if text else set(self._calls)
        return [
            row
            for row in rows
            if filter.matches(row) and row.id in saying and (before is None or row.id < before)
        ][:limit]

    async def list_older(self, than: datetime) -> list[str]:
        return sorted(name for name, call in self._calls.items() if call.row.started_at < than)

    async def search(
        self, query: str, filter: Filter = EVERYTHING, *, limit: int = PAGE, offset: int = 0
    ) -> list[Hit]:
        calls = [self._calls[call_id] for call_id in self._newest_first()]
        hits = [
            _describe_hit(call.row, segment, segment.text.lower().index(query.lower()), query)
            for call in calls
            if filter.matches(call.row)
            for segment in reversed(call.ordered())
            if query.lower() in segment.text.lower()
        ]
        return hits[offset : offset + limit]

    async def read_around(self, hits: Sequence[Hit], *, lines: int) -> list[Around]:
        return [self._look_around(hit, lines) for hit in hits]

    def _look_around(self, hit: Hit, lines: int) -> Around:
        call = self._calls[hit.call_id]
        said = call.ordered()
        at = [(each.leg, each.utterance) for each in said].index((hit.leg, hit.utterance))
        before, after = said[max(0, at - lines) : at], said[at + 1 : at + 1 + lines]
        return Around(
            *(tuple(_describe_line(call.row, s) for s in side) for side in (before, after))
        )

    async def read_progress(self, call_id: str) -> dict[str, Progress]:
        call = self._calls.get(call_id)
        return {leg.leg.label: leg.progress for leg in call.row.legs} if call else {}

    async def read_segments(
        self, call_id: str, *, after: Mapping[str, int] | None = None
    ) -> list[Segment]:
        call = self._calls.get(call_id)
        segments = call.ordered() if call else []
        seen = after or {}
        return [segment for segment in segments if segment.utterance > seen.get(segment.leg, 0)]

    async def read_talk(self, after: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, Talk]]:
        found: dict[str, dict[str, Talk]] = {}
        for call_id, seen in after.items():
            for segment in await self.read_segments(call_id, after=seen):
                legs = found.setdefault(call_id, {})
                before = legs.get(segment.leg, Talk())
                spoken = before.spoken + segment.end - segment.start
                legs[segment.leg] = Talk(spoken, max(before.utterance, segment.utterance))
        return found

    async def read_unclear(self, call_id: str) -> list[Unclear]:
        call = self._calls.get(call_id)
        return sorted(call.unclear, key=lambda span: span.start) if call else []

    async def read_alerts(self, call_ids: Collection[str]) -> list[Alert]:
        found = [alert for (call, _), alert in self._alerts.items() if call in call_ids]
        return sorted(found, key=lambda alert: alert.at)

    async def read_marks(self, call_ids: Collection[str] | None = None) -> list[Mark]:
        marks = self._marks.values()
        found = [mark for mark in marks if call_ids is None or mark.call_id in call_ids]
        return sorted(found, key=lambda mark: mark.start)

    async def keep_mark(self, mark: Mark) -> bool:
        self._marks.pop((mark.call_id, *mark.key), None)
        if not mark.is_removed:
            self._marks[(mark.call_id, *mark.key)] = mark
        self._note(mark.call_id, "mark", f"{mark.leg} {mark.utterance} {mark.at}", mark)
        self._version += 1
        return True

    async def keep_alerts(self, alerts: Sequence[NewAlert]) -> None:
        for new in alerts:
            alert, quiet = new.alert, timedelta(seconds=new.quiet_s)
            is_quiet = any(
                each.rule == alert.rule and abs(each.at - alert.at) < quiet
                for each in self._alerts.values()
            )
            if not is_quiet:
                self._alerts.setdefault((alert.call_id, alert.rule), alert)
        self._version += 1

    async def read_troubles(self, call_id: str) -> list[TroubleRow]:
        return [row for row in self._troubles if row.call_id == call_id]

    async def read_retention(self) -> Retention:
        return self._retention

    async def keep_retention(self, retention: Retention) -> None:
        self._retention = retention

    async def back_up(self, path: Path) -> None:
        await asyncio.to_thread(path.write_text, "".join(self._newest_first()))

    async def read_version(self) -> int:
        return self._version

    async def read_events(
        self,
        after: int,
        *,
        kinds: Collection[str] = KINDS,
        call_id: str | None = None,
        limit: int = MOST_READ,
    ) -> list[StoredEvent]:
        return [
            event
            for event in self._events[after:]
            if event.kind in kinds and call_id in (None, event.call_id)
        ][:limit]

    async def last_event(self) -> int:
        return len(self._events)

    async def list_endpoints(self) -> list[EndpointRow]:
        return []

    async def keep_happening(self, happening: Dtmf | Hold) -> None:
        self._note(happening.call_id, type(happening).__name__.lower(), repr(happening), happening)

    def _note(self, call_id: str, kind: str, mark: str, event: Event) -> None:
        key = call_id, kind, mark
        if all((each.call_id, each.kind, each.mark) != key for each in self._events):
            number, at = len(self._events) + 1, datetime.now(UTC)
            self._events.append(StoredEvent(number, *key, at, event))

    async def keep_call(self, call: Call, folder: Path, recordings: Sequence[Path]) -> None:
        known = await self.read_progress(call.id)
        legs = tuple(
            LegRow(leg, path, known.get(leg.label, Progress()))
            for leg, path in zip(call.legs, recordings, strict=True)
        )
        row = CallRow(call.id, call.source, call.started_at, None, None, None, folder, legs, 0, "")
        stored = self._calls.setdefault(call.id, StoredCall(row))
        started = CallStarted(call, folder, tuple(recordings))
        self._note(call.id, "call_started", "", started)
        zero_at = stored.row.zero_at or (None if stored.segments else call.zero_at)
        stored.row = replace(stored.row, folder=folder, legs=legs, zero_at=zero_at)
        self._version += 1

    async def keep_segment(
        self,
        call_id: str,
        leg: str,
        segment: Segment | None,
        *,
        position: int,
        utterance: int,
        unclear: Sequence[Unclear] = (),
        alerts: Sequence[NewAlert] = (),
    ) -> bool:
        call = self._find(call_id, StoreError)
        is_new = segment is None or (leg, segment.utterance) not in call.segments
        if segment is not None and is_new:
            call.segments[leg, segment.utterance] = segment
            self._note(call_id, "final", f"{leg} {segment.utterance}", Final(call_id, segment))
        for span in unclear if is_new else ():
            call.unclear.append(span)
            self._note(call_id, "unclear", f"{leg} {span.start}", span)
        before = call.leg(leg).progress
        position, utterance = max(before.position, position), max(before.utterance, utterance)
        call.move(leg, replace(before, position=position, utterance=utterance))
        await self.keep_alerts(alerts if is_new else ())
        return is_new

    async def complete_leg(
        self, call_id: str, leg: str, *, alerts: Sequence[NewAlert] = ()
    ) -> None:
        await self.keep_alerts(alerts)
        call = self._find(call_id, StoreError)
        call.move(leg, replace(call.leg(leg).progress, is_complete=True))
        self._version += 1

    async def end_call(
        self, call_id: str, reason: EndReason, *, duration: int, ended_at: datetime
    ) -> None:
        call = self._find(call_id, StoreError)
        call.row = replace(call.row, reason=reason, duration=duration, ended_at=ended_at)
        self._note(call_id, "call_ended", "", CallEnded(call_id, reason, duration / SPEECH_RATE))
        self._version += 1

    async def read_told(self, call_id: str, observer: str) -> dict[str, int]:
        return {
            leg: utterance
            for (call, leg, name), utterance in self._told.items()
            if (call, name) == (call_id, observer)
        }

    async def keep_told(self, call_id: str, leg: str, observer: str, *, utterance: int) -> None:
        self._told[call_id, leg, observer] = utterance

    async def keep_trouble(self, call_id: str | None, message: str, *, at: datetime) -> None:
        known = call_id if call_id in self._calls else None
        self._troubles.append(TroubleRow(known, at, message))

    async def delete_calls(self, call_ids: Collection[str]) -> int:
        gone = [self._calls.pop(call_id) for call_id in call_ids if call_id in self._calls]
        self._version += bool(gone)
        return len(gone)

    def _newest_first(self) -> list[str]:
        return sorted(self._calls, reverse=True)

    def _find(self, call_id: str, error: type[Exception]) -> StoredCall:
        if call_id not in self._calls:
            raise error(f"call {call_id} is not in memory")
        return self._calls[call_id]


def _describe_line(row: CallRow, segment: Segment) -> Hit:
    return replace(_describe_hit(row, segment, 0, ""), spans=())


def _describe_hit(row: CallRow, segment: Segment, start: int, query: str) -> Hit:
    channels = {leg.leg.label: leg.leg.channel for leg in row.legs}
    return Hit(
        row.id,
        segment.leg,
        channels[segment.leg],
        segment.utterance,
        segment.start,
        segment.end,
        (row.zero_at or row.started_at) + timedelta(seconds=segment.start_s),
        segment.text,
        ((start, start + len(query)),),
        row.folder,
        segment.language,
    )


class MemoryDatabase:
    """What a table of databases has of it; every opening shows the same calls."""

    def __init__(self) -> None:
        self.store: Store = MemoryStore()

    @asynccontextmanager
    async def open_store(self, settings: Settings, *, must_exist: bool) -> AsyncIterator[Store]:
        yield self.store

    @asynccontextmanager
    async def open_reader(self, settings: Settings) -> AsyncIterator[Reader]:
        yield self.store

    def open_outbox(self, settings: Settings) -> AbstractAsyncContextManager[Outbox]:
        raise StoreError("memory tells nobody of its events")
