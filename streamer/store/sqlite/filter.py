"""Which calls a list or a search looks at, as a value and as conditions in SQL."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from streamer.core.events import encode_time
from streamer.store.sqlite.rows import encode_text, to_ms

_FIRST_ID = -(2**63)
LAST_ID = 2**63 - 1
"""No segment has a greater id."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which calls are looked at, all of them by default.

    `since` (included) and `until` (not) bound when a call began, or for a search when something was said; `channel` is a part of
    the name of a channel of the call, in any case of letters; `calls` are ids.
    """

    since: datetime | None = None
    until: datetime | None = None
    channel: str = ""
    calls: frozenset[str] | None = None

    @property
    def names_legs(self) -> bool:
        """Say whether it picks out calls by anything but time."""
        return bool(self.channel) or self.calls is not None

    @property
    def parameters(self) -> dict[str, object]:
        """Return what the statements below bind."""
        calls = None if self.calls is None else json.dumps([encode_text(c) for c in self.calls])
        return {
            "channel": encode_text(self.channel),
            "calls": calls,
            "since": encode_time(self.since) if self.since else None,
            "until": encode_time(self.until) if self.until else None,
            "first": to_ms(self.since) if self.since else _FIRST_ID,
            "last": to_ms(self.until) - 1 if self.until else LAST_ID,
        }


EVERYTHING = Filter()

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
"""
"""Condition on the channels and the id of a call; asked of one call at a time, for one will soon fit or few are left."""
