"""Events as the JSON that users read, with times in seconds: the contract of `--json`, to which events and fields may be added.

None is ever renamed. What our own processes and tables hand on is in `words`, in samples.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_never

from streamer.core.alert import Alert
from streamer.core.audio import Leg, encode_party
from streamer.core.events import (
    SPEECH_RATE,
    CallEnded,
    CallStarted,
    CallStats,
    Cause,
    Dtmf,
    Event,
    Final,
    Hold,
    Lagging,
    LegAttached,
    LegEnded,
    Listening,
    Partial,
    Segment,
    Trouble,
    Unclear,
    Word,
    join_words,
    judge_outcome,
)
from streamer.core.mark import Mark


def encode_event(event: Event) -> dict[str, Any]:
    """Return the event as the JSON object that `--json` prints."""
    match event:
        case CallStarted():
            return _encode_start(event)
        case LegAttached(call_id, attached, path):
            return {"event": "leg_attached", "call": call_id, **_encode_leg(attached, path)}
        case LegEnded(call_id, leg, reason, message, cause):
            fields = {"call": call_id, "leg": leg, "reason": reason.value, "message": message}
            return {"event": "leg_ended", **fields, **_encode_cause(cause)}
        case Dtmf(call_id, leg):
            return {"event": "dtmf", "call": call_id, "leg": leg, **encode_pressed(event)}
        case Hold(call_id, leg):
            return {"event": "hold", "call": call_id, "leg": leg, **encode_held(event)}
        case Partial():
            return _encode_partial(event)
        case Final(call_id, segment):
            return {"event": "final", "call": call_id, **encode_segment(segment)}
        case Lagging(call_id, leg, lag_s):
            return {"event": "lagging", "call": call_id, "leg": leg, "lag": round(lag_s, 1)}
        case Unclear(call_id, leg, first, last):
            place = {"start": round(first / SPEECH_RATE, 3), "end": round(last / SPEECH_RATE, 3)}
            return {"event": "unclear", "call": call_id, "leg": leg, **place}
        case Trouble(call_id, message):
            return {"event": "trouble", "call": call_id, "message": message}
        case CallEnded():
            return _encode_end(event)
        case CallStats(call_id, talk_s):
            return {"event": "call_stats", "call": call_id, "talk_duration": round(talk_s, 3)}
        case Listening(source, address):
            return {"event": "listening", "source": source, "address": address}
        case Alert(call_id):
            return {"event": "alert", "call": call_id, **encode_alert(event)}
        case Mark(call_id):
            removed = {"removed": True} if event.is_removed else {}
            return {"event": "mark", "call": call_id, **encode_mark(event), **removed}
    assert_never(event)


def _encode_start(event: CallStarted) -> dict[str, Any]:
    legs = zip(event.call.legs, event.recordings, strict=True)
    return {
        "event": "call_started",
        "call": event.call.id,
        "at": encode_time(event.call.started_at),
        "source": event.call.source,
        "legs": [_encode_leg(leg, path) for leg, path in legs],
    }


def _encode_end(event: CallEnded) -> dict[str, Any]:
    outcome = judge_outcome(event.reason, was_heard=event.duration > 0).encode()
    return {
        "event": "call_ended",
        "call": event.call_id,
        "reason": event.reason.value,
        "duration": round(event.duration, 3),
        **_encode_cause(event.cause),
        **outcome,
        **({"status": event.status} if event.status else {}),
    }


def _encode_leg(leg: Leg, recording: Path) -> dict[str, Any]:
    described = {"leg": leg.label, "channel": leg.channel, "recording": str(recording)}
    return {**described, "rate": leg.rate, **encode_party(leg)}


def _encode_cause(cause: Cause | None) -> dict[str, Any]:
    return {} if cause is None else {"cause": cause.number, "cause_text": cause.text}


def _encode_partial(event: Partial) -> dict[str, Any]:
    return {
        "event": "partial",
        "call": event.call_id,
        "leg": event.leg,
        "utterance": event.utterance,
        "start": round(event.start / SPEECH_RATE, 3),
        "end": round(event.end / SPEECH_RATE, 3),
        "committed": join_words(event.committed),
        "tentative": join_words(event.tentative),
    }


def encode_pressed(pressed: Dtmf) -> dict[str, Any]:
    """Return a key that was pressed as the fields that `dtmf` and `call.json` have of it."""
    raw = {} if pressed.digit else {"raw": pressed.raw}
    place = {"start": round(pressed.start_s, 3), "at": encode_time(pressed.at)}
    return {"digit": pressed.digit, **raw, **place}


def encode_held(hold: Hold) -> dict[str, Any]:
    """Return a hold as the fields that `hold` and `call.json` have of it."""
    place = {"start": round(hold.start_s, 3), "at": encode_time(hold.at)}
    return {"held": hold.held, **place}


def encode_segment(segment: Segment) -> dict[str, Any]:
    """Return a segment as the fields that `final` has of it, times in seconds of the leg's WAV."""
    return {
        "leg": segment.leg,
        "utterance": segment.utterance,
        "start": round(segment.start_s, 3),
        "end": round(segment.end_s, 3),
        "language": segment.language,
        "text": segment.text,
        "words": [encode_word(word) for word in segment.words],
    }


def encode_alert(alert: Alert) -> dict[str, Any]:
    """Return an alert as the fields that `alert` has of it, times in seconds of the leg's WAV."""
    start, end = (at and round(at / SPEECH_RATE, 3) for at in (alert.start, alert.end))
    rule = {"rule": alert.rule, "severity": alert.severity.value}
    place = {"leg": alert.leg, "utterance": alert.utterance, "start": start, "end": end}
    return {**rule, **place, "text": alert.text, "at": encode_time(alert.at)}


def encode_mark(mark: Mark) -> dict[str, Any]:
    """Return a mark as the fields that `mark` has of it, times in seconds of the leg's WAV."""
    start, end = (round(at / SPEECH_RATE, 3) for at in (mark.start, mark.end))
    place = {"leg": mark.leg, "utterance": mark.utterance, "start": start, "end": end}
    return {**place, "text": mark.text, "note": mark.note, "at": encode_time(mark.at)}


def encode_word(word: Word) -> dict[str, Any]:
    """Return a word as JSON has it, times in seconds of the leg's WAV."""
    return {
        "word": word.text,
        "start": round(word.start_s, 3),
        "end": round(word.end_s, 3),
        "probability": round(word.probability, 3),
    }


def encode_time(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC with a `Z`, to the millisecond."""
    utc = moment.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: object) -> datetime:
    """Return the moment that `encode_time` has written.

    Raises:
        ValueError: The text is no such moment.
    """
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is no time") from error
