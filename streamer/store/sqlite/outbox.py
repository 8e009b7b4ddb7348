"""What each endpoint has yet to get; each function is one short transaction, committed when it returns. See `store.outbox`."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from streamer.core.untrusted import one_line
from streamer.store.outbox import MOST_READ, Delivery, EndpointRow
from streamer.store.sqlite.columns import encode_text
from streamer.store.sqlite.connection import Connection, Run
from streamer.store.sqlite.events import EVENT_COLUMNS, EVENT_TABLES, parse_events

FULL = "too many events waited for this endpoint"


async def take_up(
    db: Connection, endpoint: str, kinds: Collection[str], *, most: int, most_dead: int
) -> int:
    """Take new events up for an endpoint; return how many old ones became dead letters for want of room."""
    name = {"endpoint": encode_text(endpoint)}
    async with db.transaction() as run:
        await run(
            """
            INSERT INTO endpoint (name, position)
            VALUES (
                :endpoint,
                coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)
            )
            ON CONFLICT DO NOTHING
            """,
            name,
        )
        await run(
            """
            INSERT INTO delivery (endpoint, event, call)
            SELECT :endpoint, id, call
            FROM event
            WHERE id > (SELECT position FROM endpoint WHERE name = :endpoint)
                AND kind IN (SELECT value FROM json_each(:kinds))
            """,
            {**name, "kinds": json.dumps(list(kinds))},
        )
        await run(
            """
            UPDATE endpoint
            SET position = max(position, coalesce((SELECT max(id) FROM event), 0))
            WHERE name = :endpoint
            """,
            name,
        )
        return await _bound(run, name, most, most_dead)


async def _bound(run: Run, name: dict[str, str], most: int, most_dead: int) -> int:
    died = await run(
        """
        UPDATE delivery
        SET is_dead = TRUE, error = :error
        WHERE endpoint = :endpoint AND NOT is_dead AND event <= (
            SELECT event
            FROM delivery
            WHERE endpoint = :endpoint AND NOT is_dead
            ORDER BY event DESC
            LIMIT 1 OFFSET :most
        )
        RETURNING event
        """,
        {**name, "most": most, "error": FULL},
    )
    dropped = await run(
        """
        DELETE FROM delivery
        WHERE endpoint = :endpoint AND is_dead AND event <= (
            SELECT event
            FROM delivery
            WHERE endpoint = :endpoint AND is_dead
            ORDER BY event DESC
            LIMIT 1 OFFSET :most
        )
        RETURNING event
        """,
        {**name, "most": most_dead},
    )
    if dropped:
        await run(
            "UPDATE endpoint SET dropped = dropped + :count WHERE name = :endpoint",
            {**name, "count": len(dropped)},
        )
    return len(died)


async def read_waiting(
    db: Connection,
    endpoint: str,
    *,
    without_calls: Collection[str] = (),
    limit: int = MOST_READ,
) -> list[Delivery]:
    """Return what waits for an endpoint, oldest first."""
    calls = json.dumps([encode_text(call) for call in without_calls])
    return await _read(
        db,
        """
        delivery.endpoint = :endpoint AND NOT delivery.is_dead
            AND delivery.call NOT IN (SELECT value FROM json_each(:calls))
        """,
        {"endpoint": encode_text(endpoint), "calls": calls, "limit": limit},
    )


async def list_dead(db: Connection, endpoint: str, *, limit: int) -> list[Delivery]:
    """Return dead letters, oldest first."""
    return await _read(
        db,
        "delivery.is_dead AND (:endpoint = '' OR delivery.endpoint = :endpoint)",
        {"endpoint": encode_text(endpoint), "limit": limit},
    )


async def _read(db: Connection, which: str, parameters: dict[str, object]) -> list[Delivery]:
    rows = await db.fetch(
        f"""
        SELECT delivery.endpoint, delivery.attempts, delivery.error, {EVENT_COLUMNS}
        FROM delivery CROSS JOIN {EVENT_TABLES}
        WHERE event.id = delivery.event AND {which}
        ORDER BY delivery.event
        LIMIT :limit
        """,
        parameters,
    )
    events = {event.number: event for event in await parse_events(db, [row[3:] for row in rows])}
    return [
        Delivery(endpoint, events[number], attempts, error)
        for endpoint, attempts, error, number, *_ in rows
        if number in events
    ]


async def note_delivered(db: Connection, endpoint: str, number: int) -> None:
    """Take note that an endpoint has an event."""
    await db.fetch(
        "DELETE FROM delivery WHERE endpoint = :endpoint AND event = :event AND NOT is_dead",
        {"endpoint": encode_text(endpoint), "event": number},
    )


async def note_failed(
    db: Connection, endpoint: str, number: int, error: str, *, is_dead: bool
) -> None:
    """Take note that an endpoint has refused an event, and whether that was the last attempt."""
    await db.fetch(
        """
        UPDATE delivery
        SET attempts = attempts + 1, error = :error, is_dead = :is_dead
        WHERE endpoint = :endpoint AND event = :event AND NOT is_dead
        """,
        {
            "endpoint": encode_text(endpoint),
            "event": number,
            "error": encode_text(one_line(error)),
            "is_dead": is_dead,
        },
    )


async def resend(db: Connection, endpoint: str, *, numbers: Sequence[int]) -> int:
    """Have dead letters wait again; return how many."""
    rows = await db.fetch(
        """
        UPDATE delivery
        SET is_dead = FALSE, attempts = 0, error = ''
        WHERE is_dead
            AND (:endpoint = '' OR endpoint = :endpoint)
            AND (:numbers = '[]' OR event IN (SELECT value FROM json_each(:numbers)))
        RETURNING event
        """,
        {"endpoint": encode_text(endpoint), "numbers": json.dumps(list(numbers))},
    )
    return len(rows)


async def list_endpoints(db: Connection) -> list[EndpointRow]:
    """Return the endpoints that have ever been delivered to, by name."""
    rows = await db.fetch(
        """
        SELECT
            name,
            (SELECT count(*) FROM delivery WHERE endpoint = name AND NOT is_dead),
            (SELECT count(*) FROM delivery WHERE endpoint = name AND is_dead),
            dropped
        FROM endpoint
        ORDER BY name
        """
    )
    return [EndpointRow(*row) for row in rows]
