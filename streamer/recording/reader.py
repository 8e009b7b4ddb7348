"""A call's folder as it is found: what `call.json` says, which WAVs are there, and the headers that a dead tap has left wrong."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from streamer.core.audio import SLIN16_RATE, AudioLoss, Leg
from streamer.core.encoding import parse_time
from streamer.core.events import STATUSES, Call, Cause, EndReason
from streamer.core.reasons import ContentError, explain, find_cause
from streamer.errors import RecordingError
from streamer.media.timeline import Noise
from streamer.media.wav import HEADER_SIZE, WavHeader, has_only_wrong_sizes, repair
from streamer.recording.description import MOST_SAMPLES
from streamer.recording.folder import CallFolder
from streamer.recording.private_files import is_regular, open_own, open_regular
from streamer.wire.protocols import explain_kill, explain_stop

_FIRST_YEAR, _LAST_YEAR = 1971, 9000
"""Between them a moment is one in every time zone."""


@dataclass(frozen=True, slots=True)
class Digit:
    """A key of the telephone that was pressed; `start_s` is in seconds of the leg's WAV, and `raw` says what came that is no key."""

    digit: str | None
    start_s: float
    at: datetime
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """The party was put on hold, or taken back; `start_s` is in seconds of the leg's WAV."""

    held: bool
    start_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordedLeg:
    """What `call.json` says of one leg; samples are counted at its rate."""

    leg: Leg
    path: Path
    """Its first WAV."""
    length: int
    """Samples of audio and silence."""
    lost: int
    """Samples that came but are not on disk."""
    missing_s: float
    """Seconds that never came."""
    has_attached: bool
    reason: EndReason | None
    """Why it has ended, None while it has not."""
    message: str
    cause: Cause | None
    digits: tuple[Digit | None, ...]
    """In the order in which they were pressed; None for one that cannot be read."""
    holds: tuple[Held | None, ...] = ()
    """In their order; None for one that cannot be read."""
    noise: tuple[Noise, ...] = ()
    """Where audio came too fast to be what was said."""
    longest_gap_s: float = 0.0
    """Between two frames."""
    jitter_s: float | None = None
    """By which a frame came too early or too late on the average; None where nobody has noted it."""

    @property
    def wordless(self) -> tuple[Noise, ...]:
        """Where nobody says anything that is meant for the call: noise, and what the PBX sends while the leg is on hold."""
        return (*self.noise, *_find_held(self.holds))

    @property
    def samples(self) -> int:
        """How many samples ought to be on disk."""
        return self.length - self.lost

    @property
    def loss(self) -> AudioLoss:
        """What is not in the recording."""
        rate = self.leg.rate
        return AudioLoss(self.lost / rate, self.missing_s, self.length / rate)


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """What `call.json` says; `reason` and `ended_at` are None while it is recorded, and for ever if its tap was killed."""

    call: Call
    legs: tuple[RecordedLeg, ...]
    reason: EndReason | None
    ended_at: datetime | None
    facts: Mapping[str, str] = field(default_factory=dict)
    status: str = ""
    """How it went, one of `STATUSES`; empty as long as that is not known."""
    """What else is known of the call, untrusted strings."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The first WAV of each leg."""
        return tuple(leg.path for leg in self.legs)

    @property
    def duration_s(self) -> float:
        """Length of the longest leg."""
        return max((leg.length / leg.leg.rate for leg in self.legs), default=0.0)


def read_recorded(folder: Path) -> RecordedCall:
    """Return what a call's `call.json` says.

    Raises:
        RecordingError: It is missing, damaged, or another call's.
    """
    place = CallFolder(folder)
    fields = place.read()
    try:
        legs = tuple(_parse_leg(folder, leg) for leg in fields["legs"])
        call = Call(
            str(fields["call"]),
            str(fields["source"]),
            tuple(leg.leg for leg in legs),
            _parse_beginning(fields["started_at"]),
            _parse_zero(fields.get("zero_at")),
        )
        if call.id != place.call_id:
            raise ContentError(f"it is of {call.id}")
        ended_at = fields["ended_at"]
        return RecordedCall(
            call,
            legs,
            EndReason(fields["reason"]) if fields["reason"] else None,
            parse_time(ended_at) if ended_at else None,
            _parse_facts(fields.get("facts")),
            str(status) if (status := fields.get("status")) in STATUSES else "",
        )
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise RecordingError(
            f"{place.call_json} is damaged: {find_cause(error)}; the WAVs beside it are still good"
        ) from error


def _parse_beginning(text: object) -> datetime:
    began = parse_time(text)
    if not _FIRST_YEAR <= began.year <= _LAST_YEAR:
        raise ContentError(f"it began in the year {began.year}")
    return began


def _parse_zero(text: object) -> datetime | None:
    with suppress(ValueError):
        return _parse_beginning(text) if text else None
    return None


def _parse_facts(facts: object) -> dict[str, str]:
    if not isinstance(facts, dict):
        return {}
    return {name: value for name, value in facts.items() if isinstance(value, str)}


