"""What can happen to a call, one frozen value per thing; consume them with `match`. `encoding` writes them as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from streamer.core.alert import Alert
from streamer.core.audio import SLIN16_RATE, Leg
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
