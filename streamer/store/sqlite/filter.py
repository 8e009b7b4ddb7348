"""A filter as conditions in SQL, and what they bind."""

from __future__ import annotations

import json

from streamer.core.encoding import encode_time
from streamer.store.base import Filter
from streamer.store.sqlite.columns import encode_text, to_ms

_FIRST_ID = -(2**63)
LAST_ID = 2**63 - 1
"""No segment has a greater id."""


def names_legs(filter: Filter) -> bool:
    """Say whether a filter picks out calls by anything but time."""
    return bool(filter.channel) or filter.calls is not None or filter.has_alert


def bind(filter: Filter) -> dict[str, object]:
    """Return what the conditions below, and a span of segment ids, bind."""
    calls = None if filter.calls is None else json.dumps([encode_text(c) for c in filter.calls])
    return {
        "channel": encode_text(filter.channel),
        "calls": calls,
        "has_alert": filter.has_alert,
        "since": encode_time(filter.since) if filter.since else None,
        "until": encode_time(filter.until) if filter.until else None,
        "first": to_ms(filter.since) if filter.since else _FIRST_ID,
        "last": to_ms(filter.until) - 1 if filter.until else LAST_ID,
    }


IS_IN_TIME = """
    (:since IS NULL OR call.started_at >= :since)
    AND (:until IS NULL OR call.started_at < :until)
    AND (:before IS NULL OR call.id < :before)
"""
"""Condition on when a call began; binds `before` too, an id or NULL: ids sort by time."""

IS_PICKED = """
    EXISTS (
        SELECT 1
        FROM leg AS party
        WHERE party.call = call.id AND instr(lower(party.channel), lower(:channel))
    )
    AND (:calls IS NULL OR call.id IN (SELECT value FROM json_each(:calls)))
    AND (NOT :has_alert OR EXISTS (SELECT 1 FROM alert WHERE alert.call = call.id))
"""
"""Condition on the alerts, the channels and the id of a call; asked of one call at a time, for one will soon fit or few are left."""
