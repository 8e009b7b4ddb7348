"""Finding calls and what was said in them, newest first, without ever sorting all the hits of a common word."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from streamer.core.encoding import parse_time
from streamer.core.events import SPEECH_RATE
from streamer.store.base import EVERYTHING, PAGE, CallRow, Filter, Hit
from streamer.store.sqlite.columns import encode_text, parse_path, samples_to_ms, to_ms
from streamer.store.sqlite.connection import Connection
from streamer.store.sqlite.filter import IS_IN_TIME, IS_PICKED, LAST_ID, bind, names_legs
from streamer.store.sqlite.indexing import index_utterance
from streamer.store.sqlite.query import parse_query
from streamer.store.sqlite.reading import read_calls

FEW_LEGS = 400
"""Up to so many legs are looked for inside the index; with more, every hit's leg is looked at, of which one will soon fit."""

_STRIDE = 1000
_SLACK_MS = 25 * 3_600_000
"""More than a call is silent before its first frame, and than ids are ever moved for segments that began in the same millisecond."""

_OPEN, _CLOSE = "\x02", "\x03"


async def list_calls(
    db: Connection,
    filter: Filter = EVERYTHING,
    *,
    text: str = "",
    limit: int = PAGE,
    before: str | None = None,
) -> list[CallRow]:
    """Return the calls that a filter lets through, newest first.

    With `text` only those in which a search for it finds something; `before` is the last id of the page before.

    Raises:
        UsageError: `text` is no query, see `parse_query`.
    """
    if text:
        call_ids = await _list_calls_saying(db, text, filter, limit=limit, before=before)
    else:
        call_ids = await _list_all_calls(db, filter, limit=limit, before=before)
    return await read_calls(db, call_ids)


async def search(
    db: Connection,
    query: str,
    filter: Filter = EVERYTHING,
    *,
    limit: int = PAGE,
    offset: int = 0,
) -> list[Hit]:
    """Return the segments that a query finds, newest first.

    Raises:
        UsageError: It is no query, see `parse_query`.
    """
    match, condition = await _narrow(db, parse_query(query), filter)
    if match is None:
        return []
    # CROSS JOIN keeps the index in front, whose order is the one wanted; any other plan sorts every hit.
    rows = await db.fetch(
        f"""
        SELECT
            leg.call, leg.label, leg.channel, segment.utterance, segment.start, segment.end,
            coalesce(call.zero_at, call.started_at), segment.text, highlight(segment_text, 0, :open, :close), call.folder, segment.language, segment.indexed,
            leg.telephone, leg.name, leg.number
        FROM segment_text
        CROSS JOIN segment ON segment.id = segment_text.rowid
        CROSS JOIN leg ON leg.id = segment.leg
        CROSS JOIN call ON call.id = leg.call
        WHERE segment_text MATCH :match
            AND segment_text.rowid BETWEEN :first AND :last
            AND {condition}
        ORDER BY segment_text.rowid DESC
        LIMIT :limit OFFSET :offset
        """,
        {
            **bind(filter),
            "match": match,
            "open": _OPEN,
            "close": _CLOSE,
            "limit": limit,
            "offset": offset,
        },
    )
    return [_parse_hit(row) for row in rows]


async def _narrow(db: Connection, expression: str, filter: Filter) -> tuple[str | None, str]:
    """Return what the index is to match, None if nothing can, and a condition on each hit."""
    match = f"(text : ({expression}))"
    if not names_legs(filter):
        return match, "TRUE"
    rows = await db.fetch(
        f"""
        SELECT id
        FROM leg
        WHERE call IN (
            SELECT call
            FROM leg
            WHERE instr(lower(channel), lower(:channel))
                AND (:calls IS NULL OR call IN (SELECT value FROM json_each(:calls)))
                AND (NOT :has_alert OR call IN (SELECT call FROM alert))
            LIMIT {FEW_LEGS + 1}
        )
        LIMIT {FEW_LEGS + 1}
        """,
        bind(filter),
    )
    if not rows:
        return None, "FALSE"
    if len(rows) > FEW_LEGS:
        return match, IS_PICKED
    legs = " OR ".join(f'"{leg}"' for (leg,) in rows)
    return f"{match} AND (leg : ({legs}))", "TRUE"


