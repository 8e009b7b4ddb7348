"""The lines before and after what a search has found, for all of it at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from streamer.core.events import SPEECH_RATE
from streamer.store.base import Around, Hit
from streamer.store.sqlite.columns import encode_text
from streamer.store.sqlite.connection import Connection

_SLICE = 200
"""Hits of one query."""

# A leg's utterances are numbered in the order of their ids, and the index of the numbers has the ids too, so of a long call only
# the index is walked. The plus keeps ids from being looked for in the whole table.
_AROUND = """
    WITH hit AS MATERIALIZED (
        SELECT asked.key AS number, leg.call, segment.id
        FROM json_each(:hits) AS asked
        CROSS JOIN leg
            ON leg.call = json_extract(asked.value, '$[0]')
            AND leg.label = json_extract(asked.value, '$[1]')
        CROSS JOIN segment
            ON segment.leg = leg.id
            AND segment.utterance = json_extract(asked.value, '$[2]')
    )
    SELECT
        hit.number, leg.number, leg.label, leg.channel, leg.telephone, leg.name,
        segment.utterance, segment.start, segment.end, segment.language, segment.text
    FROM hit
    CROSS JOIN leg ON leg.call = hit.call
    CROSS JOIN segment ON segment.id IN (
        SELECT id
        FROM (
            SELECT near.id
            FROM segment AS near
            WHERE near.leg = leg.id AND +near.id < hit.id
            ORDER BY near.utterance DESC
            LIMIT :near
        )
        UNION ALL
        SELECT id
        FROM (
            SELECT near.id
            FROM segment AS near
            WHERE near.leg = leg.id AND +near.id > hit.id
            ORDER BY near.utterance
            LIMIT :near
        )
    )
"""


async def read_around(db: Connection, hits: Sequence[Hit], *, lines: int) -> list[Around]:
    """Return up to so many lines of the same call before and after each hit, in the order of the call."""
    found: list[Around] = []
    for first in range(0, len(hits), _SLICE):
        some = hits[first : first + _SLICE]
        keys = [[encode_text(hit.call_id), encode_text(hit.leg), hit.utterance] for hit in some]
        # One more than is wanted, since ids do not say in which order lines stand that began together.
        rows = await db.fetch(_AROUND, {"hits": json.dumps(keys), "near": lines + 1})
        near: list[list[Hit]] = [[] for _ in some]
        for number, *line in rows:
            near[number].append(_parse_line(some[number], line))
        found += [_pick(*each, lines) for each in zip(some, near, strict=True)]
        await asyncio.sleep(0)
    return found


def _pick(hit: Hit, near: Sequence[Hit], lines: int) -> Around:
    ordered = sorted(near, key=lambda line: line.place)
    before = [line for line in ordered if line.place < hit.place]
    after = [line for line in ordered if line.place > hit.place]
    return Around(tuple(before[max(0, len(before) - lines) :]), tuple(after[:lines]))


def _parse_line(hit: Hit, row: Sequence[Any]) -> Hit:
    """Return a line of a hit's call."""
    leg_number, leg, channel, number, name, utterance, start, end, language, text = row
    return replace(
        hit,
        leg=leg,
        leg_number=leg_number,
        channel=channel,
        utterance=utterance,
        start=start,
        end=end,
        spoken_at=hit.spoken_at + timedelta(seconds=(start - hit.start) / SPEECH_RATE),
        text=text,
        spans=(),
        language=language,
        number=number,
        name=name,
    )
