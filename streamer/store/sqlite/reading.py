"""What is in the store: calls, their progress, segments and troubles."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from streamer.core.alert import Alert, Severity
from streamer.core.audio import Leg
from streamer.core.encoding import encode_time, parse_time
from streamer.core.events import EndReason, Segment, Unclear
from streamer.core.mark import Mark
from streamer.core.reasons import find_cause
from streamer.core.transcript import Transcript
from streamer.errors import NotFoundError, StoreError
from streamer.store.base import LAST_WORDS, CallRow, LegRow, Progress, Retention, Talk, TroubleRow
from streamer.store.sqlite.columns import (
    encode_path,
    encode_text,
    parse_path,
    parse_segment,
    parse_time_or_none,
)
from streamer.store.sqlite.connection import Connection

_SLICE = 200
"""Segments that are parsed before others get their turn."""


async def read_progress(db: Connection, call_id: str) -> dict[str, Progress]:
    """Return how far each leg of a call is settled, by label; nothing if the call is not there."""
    rows = await db.fetch(
        """
        SELECT label, position, utterance, is_complete
        FROM leg
        WHERE call = :call
        ORDER BY number
        """,
        {"call": encode_text(call_id)},
    )
    return {row[0]: Progress(row[1], row[2], bool(row[3])) for row in rows}


async def read_segments(
    db: Connection, call_id: str, *, after: Mapping[str, int] | None = None
) -> list[Segment]:
    """Return a call's segments by start time, of each leg those with a greater utterance than `after` says of its label."""
    seen = {encode_text(label): utterance for label, utterance in (after or {}).items()}
    rows = await db.fetch(
        """
        SELECT leg.label, segment.utterance, segment.start, segment.end, segment.language, segment.words
        FROM leg
        LEFT JOIN json_each(:seen) AS seen ON seen.key = leg.label
        CROSS JOIN segment
            ON segment.leg = leg.id AND segment.utterance > coalesce(seen.value, 0)
        WHERE leg.call = :call
        ORDER BY segment.start, leg.number, segment.utterance
        """,
        {"call": encode_text(call_id), "seen": json.dumps(seen)},
    )
    segments: list[Segment] = []
    for first in range(0, len(rows), _SLICE):
        segments += map(parse_segment, rows[first : first + _SLICE])
        await asyncio.sleep(0)  # the words of a long call take half a second to be parsed
    return segments


async def read_transcript(db: Connection, call_id: str) -> Transcript:
    """Return what is settled of a call.

    Raises:
        NotFoundError: The call is not there.
    """
    call = await read_call(db, call_id)
    segments = await read_segments(db, call_id)
    legs = tuple(row.leg for row in call.legs)
    unclear = await read_unclear(db, call_id)
    return Transcript(
        call.id,
        call.source,
        call.started_at,
        legs,
        tuple(segments),
        unclear=tuple(unclear),
        zero_at=call.zero_at,
    )


async def read_call(db: Connection, call_id: str) -> CallRow:
    """Return one call.

    Raises:
        NotFoundError: It is not there.
    """
    rows = await read_calls(db, [call_id])
    if not rows:
        raise NotFoundError(f"no call {call_id} in {db.name}; list calls with `streamer calls`")
    return rows[0]


async def read_calls(db: Connection, call_ids: Sequence[str]) -> list[CallRow]:
    """Return those of the calls that are there, newest first."""
    wanted = json.dumps([encode_text(call_id) for call_id in call_ids])
    rows = await db.fetch(
        """
        SELECT
            call.id, call.source, call.started_at, call.ended_at, call.reason, call.duration, call.folder,
            (
                SELECT count(*)
                FROM leg CROSS JOIN segment ON segment.leg = leg.id
                WHERE leg.call = call.id
            ),
            (
                SELECT substr(segment.text, -:length)
                FROM leg CROSS JOIN segment ON segment.leg = leg.id AND segment.utterance = (
                    SELECT max(utterance) FROM segment WHERE segment.leg = leg.id
                )
                WHERE leg.call = call.id
                ORDER BY segment.id DESC
                LIMIT 1
            ),
            call.zero_at,
            EXISTS (SELECT 1 FROM alert WHERE alert.call = call.id)
        FROM call
        WHERE call.id IN (SELECT value FROM json_each(:calls))
        ORDER BY call.id DESC
        """,
        {"calls": wanted, "length": LAST_WORDS},
    )
    legs = await _read_legs(db, wanted)
    return [_parse_call(row, legs.get(row[0], ())) for row in rows]


