"""What is sent of an event: as `--json` has it, or in the shape of Rapida's callbacks (pure)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from streamer.core.encoding import encode_event, encode_time
from streamer.core.events import CallEnded, EndReason, judge_outcome
from streamer.store.outbox import StoredEvent


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What a call's folder knows of it, untrusted strings; nothing if it is gone."""

    facts: Mapping[str, str] = field(default_factory=dict)
    is_inbound: bool = False


FindFacts = Callable[[str], CallFacts]

_REASONS: Mapping[EndReason, str] = {
    EndReason.HANG_UP: "remote_hangup",
    EndReason.STOPPED: "assistant_ended",
    EndReason.LOST: "network_failed",
    EndReason.REFUSED: "rejected",
    EndReason.INTERRUPTED: "internal_error",
}


def encode_standard(event: StoredEvent) -> bytes:
    """Return the body of a webhook: what happened, when it was stored, and the event as `--json` prints it."""
    body = {
        "type": event.kind,
        "timestamp": encode_time(event.at),
        "data": encode_event(event.event),
    }
    return _dump(body)


def encode_rapida(event: StoredEvent, known: CallFacts) -> bytes:
    """Return the body of a callback as Rapida's version 1 sends it."""
    facts = known.facts
    name, end = _describe(event)
    body = {
        "version": "1",
        "event": name,
        "provider": "asterisk",
        "call_id": event.call_id,
        "context_id": facts.get("uuid") or facts.get("id"),
        "from": facts.get("from"),
        "to": facts.get("to"),
        "direction": "inbound" if known.is_inbound else None,
        "timestamp": encode_time(event.at),
        **end,
    }
    return _dump(body)


def _describe(event: StoredEvent) -> tuple[str, dict[str, Any]]:
    if not isinstance(event.event, CallEnded):
        nothing = {"duration_ms": None, "disconnect_reason": None}
        return "call.connected", {"status": "in_progress", **nothing}
    ended = event.event
    outcome = judge_outcome(ended.reason, was_heard=ended.duration > 0)
    has_failed = outcome.status != "completed"
    end = {
        "status": "failed" if has_failed else "completed",
        "duration_ms": round(ended.duration * 1000),
        "disconnect_reason": "no_answer"
        if outcome.status == "no_answer"
        else _REASONS[ended.reason],
    }
    return "call.failed" if has_failed else "call.ended", end


def _dump(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode("ascii")
