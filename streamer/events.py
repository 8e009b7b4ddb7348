"""What can happen to a call, one frozen value per thing; consume them with `match`.

`encode_event` gives each its place in the contract of `--json`: events and fields may be added, never renamed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, assert_never

from streamer.audio import Leg


class EndReason(StrEnum):
    """Why a call, or a leg, is no longer recorded."""

    HANG_UP = "hang-up"
    STOPPED = "stopped"
    LOST = "lost"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Call:
    """One recording: our own id (sortable by time), where its audio comes from, and its legs in order."""

    id: str
    source: str
    legs: tuple[Leg, ...]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The call's folder exists and its legs are being connected; `recordings` has one path a leg."""

    call: Call
    folder: Path
    recordings: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class LegAttached:
    """The PBX has accepted one leg's connection; frames may follow, now or much later."""

    call_id: str
    leg: str


@dataclass(frozen=True, slots=True)
class LegEnded:
    """One leg has ended; `message` is one hostile line for the user, empty after an ordinary hang-up."""

    call_id: str
    leg: str
    reason: EndReason
    message: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something the user should read; a hostile line. `call_id` is None where no single call is concerned."""

    call_id: str | None
    message: str


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The recording is finished and on disk; `duration` is in seconds of the longest leg."""

    call_id: str
    reason: EndReason
    duration: float


Event = CallStarted | LegAttached | LegEnded | Trouble | CallEnded


def encode_event(event: Event) -> dict[str, Any]:
    """Return the event as the JSON object that `--json` prints."""
    match event:
        case CallStarted(call, _, recordings):
            return {
                "event": "call_started",
                "call": call.id,
                "at": encode_time(call.started_at),
                "source": call.source,
                "legs": [
                    {
                        "leg": leg.label,
                        "channel": leg.channel,
                        "recording": str(path),
                        "rate": leg.rate,
                    }
                    for leg, path in zip(call.legs, recordings, strict=True)
                ],
            }
        case LegAttached(call_id, leg):
            return {"event": "leg_attached", "call": call_id, "leg": leg}
        case LegEnded(call_id, leg, reason, message):
            fields = {"call": call_id, "leg": leg, "reason": reason.value, "message": message}
            return {"event": "leg_ended", **fields}
        case Trouble(call_id, message):
            return {"event": "trouble", "call": call_id, "message": message}
        case CallEnded(call_id, reason, duration):
            end: dict[str, Any] = {"reason": reason.value, "duration": round(duration, 3)}
            return {"event": "call_ended", "call": call_id, **end}
    assert_never(event)


def encode_time(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC with a `Z`, to the millisecond."""
    utc = moment.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