async def _list_all_calls(
    db: Connection, filter: Filter, *, limit: int, before: str | None
) -> list[str]:
    condition = IS_PICKED if names_legs(filter) else "TRUE"
    rows = await db.fetch(
        f"""
        SELECT call.id
        FROM call
        WHERE {IS_IN_TIME} AND {condition}
        ORDER BY call.id DESC
        LIMIT :limit
        """,
        {**bind(filter), "before": before and encode_text(before), "limit": limit},
    )
    return [row[0] for row in rows]


async def _list_calls_saying(
    db: Connection, text: str, filter: Filter, *, limit: int, before: str | None
) -> list[str]:
    """Walk the hits from the newest on until no older one can be in a call that is newer than the page's last."""
    found: dict[str, datetime] = {}
    async for call_id, began, spoken_ms in _hits(db, text, filter, before):
        newer = sum(to_ms(at) // 1000 > spoken_ms // 1000 for at in found.values())
        if newer >= limit:  # ids are to the second
            break
        found[call_id] = began
    return sorted(found, reverse=True)[:limit]


async def _hits(
    db: Connection, text: str, filter: Filter, before: str | None
) -> AsyncIterator[tuple[str, datetime, int]]:
    """Yield the call of each hit, when that began, and when the hit was said; newest first."""
    match, condition = await _narrow(db, parse_query(text), filter)
    last = await _last_id(db, filter, before)
    while match is not None:
        rows = await db.fetch(
            f"""
            SELECT call.id, call.started_at, segment_text.rowid
            FROM segment_text
            CROSS JOIN segment ON segment.id = segment_text.rowid
            CROSS JOIN leg ON leg.id = segment.leg
            CROSS JOIN call ON call.id = leg.call
            WHERE segment_text MATCH :match
                AND segment_text.rowid BETWEEN :first AND :last
                AND {IS_IN_TIME}
                AND {condition}
            ORDER BY segment_text.rowid DESC
            LIMIT {_STRIDE}
            """,
            {
                **bind(filter),
                "match": match,
                "before": before and encode_text(before),
                "last": last,
            },
        )
        for call_id, started_at, segment in rows:
            yield call_id, parse_time(started_at), segment
        if len(rows) < _STRIDE:
            return
        last = rows[-1][2] - 1


async def _last_id(db: Connection, filter: Filter, before: str | None) -> int:
    """Return an id that is beyond all segments of calls that began before a bound: no call is longer than the longest."""
    [(began, longest)] = await db.fetch(
        """
        SELECT (SELECT started_at FROM call WHERE id = :before), (SELECT max(position) FROM leg)
        """,
        {"before": before and encode_text(before)},
    )
    bounds = [moment for moment in (filter.until, began and parse_time(began)) if moment]
    if not bounds:
        return LAST_ID
    return to_ms(min(bounds)) + samples_to_ms(longest or 0) + _SLACK_MS


def _parse_hit(row: Sequence[Any]) -> Hit:
    (
        call_id,
        leg,
        channel,
        utterance,
        start,
        end,
        zero_at,
        text,
        marked,
        folder,
        language,
        indexed,
        number,
        name,
        leg_number,
    ) = row
    return Hit(
        call_id=call_id,
        leg=leg,
        channel=channel,
        utterance=utterance,
        start=start,
        end=end,
        spoken_at=parse_time(zero_at) + timedelta(seconds=start / SPEECH_RATE),
        text=text,
        spans=tuple(
            _find_spans(marked) if indexed is None else _trace_spans(text, language, marked)
        ),
        folder=parse_path(folder),
        language=language,
        number=number,
        name=name,
        leg_number=leg_number,
    )


def _trace_spans(text: str, language: str, marked: str) -> Iterator[tuple[int, int]]:
    """Yield where the marks stand in the text, which was indexed with more blanks, or twice, with other figures."""
    indexed = index_utterance(text, language)
    traced = [
        indexed.find(start, end)
        for start, end in _find_spans(marked)
        if indexed is not None and end <= len(indexed.places)  # else another version indexed it
    ]
    until = 0
    for start, end in sorted(traced, key=lambda span: (span[0], -span[1])):
        if max(start, until) < end:
            yield max(start, until), end
            until = end


def _find_spans(marked: str) -> Iterator[tuple[int, int]]:
    """Yield where the marks stand in the text without them; a stored text has no controls, so every mark is ours."""
    at = 0
    for piece in marked.split(_OPEN):
        inside, is_marked, outside = piece.partition(_CLOSE)
        if is_marked:
            yield at, at + len(inside)
        at += len(inside) + len(outside)
