"""Keeping calls, their words and what happens to them; each function is one short transaction, committed when it returns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from streamer.core.audio import Leg
from streamer.core.encoding import encode_held, encode_pressed, encode_time
from streamer.core.events import Call, Dtmf, EndReason, Hold, Segment, Unclear
from streamer.core.untrusted import one_line
from streamer.errors import StoreError
from streamer.store.base import NewAlert, Retention
from streamer.store.sqlite.columns import (
    encode_path,
    encode_text,
    encode_word_column,
    samples_to_ms,
    shown_text,
)
from streamer.store.sqlite.connection import Connection, Run
from streamer.store.sqlite.indexing import indexed_utterance


async def keep_call(db: Connection, call: Call, folder: Path, recordings: Sequence[Path]) -> None:
    """Keep a call and its legs, with one path a leg in `recordings`; what is known of it already is kept or replaced by what is newer.

    `zero_at` stays once there are segments, since their ids are made from it.
    """
    async with db.transaction() as run:
        await run(
            """
            INSERT INTO call (id, source, started_at, zero_at, folder)
            VALUES (:call, :source, :started_at, :zero_at, :folder)
            ON CONFLICT (id) DO UPDATE SET
                folder = excluded.folder,
                zero_at = CASE
                    WHEN EXISTS (
                        SELECT 1
                        FROM leg CROSS JOIN segment ON segment.leg = leg.id
                        WHERE leg.call = call.id
                    )
                    THEN call.zero_at
                    ELSE coalesce(call.zero_at, excluded.zero_at)
                END
            """,
            {
                "call": encode_text(call.id),
                "source": encode_text(call.source),
                "started_at": encode_time(call.started_at),
                "zero_at": _encode_time_or_none(call.zero_at),
                "folder": encode_path(folder),
            },
        )
        for number, (leg, recording) in enumerate(zip(call.legs, recordings, strict=True)):
            await _keep_leg(run, call.id, number, leg, recording)


async def _keep_leg(run: Run, call_id: str, number: int, leg: Leg, recording: Path) -> None:
    await run(
        """
        INSERT INTO leg (call, number, label, channel, rate, telephone, name, recording)
        VALUES (:call, :number, :label, :channel, :rate, :telephone, :name, :recording)
        ON CONFLICT (call, label) DO UPDATE SET
            number = excluded.number,
            channel = excluded.channel,
            rate = excluded.rate,
            telephone = coalesce(nullif(excluded.telephone, ''), leg.telephone),
            name = coalesce(nullif(excluded.name, ''), leg.name),
            recording = excluded.recording
        """,
        {
            "call": encode_text(call_id),
            "number": number,
            "label": encode_text(leg.label),
            "channel": encode_text(leg.channel),
            "rate": leg.rate,
            "telephone": encode_text(leg.number),
            "name": encode_text(leg.name),
            "recording": encode_path(recording),
        },
    )


async def keep_segment(
    db: Connection,
    call_id: str,
    leg: str,
    segment: Segment | None,
    *,
    position: int,
    utterance: int,
    unclear: Sequence[Unclear] = (),
    alerts: Sequence[NewAlert] = (),
) -> bool:
    """Keep a segment, None for an utterance without words, how far its leg is settled now, and what stayed `unclear` in it.

    `alerts` are kept with it, of each call and rule the first. A segment that has its number already stays, and False is returned. A leg's
    position and number never go back.

    Raises:
        StoreError: The leg is not in the store, or the database cannot take it.
    """
    place = {"call": encode_text(call_id), "leg": encode_text(leg)}
    async with db.transaction() as run:
        kept = await run(_INSERT_SEGMENT, {**place, **_encode(segment)}) if segment else []
        known = await run(
            """
            UPDATE leg
            SET position = max(position, :position), utterance = max(utterance, :utterance)
            WHERE call = :call AND label = :leg
            RETURNING id
            """,
            {**place, "position": position, "utterance": utterance},
        )
        if not known:
            raise _unknown(db, call_id, leg)
        is_kept = bool(kept) or segment is None
        for span in unclear if is_kept else ():
            await run(
                "INSERT OR IGNORE INTO unclear (leg, start, end) VALUES (:leg, :start, :end)",
                {"leg": known[0][0], "start": span.start, "end": span.end},
            )
        if is_kept:
            await _insert_alerts(run, alerts)
    return is_kept


# The slot is the first free millisecond from the utterance's beginning on.
_INSERT_SEGMENT = """
    WITH RECURSIVE slot (id, leg) AS (
        SELECT
            CAST(strftime('%s', coalesce(call.zero_at, call.started_at)) AS INTEGER) * 1000
                + CAST(substr(coalesce(call.zero_at, call.started_at), -4, 3) AS INTEGER)
                + :ms,
            leg.id
        FROM leg JOIN call ON call.id = leg.call
        WHERE leg.call = :call AND leg.label = :leg
        UNION ALL
        SELECT slot.id + 1, slot.leg
        FROM slot
        WHERE EXISTS (SELECT 1 FROM segment WHERE segment.id = slot.id)
    )
    INSERT INTO segment (id, leg, utterance, start, end, language, text, words, indexed)
    SELECT id, leg, :utterance, :start, :end, :language, :text, :words, :indexed
    FROM slot
    WHERE NOT EXISTS (SELECT 1 FROM segment WHERE segment.id = slot.id)
    ON CONFLICT (leg, utterance) DO NOTHING
    RETURNING id
