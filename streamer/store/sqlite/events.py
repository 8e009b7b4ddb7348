"""Events as they were stored, put together from where their words are; see `store.outbox`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from streamer.core.alert import Alert, Severity
from streamer.core.encoding import parse_time
from streamer.core.events import (
    Call,
    CallEnded,
    CallStarted,
    Dtmf,
    EndReason,
    Event,
    Final,
    Hold,
    Unclear,
)
from streamer.core.mark import Mark
from streamer.store.base import CallRow
from streamer.store.outbox import MOST_READ, StoredEvent
from streamer.store.sqlite.columns import encode_text, from_ms, parse_segment
from streamer.store.sqlite.connection import Connection
from streamer.store.sqlite.reading import read_calls

_OF_CALLS = ("call_started", "call_ended")

EVENT_COLUMNS = """
    event.id, event.call, event.kind, event.mark, event.at, leg.label, event.item, event.data,
    segment.utterance, segment.start, segment.end, segment.language, segment.words,
    unclear.start, unclear.end,
    alert.rule, alert.severity, alert.at, alert.leg, alert.utterance, alert.start, alert.end, alert.text,
    marked.text
"""

EVENT_TABLES = """
    event
    LEFT JOIN leg ON leg.id = event.leg
    LEFT JOIN segment ON event.kind = 'final' AND segment.id = event.item
    LEFT JOIN unclear ON event.kind = 'unclear' AND unclear.leg = event.leg AND unclear.start = event.item
    LEFT JOIN alert ON event.kind = 'alert' AND alert.id = event.item
    LEFT JOIN segment AS marked
        ON event.kind = 'mark' AND marked.leg = event.leg AND marked.utterance = event.item
"""


async def read_events(
    db: Connection,
    after: int,
    *,
    kinds: Collection[str],
    call_id: str | None = None,
    limit: int = MOST_READ,
) -> list[StoredEvent]:
    """Return events behind a number, in order."""
    rows = await db.fetch(
        f"""
        SELECT {EVENT_COLUMNS}
        FROM {EVENT_TABLES}
        WHERE event.id > :after
            AND event.kind IN (SELECT value FROM json_each(:kinds))
            AND (:call IS NULL OR event.call = :call)
        ORDER BY event.id
        LIMIT :limit
        """,
        {
            "after": after,
            "kinds": json.dumps(list(kinds)),
            "call": None if call_id is None else encode_text(call_id),
            "limit": limit,
        },
    )
    return await parse_events(db, rows)


async def last_event(db: Connection) -> int:
    """Return the number of the newest event there ever was, 0 if there was none."""
    rows = await db.fetch("SELECT seq FROM sqlite_sequence WHERE name = 'event'")
    return int(rows[0][0]) if rows else 0


async def parse_events(db: Connection, rows: Sequence[Sequence[Any]]) -> list[StoredEvent]:
    """Return the events of rows of `EVENT_COLUMNS`; one whose call has been deleted meanwhile is left out."""
    wanted = {row[1] for row in rows if row[2] in _OF_CALLS}
    calls = {call.id: call for call in await read_calls(db, list(wanted))} if wanted else {}
    events = []
    for number, call_id, kind, mark, at, label, item, *rest in rows:
        event = _parse(call_id, kind, [label, *rest], calls)
        if event is not None:
            began_at = from_ms(item) if kind == "final" else None
            stored = StoredEvent(number, call_id, kind, mark, parse_time(at), event, began_at)
            events.append(stored)
    return events


def _parse(
    call_id: str, kind: str, row: Sequence[Any], calls: Mapping[str, CallRow]
) -> Event | None:
    label, data, *rest = row
    segment, unclear, alert, words = rest[:5], rest[5:7], rest[7:15], rest[15]
    if kind == "final":
        return Final(call_id, parse_segment([label, *segment]))
    if kind == "unclear":
        return Unclear(call_id, label, *unclear)
    if kind == "alert":
        rule, severity, at, *place = alert
        return Alert(call_id, rule, Severity(severity), parse_time(at), *place)
    if kind == "mark":
        return _parse_mark(call_id, label, json.loads(data), words or "")
    if data is not None:
        return _parse_happening(call_id, label, kind, json.loads(data))
    call = calls.get(call_id)
    return None if call is None else _parse_of_call(call, kind)


def _parse_of_call(row: CallRow, kind: str) -> Event:
    if kind == "call_ended":
        return CallEnded(row.id, row.reason or EndReason.INTERRUPTED, row.duration_s or 0.0)
    legs = tuple(each.leg for each in row.legs)
    paths = tuple(each.recording for each in row.legs)
    return CallStarted(
        Call(row.id, row.source, legs, row.started_at, row.zero_at), row.folder, paths
    )


def _parse_happening(call_id: str, leg: str, kind: str, data: Mapping[str, Any]) -> Event:
    place = data["start"], parse_time(data["at"])
    if kind == "hold":
        return Hold(call_id, leg, data["held"], *place)
    return Dtmf(call_id, leg, data["digit"], *place, data.get("raw", ""))


def _parse_mark(call_id: str, leg: str, data: Mapping[str, Any], words: str) -> Mark:
    place = data["utterance"], data["start"], data["end"]
    at = parse_time(data["at"])
    return Mark(call_id, leg, *place, data["note"], at, words, is_removed=data["removed"])