async def find_calls(db: Connection, prefix: str, *, limit: int = 10) -> list[str]:
    """Return the ids that begin with `prefix`, newest first; one that equals it stands alone."""
    rows = await db.fetch(
        """
        SELECT id
        FROM call
        WHERE substr(id, 1, length(:prefix)) = :prefix
        ORDER BY id = :prefix DESC, id DESC
        LIMIT :limit
        """,
        {"prefix": encode_text(prefix), "limit": limit},
    )
    found = [str(row[0]) for row in rows]
    return found[:1] if prefix in found else found


async def known_calls(db: Connection, call_ids: Sequence[str]) -> set[str]:
    """Return those of the ids that are there."""
    wanted = json.dumps([encode_text(call_id) for call_id in call_ids])
    rows = await db.fetch(
        "SELECT id FROM call WHERE id IN (SELECT value FROM json_each(:calls))",
        {"calls": wanted},
    )
    return {str(row[0]) for row in rows}


async def list_older(db: Connection, than: datetime) -> list[str]:
    """Return the ids of calls that began before a moment, oldest first."""
    rows = await db.fetch(
        """
        SELECT id
        FROM call
        WHERE started_at < :than
        ORDER BY started_at, id
        """,
        {"than": encode_time(than)},
    )
    return [row[0] for row in rows]


async def read_told(db: Connection, call_id: str, observer: str) -> dict[str, int]:
    """Return the last utterance of each leg that an observer has been told of, by label."""
    rows = await db.fetch(
        """
        SELECT leg.label, told.utterance
        FROM told
        JOIN leg ON leg.id = told.leg
        WHERE leg.call = :call AND told.observer = :observer
        """,
        {"call": encode_text(call_id), "observer": encode_text(observer)},
    )
    return {str(label): int(utterance) for label, utterance in rows}


async def read_talk(
    db: Connection, after: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, Talk]]:
    """Return of calls, by id and label, how long legs have spoken in segments with a greater utterance than `after` says."""
    seen = {
        encode_text(call_id): {encode_text(label): number for label, number in legs.items()}
        for call_id, legs in after.items()
    }
    rows = await db.fetch(
        """
        SELECT leg.call, leg.label, sum(segment.end - segment.start), max(segment.utterance)
        FROM json_each(:seen) AS call
        CROSS JOIN leg ON leg.call = call.key
        LEFT JOIN json_each(call.value) AS known ON known.key = leg.label
        CROSS JOIN segment
            ON segment.leg = leg.id AND segment.utterance > coalesce(known.value, 0)
        GROUP BY leg.id
        """,
        {"seen": json.dumps(seen)},
    )
    found: dict[str, dict[str, Talk]] = {}
    for call_id, label, spoken, utterance in rows:
        found.setdefault(call_id, {})[label] = Talk(spoken, utterance)
    return found


async def read_unclear(db: Connection, call_id: str) -> list[Unclear]:
    """Return where somebody spoke and no words could be made of it, by start time."""
    rows = await db.fetch(
        """
        SELECT leg.label, unclear.start, unclear.end
        FROM leg
        JOIN unclear ON unclear.leg = leg.id
        WHERE leg.call = :call
        ORDER BY unclear.start, leg.number
        """,
        {"call": encode_text(call_id)},
    )
    return [Unclear(call_id, label, start, end) for label, start, end in rows]


async def read_alerts(db: Connection, call_ids: Collection[str]) -> list[Alert]:
    """Return the alerts of calls, by when their words were said."""
    rows = await db.fetch(
        """
        SELECT call, rule, severity, at, leg, utterance, start, end, text
        FROM alert
        WHERE call IN (SELECT value FROM json_each(:calls))
        ORDER BY at, id
        """,
        {"calls": json.dumps([encode_text(call_id) for call_id in call_ids])},
    )
    return [
        Alert(call, rule, Severity(severity), parse_time(at), *place)
        for call, rule, severity, at, *place in rows
    ]