"""


def _encode(segment: Segment) -> dict[str, object]:
    text = shown_text(segment)
    return {
        "utterance": segment.utterance,
        "start": segment.start,
        "end": segment.end,
        "ms": samples_to_ms(segment.start),
        "language": encode_text(segment.language),
        "text": text,
        "indexed": indexed_utterance(text, segment.language),
        "words": encode_word_column(segment.words),
    }


async def complete_leg(
    db: Connection, call_id: str, leg: str, *, alerts: Sequence[NewAlert] = ()
) -> None:
    """Record that a leg has been transcribed to its end, and keep the alerts that this raises.

    Raises:
        StoreError: The leg is not in the store.
    """
    async with db.transaction() as run:
        known = await run(
            """
            UPDATE leg
            SET is_complete = TRUE
            WHERE call = :call AND label = :leg
            RETURNING id
            """,
            {"call": encode_text(call_id), "leg": encode_text(leg)},
        )
        if not known:
            raise _unknown(db, call_id, leg)
        await _insert_alerts(run, alerts)


async def keep_alerts(db: Connection, alerts: Sequence[NewAlert]) -> None:
    """Keep alerts that the passing of time raises, of each call and rule the first."""
    async with db.transaction() as run:
        await _insert_alerts(run, alerts)


async def _insert_alerts(run: Run, alerts: Sequence[NewAlert]) -> None:
    for new in alerts:
        alert, quiet = new.alert, timedelta(seconds=new.quiet_s)
        await run(
            """
            INSERT INTO alert (call, rule, severity, at, leg, utterance, start, end, text)
            SELECT :call, :rule, :severity, :at, :leg, :utterance, :start, :end, :text
            WHERE EXISTS (SELECT 1 FROM call WHERE id = :call)
                AND NOT EXISTS (
                    SELECT 1 FROM alert WHERE rule = :rule AND at > :after AND at < :before
                )
            ON CONFLICT (call, rule) DO NOTHING
            """,
            {
                "call": encode_text(alert.call_id),
                "rule": encode_text(alert.rule),
                "severity": alert.severity.value,
                "at": encode_time(alert.at),
                "leg": alert.leg and encode_text(alert.leg),
                "utterance": alert.utterance,
                "start": alert.start,
                "end": alert.end,
                "text": None if alert.text is None else encode_text(one_line(alert.text)),
                "after": encode_time(alert.at - quiet),
                "before": encode_time(alert.at + quiet),
            },
        )


async def keep_happening(db: Connection, happening: Dtmf | Hold) -> None:
    """Keep a key that was pressed, or a hold, once; of a leg that is not there, nothing."""
    is_key = isinstance(happening, Dtmf)
    fields = encode_pressed(happening) if isinstance(happening, Dtmf) else encode_held(happening)
    await db.fetch(
        """
        INSERT INTO event (call, kind, mark, leg, data)
        SELECT leg.call, :kind, leg.label || ' ' || :data, leg.id, :data
        FROM leg
        WHERE leg.call = :call AND leg.label = :leg
        ON CONFLICT DO NOTHING
        """,
        {
            "call": encode_text(happening.call_id),
            "leg": encode_text(happening.leg),
            "kind": "dtmf" if is_key else "hold",
            "data": json.dumps(fields),
        },
    )


async def end_call(
    db: Connection, call_id: str, reason: EndReason, *, duration: int, ended_at: datetime
) -> None:
    """Record a call's end; `duration` is in samples at `SPEECH_RATE`.

    Raises:
        StoreError: The call is not in the store.
    """
    known = await db.fetch(
        """
        UPDATE call
        SET reason = :reason, duration = :duration, ended_at = :ended_at
        WHERE id = :call
        RETURNING id
        """,
        {
            "call": encode_text(call_id),
            "reason": reason.value,
            "duration": duration,
            "ended_at": encode_time(ended_at),
        },
    )
    if not known:
        raise _unknown(db, call_id)


async def keep_told(
    db: Connection, call_id: str, leg: str, observer: str, *, utterance: int
) -> None:
    """Record that an observer has been told of a leg up to an utterance; it never goes back."""
    async with db.transaction() as run:
        await run(
            """
            INSERT INTO told (leg, observer, utterance)
            SELECT id, :observer, :utterance
            FROM leg
            WHERE call = :call AND label = :label
            ON CONFLICT (leg, observer) DO UPDATE SET
                utterance = max(utterance, excluded.utterance)
            """,
            {
                "call": encode_text(call_id),
                "label": encode_text(leg),
                "observer": encode_text(observer),
                "utterance": utterance,
            },
        )


async def keep_trouble(db: Connection, call_id: str | None, message: str, *, at: datetime) -> None:
    """Keep what went wrong, with no call if that one is not in the store."""
    await db.fetch(
        """
        INSERT INTO trouble (call, at, message)
        VALUES ((SELECT id FROM call WHERE id = :call), :at, :message)
        """,
        {
            "call": None if call_id is None else encode_text(call_id),
            "at": encode_time(at),
            "message": encode_text(message),
        },
    )


async def keep_retention(db: Connection, retention: Retention) -> None:
    """Replace what is known of the clock by which old calls are deleted."""
    await db.fetch(
        """
        INSERT OR REPLACE INTO retention (id, seen_at, boot, booted_at, announced_at, cutoff)
        VALUES (1, :seen_at, :boot, :booted_at, :announced_at, :cutoff)
        """,
        {
            "seen_at": _encode_time_or_none(retention.seen_at),
            "boot": retention.boot,
            "booted_at": _encode_time_or_none(retention.booted_at),
            "announced_at": _encode_time_or_none(retention.announced_at),
            "cutoff": _encode_time_or_none(retention.cutoff),
        },
    )


def _encode_time_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else encode_time(moment)


def _unknown(db: Connection, call_id: str, leg: str = "") -> StoreError:
    what = f"leg {leg} of call {call_id}" if leg else f"call {call_id}"
    return StoreError(f"{what} is not in {db.name}; it may have been deleted")