def _parse_leg(folder: Path, fields: dict[str, Any]) -> RecordedLeg:
    number, cause = str(fields.get("number") or ""), fields.get("cause")
    leg = Leg(
        fields["leg"], str(fields["channel"]), fields["rate"], number, str(fields.get("name") or "")
    )
    reason = fields.get("reason")
    length, lost = fields["samples"], fields["lost"]
    return RecordedLeg(
        leg,
        CallFolder(folder).find_wav(fields["path"]),
        length,
        lost,
        missing_s=float(fields.get("missing_seconds", 0.0)),
        has_attached=bool(fields.get("attached_at") or fields.get("started_at")),
        reason=EndReason(reason) if reason in set(EndReason) else None,
        message=str(fields.get("message") or ""),
        cause=None if cause is None else Cause(int(cause), str(fields.get("cause_text") or "")),
        digits=tuple(map(_parse_digit, fields.get("digits") or ())),
        holds=tuple(map(_parse_hold, fields.get("holds") or ())),
        noise=tuple(Noise(start, end) for start, end in fields.get("noise") or ()),
        longest_gap_s=float(fields.get("longest_gap") or 0.0),
        jitter_s=None if fields.get("jitter") is None else float(fields["jitter"]),
    )


def _parse_digit(fields: Any) -> Digit | None:
    with suppress(LookupError, TypeError, ValueError, OverflowError):
        digit = None if fields["digit"] is None else str(fields["digit"])
        raw = "" if digit else bytes.fromhex(fields["raw"]).hex()
        return Digit(digit, float(fields["start"]), parse_time(fields["at"]), raw)
    return None


def _find_held(holds: tuple[Held | None, ...]) -> Iterator[Noise]:
    """Yield the parts of a leg in which it is on hold; the last one may still last."""
    began: Held | None = None
    for hold in filter(None, holds):
        if hold.held:
            began = began or hold
        elif began is not None:
            yield Noise(began.start_s, hold.start_s)
            began = None
    if began is not None:
        yield Noise(began.start_s)


def _parse_hold(fields: Any) -> Held | None:
    with suppress(LookupError, TypeError, ValueError, OverflowError):
        start_s = float(fields["start"])
        if 0 <= start_s <= MOST_SAMPLES:
            return Held(bool(fields["held"]), start_s, parse_time(fields["at"]))
    return None


def say_what_goes_on(folder: Path) -> str:
    """Return what becomes of a call whose recording is stopped, as a clause."""
    try:
        fields = CallFolder(folder).read()
    except RecordingError:
        return explain_stop("")
    facts = fields.get("facts")
    via = str(facts.get("via")) if isinstance(facts, dict) else ""
    return explain_stop(str(fields.get("source")), via=via)


def say_what_a_kill_does(folder: Path) -> str:
    """Return what becomes of a call whose recorder was killed, as a clause."""
    try:
        return explain_kill(str(CallFolder(folder).read().get("source")))
    except RecordingError:
        return explain_kill("")


def list_wavs(folder: Path) -> list[Path]:
    """Return the WAVs that `call.json` names, leg by leg, that are there."""
    return [path for leg in list_leg_wavs(folder) for path in leg]


def list_leg_wavs(folder: Path) -> list[list[Path]]:
    """Return for each leg the WAVs that `call.json` names and that are there, in order.

    Raises:
        RecordingError: `call.json` is missing or damaged.
    """
    return [
        [path for path in _wavs_of(folder, leg) if is_regular(path)]
        for leg in CallFolder(folder).read()["legs"]
    ]


def _wavs_of(folder: Path, leg: dict[str, Any]) -> list[Path]:
    """Return a leg's files; the first is named from the start, the others once they are there."""
    place = CallFolder(folder)
    try:
        names = [leg["path"], *(part["path"] for part in leg["files"])]
    except LookupError as error:
        raise RecordingError(
            f"{place.call_json} is damaged: {find_cause(error)}; the WAVs beside it are still good"
        ) from error
    wavs = [place.find_wav(name) for name in dict.fromkeys(names)]
    return [path for path in wavs if path.suffix.lower() == ".wav"]


def repair_recording(folder: Path) -> list[Path]:
    """Give every WAV of a call whose tap has died the header that it ought to have; return those changed.

    A live call is left alone.

    Raises:
        RecordingError: `call.json` is missing or damaged, or a WAV cannot be written.
    """
    place = CallFolder(folder)
    if place.is_live():
        return []
    wavs = [(path, rate) for path, rate in _known_wavs(place) if is_regular(path)]
    return [path for path, rate in wavs if _repair(path, rate, is_inside=place.holds(path))]


def _known_wavs(place: CallFolder) -> Iterator[tuple[Path, int]]:
    for leg in place.read()["legs"]:
        for path in _wavs_of(place.path, leg):
            yield path, int(leg.get("rate") or SLIN16_RATE)


def _repair(path: Path, rate: int, *, is_inside: bool) -> bool:
    try:
        with os.fdopen(open_regular(path), "rb") as file:
            start, status = file.read(HEADER_SIZE), os.fstat(file.fileno())
        header = repair(start, file_size=status.st_size, rate=rate)
        if header is None or not (is_inside or _is_ours(start, status, rate)):
            return False
        with os.fdopen(open_own(path), "r+b") as file:
            file.write(header)
    except OSError as error:
        if error.errno == errno.EMLINK:
            return False  # it is another's too, and can be read as it is
        raise RecordingError(f"{path} cannot be repaired: {explain(error)}") from error
    return True


def _is_ours(start: bytes, status: os.stat_result, rate: int) -> bool:
    """Say whether a file outside the call's folder can only be what this user's tap has written, but for its sizes."""
    is_our_header = has_only_wrong_sizes(start, WavHeader(rate))
    return is_our_header and status.st_uid == os.geteuid() and status.st_nlink == 1
