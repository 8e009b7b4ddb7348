"""Keeping the marks of lines, and telling how they change."""

from __future__ import annotations

import json

from streamer.core.encoding import encode_time
from streamer.core.mark import LONGEST_NOTE, Mark
from streamer.core.untrusted import one_line
from streamer.store.sqlite.columns import encode_text
from streamer.store.sqlite.connection import Connection, Run


async def keep_mark(db: Connection, mark: Mark) -> bool:
    """Keep a mark in the place of the one that its line has, or take that away; False if its leg is not in the store.

    What changes is told in the same transaction. Whoever sets again what is there already, changes nothing.
    """
    note = encode_text("" if mark.is_removed else one_line(mark.note)[:LONGEST_NOTE])
    place = {"call": encode_text(mark.call_id), "label": encode_text(mark.leg)}
    async with db.transaction() as run:
        found = await run(
            """
            SELECT leg.id, mark.note
            FROM leg
            LEFT JOIN mark ON mark.leg = leg.id AND mark.utterance = :utterance
            WHERE leg.call = :call AND leg.label = :label
            """,
            place | {"utterance": mark.utterance},
        )
        for leg, before in found:
            if before == (None if mark.is_removed else note):
                continue
            await (
                _delete_mark(run, leg, mark)
                if mark.is_removed
                else _insert_mark(run, leg, mark, note)
            )
            await _tell_mark(run, leg, mark, note)
    return bool(found)


async def _delete_mark(run: Run, leg: int, mark: Mark) -> None:
    """Take a mark away, and its note out of the events that tell it."""
    line = {"leg": leg, "utterance": mark.utterance}
    await run("DELETE FROM mark WHERE leg = :leg AND utterance = :utterance", line)
    await run(
        """
        UPDATE event SET data = json_set(data, '$.note', '')
        WHERE call = :call AND kind = 'mark' AND leg = :leg AND item = :utterance
        """,
        line | {"call": encode_text(mark.call_id)},
    )


async def _insert_mark(run: Run, leg: int, mark: Mark, note: str) -> None:
    await run(
        """
        INSERT INTO mark (leg, utterance, start, end, note, at)
        VALUES (:leg, :utterance, :start, :end, :note, :at)
        ON CONFLICT (leg, utterance) DO UPDATE SET
            note = excluded.note,
            at = excluded.at
        """,
        {
            "leg": leg,
            "utterance": mark.utterance,
            "start": mark.start,
            "end": mark.end,
            "note": note,
            "at": encode_time(mark.at),
        },
    )


async def _tell_mark(run: Run, leg: int, mark: Mark, note: str) -> None:
    """Store the event of a change; changes of one line are numbered, so that each event is another one."""
    data = {
        "utterance": mark.utterance,
        "start": mark.start,
        "end": mark.end,
        "note": note,
        "at": encode_time(mark.at),
        "removed": mark.is_removed,
    }
    await run(
        """
        INSERT INTO event (call, kind, mark, leg, item, data)
        SELECT
            :call,
            'mark',
            :label || ' ' || :utterance || ' ' || (1 + count(*)),
            :leg,
            :utterance,
            :data
        FROM event
        WHERE call = :call AND kind = 'mark' AND leg = :leg AND item = :utterance
        """,
        {
            "call": encode_text(mark.call_id),
            "label": encode_text(mark.leg),
            "leg": leg,
            "utterance": mark.utterance,
            "data": json.dumps(data),
        },
    )
