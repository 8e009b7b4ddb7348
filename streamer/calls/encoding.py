"""Calls, and what a search finds, as JSON lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamer.calls.catalog import Entry
from streamer.core.alert import Alert
from streamer.core.audio import encode_loss, encode_party
from streamer.core.encoding import encode_alert, encode_time
from streamer.core.events import SPEECH_RATE
from streamer.store import Hit


def encode_entry(entry: Entry) -> dict[str, Any]:
    """Return a call as `--json` lists it."""
    call = entry.call
    return {
        "call": call.id,
        "source": call.source,
        "started_at": encode_time(call.started_at),
        "zero_at": encode_time(call.zero_at) if call.zero_at else None,
        "ended_at": encode_time(call.ended_at) if call.ended_at else None,
        "state": entry.state.value,
        **encode_sides(entry),
        "reason": call.reason.value if call.reason else None,
        "duration": None if call.duration is None else round(call.duration / SPEECH_RATE, 3),
        "segments": call.segments,
        "last_words": call.last_words,
        "folder": str(call.folder),
        "facts": dict(entry.facts),
        "legs": [
            {
                "leg": row.leg.label,
                "channel": row.leg.channel,
                "recording": str(row.recording),
                "rate": row.leg.rate,
                **encode_party(row.leg),
                **encode_loss(entry.losses.get(row.leg.label)),
            }
            for row in call.legs
        ],
    }


def encode_sides(entry: Entry) -> dict[str, str | None]:
    """Return the fields of JSON that say who called whom, null where nobody knows, and which keys were pressed."""
    sides = entry.sides
    return {
        "from": sides.caller.number or None,
        "to": sides.called.number or None,
        "direction": sides.direction or None,
        "digits": entry.digits,
    }


def encode_alerts(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """Return alerts as JSON lists them."""
    return [encode_alert(alert) for alert in alerts]


def encode_hit(hit: Hit, speaker: str) -> dict[str, Any]:
    """Return what a search has found as `--json` prints it; `speaker` is what the party is called."""
    told = {"number": hit.number, "name": hit.name}
    return {
        "call": hit.call_id,
        "leg": hit.leg,
        "speaker": speaker,
        "channel": hit.channel,
        **{name: value for name, value in told.items() if value},
        "utterance": hit.utterance,
        "start": round(hit.start / SPEECH_RATE, 3),
        "end": round(hit.end / SPEECH_RATE, 3),
        "at": encode_time(hit.spoken_at),
        "language": hit.language,
        "text": hit.text,
        "spans": [list(span) for span in hit.spans],
    }