async def read_marks(db: Connection, call_ids: Collection[str] | None = None) -> list[Mark]:
    """Return the marks of calls, of all by default: newest call first, in each by place."""
    wanted = None if call_ids is None else json.dumps([encode_text(each) for each in call_ids])
    rows = await db.fetch(
        """
        SELECT
            leg.call, leg.label, mark.utterance, mark.start, mark.end, mark.note, mark.at,
            coalesce(segment.text, '')
        FROM mark
        JOIN leg ON leg.id = mark.leg
        LEFT JOIN segment ON segment.leg = mark.leg AND segment.utterance = mark.utterance
        WHERE :calls IS NULL OR leg.call IN (SELECT value FROM json_each(:calls))
        ORDER BY leg.call DESC, mark.start, leg.number
        """,
        {"calls": wanted},
    )
    return [
        Mark(call, leg, utterance, start, end, note, parse_time(at), text)
        for call, leg, utterance, start, end, note, at, text in rows
    ]


async def read_troubles(db: Connection, call_id: str) -> list[TroubleRow]:
    """Return what went wrong with a call, in order."""
    rows = await db.fetch(
        """
        SELECT call, at, message
        FROM trouble
        WHERE call = :call
        ORDER BY id
        """,
        {"call": encode_text(call_id)},
    )
    return [TroubleRow(call, parse_time(at), message) for call, at, message in rows]


async def read_retention(db: Connection) -> Retention:
    """Return what is known of the clock by which old calls are deleted."""
    rows = await db.fetch("SELECT seen_at, boot, booted_at, announced_at, cutoff FROM retention")
    for seen_at, boot, *others in rows:
        return Retention(parse_time_or_none(seen_at), boot, *map(parse_time_or_none, others))
    return Retention()


async def back_up(db: Connection, path: Path) -> None:
    """Write a copy of everything, private to its owner, to a file that is not there yet.

    Raises:
        StoreError: The database cannot be read, or the disk does not take the copy.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StoreError(
            f"{path} cannot be made ({find_cause(error)}); name another folder"
        ) from error
    await db.fetch("VACUUM INTO :path", {"path": encode_path(path)})


async def read_version(db: Connection) -> int:
    """Return a number that changes whenever another connection has committed something; cheap enough to ask 20 times a second."""
    [(version,)] = await db.fetch("PRAGMA data_version")
    return int(version)


async def _read_legs(db: Connection, wanted: str) -> dict[str, tuple[LegRow, ...]]:
    rows = await db.fetch(
        """
        SELECT call, label, channel, rate, telephone, name, recording, position, utterance, is_complete
        FROM leg
        WHERE call IN (SELECT value FROM json_each(:calls))
        ORDER BY call, number
        """,
        {"calls": wanted},
    )
    legs: dict[str, tuple[LegRow, ...]] = {}
    for call, label, channel, rate, number, name, recording, *progress in rows:
        position, utterance, is_complete = progress
        row = LegRow(
            Leg(label, channel, rate, number, name),
            parse_path(recording),
            Progress(position, utterance, bool(is_complete)),
        )
        legs[call] = (*legs.get(call, ()), row)
    return legs


def _parse_call(row: Sequence[Any], legs: tuple[LegRow, ...]) -> CallRow:
    call_id, source, started_at, ended_at, reason, duration, folder, *counted = row
    segments, words, zero_at, has_alert = counted
    return CallRow(
        id=call_id,
        source=source,
        started_at=parse_time(started_at),
        ended_at=parse_time_or_none(ended_at),
        reason=None if reason is None else EndReason(reason),
        duration=duration,
        folder=parse_path(folder),
        legs=legs,
        segments=segments,
        last_words=words or "",
        zero_at=parse_time_or_none(zero_at),
        has_alert=bool(has_alert),
    )
