"""What can happen to a call, one frozen value per thing; consume them with `match`.

`encode_event` gives each its place in the contract of `--json`: events and fields may be added, never renamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, assert_never

from streamer.core.alert import Alert
from streamer.core.audio import SLIN16_RATE, Leg, encode_party
from streamer.core.mark import Mark

SPEECH_RATE = SLIN16_RATE
"""Samples a second in which words and segments are placed, whatever the rate of their leg."""


class EndReason(StrEnum):
    """Why a call, or a leg, is no longer recorded."""

    HANG_UP = "hang-up"
    STOPPED = "stopped"
    LOST = "lost"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Cause:
    """What the PBX says about an end: a Q.850 number, and its untrusted text."""

    number: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One recording: our own id (sortable by time), where its audio comes from, and its legs in order."""

    id: str
    source: str
    legs: tuple[Leg, ...]
    started_at: datetime
    """When it was announced; it may ring for long after that."""
    zero_at: datetime | None = None
    """When its first frame came, which is position 0; None before, and for files."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it prints, case and punctuation included; `start` and `end` are samples of the leg at `SPEECH_RATE`."""

    text: str
    start: int
    end: int
    probability: float
    is_joined: bool = False
    """No blank stands before it, as in Chinese."""

    @property
    def start_s(self) -> float:
        """Return where it begins in the leg's WAV, in seconds."""
        return self.start / SPEECH_RATE

    @property
    def end_s(self) -> float:
        """Return where it ends in the leg's WAV, in seconds."""
        return self.end / SPEECH_RATE


def join_words(words: Sequence[Word]) -> str:
    """Return the words as one line of text."""
    return "".join(w.text if w.is_joined else " " + w.text for w in words).lstrip(" ")


@dataclass(frozen=True, slots=True)
class Segment:
    """One utterance, settled for good; `start` and `end` are samples of the leg at `SPEECH_RATE`.

    `utterance` counts from 1 in each leg; `language` is a code such as `en`.
    """

    leg: str
    utterance: int
    start: int
    end: int
    words: tuple[Word, ...]
    language: str = "en"

    @property
    def text(self) -> str:
        """Return what was said."""
        return join_words(self.words)

    @property
    def start_s(self) -> float:
        """Return where it begins in the leg's WAV, in seconds."""
        return self.start / SPEECH_RATE

    @property
    def end_s(self) -> float:
        """Return where it ends in the leg's WAV, in seconds."""
        return self.end / SPEECH_RATE


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The call's folder exists and its legs are being connected; `recordings` has one path a leg."""

    call: Call
    folder: Path
    recordings: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class LegAttached:
    """The PBX has accepted one leg's connection; frames may follow, now or much later.

    This is also how a leg is announced that joins the call after `CallStarted`.
    """

    call_id: str
    leg: Leg
    recording: Path


@dataclass(frozen=True, slots=True)
class LegEnded:
    """One leg has ended; `message` is one untrusted line for the user, empty after an ordinary hang-up."""

    call_id: str
    leg: str
    reason: EndReason
    message: str = ""
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Dtmf:
    """A party has pressed a key of the telephone; `start_s` is in seconds of the leg's WAV, 0 before there is any audio.

    `digit` is None for what is no key of a telephone, and `raw` is how that began, in hexadecimal digits.
    """

    call_id: str
    leg: str
    digit: str | None
    start_s: float
    at: datetime
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """A party was put on hold, or taken back; `start_s` and `at` as in `Dtmf`."""

    call_id: str
    leg: str
    held: bool
    start_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Partial:
    """An utterance that is still being said; `start` and `end` are samples of the leg at `SPEECH_RATE`.

    `committed` is all that is settled so far and only grows; `tentative` may still change.
    """

    call_id: str
    leg: str
    utterance: int
    start: int
    end: int
    committed: tuple[Word, ...]
    tentative: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Final:
    """An utterance has been settled and stored; its text begins with everything that was committed before."""

    call_id: str
    segment: Segment


@dataclass(frozen=True, slots=True)
class Unclear:
    """Somebody spoke and no words could be made of it; `start` and `end` are samples of the leg at `SPEECH_RATE`."""

    call_id: str
    leg: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something the user should read; an untrusted line. `call_id` is None where no single call is concerned."""

    call_id: str | None
    message: str


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The recording is finished and on disk; `duration` is in seconds of the longest leg."""

    call_id: str
    reason: EndReason
    duration: float
    cause: Cause | None = None
    status: str = ""
    """How it went, as the PBX has said, one of `STATUSES`; empty where the reason tells it."""


@dataclass(frozen=True, slots=True)
class CallStats:
    """All words of a call are settled, and it will end next; `talk_s` is for how long somebody was talking."""

    call_id: str
    talk_s: float


STATUSES = ("completed", "failed", "no_answer")
"""How a call may have gone."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call went and who ended it, in the words that users of other voice servers know."""

    status: str
    """`completed`, `failed`, or `no_answer` if nobody was heard."""
    disconnected_by: str
    """`user` is the PBX, `assistant` is `streamer stop`, `system` an error or a signal."""

    def encode(self) -> dict[str, str]:
        """Return its fields in `call_ended` and `call.json`."""
        return {"status": self.status, "disconnected_by": self.disconnected_by}


def judge_outcome(reason: EndReason, *, was_heard: bool) -> Outcome:
    """Tell how a call went by the reason of its end and whether any audio came."""
    match reason:
        case EndReason.HANG_UP:
            return Outcome("completed" if was_heard else "no_answer", "user")
        case EndReason.STOPPED:
            return Outcome("completed" if was_heard else "no_answer", "assistant")
        case EndReason.LOST | EndReason.REFUSED | EndReason.INTERRUPTED:
            return Outcome("failed", "system")


@dataclass(frozen=True, slots=True)
class Lagging:
    """Recognition of a leg is `lag_s` seconds behind its recording, 0 when it has caught up; nothing is lost."""

    call_id: str
    leg: str
    lag_s: float


@dataclass(frozen=True, slots=True)
class Listening:
    """Calls may come to `address`, a host and port; `source` is their protocol, or `registration`, or `api` for requests."""

    source: str
    address: str
    calls: int = 0
    """How many calls fit at once; 0 if that is not known."""
    call_id: None = None


Event = (
    CallStarted
    | LegAttached
    | LegEnded
    | Dtmf
    | Hold
    | Partial
    | Final
    | Lagging
    | Unclear
    | Trouble
    | CallEnded
    | CallStats
    | Listening
    | Alert
    | Mark
)


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
                    _encode_leg(leg, path) for leg, path in zip(call.legs, recordings, strict=True)
                ],
            }
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
        case CallEnded(call_id, reason, duration, cause, status):
            end: dict[str, Any] = {"reason": reason.value, "duration": round(duration, 3)}
            how = judge_outcome(reason, was_heard=duration > 0).encode()
            how |= {"status": status} if status else {}
            return {"event": "call_ended", "call": call_id, **end, **_encode_cause(cause), **how}
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
        ValueError: It has written no such thing.
    """
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is no time") from error
