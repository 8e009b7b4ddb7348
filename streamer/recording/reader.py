"""A call's folder as it is found: what `call.json` says, which WAVs are there, and the headers that a dead tap has left wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from streamer.core.audio import Leg
from streamer.core.events import Call, Cause, EndReason, parse_time
from streamer.errors import RecordingError
from streamer.media.wav import HEADER_SIZE, repair
from streamer.recording.folder import CallFolder
from streamer.wire.protocols import explain_stop


@dataclass(frozen=True, slots=True)
class Digit:
    """A key of the telephone that was pressed; `start_s` is in seconds of the leg's WAV."""

    digit: str
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
    has_attached: bool
    reason: EndReason | None
    """Why it has ended, None while it has not."""
    message: str
    cause: Cause | None
    digits: tuple[Digit | None, ...]
    """In the order in which they were pressed; None for one that cannot be read."""

    @property
    def samples(self) -> int:
        """How many samples ought to be on disk."""
        return self.length - self.lost


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """What `call.json` says; `reason` and `ended_at` are None while it is recorded, and for ever if its tap was killed."""

    call: Call
    legs: tuple[RecordedLeg, ...]
    reason: EndReason | None
    ended_at: datetime | None

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
            parse_time(fields["started_at"]),
        )
        if call.id != place.call_id:
            raise ValueError(f"it is of {call.id}")
        ended_at = fields["ended_at"]
        return RecordedCall(
            call,
            legs,
            EndReason(fields["reason"]) if fields["reason"] else None,
            parse_time(ended_at) if ended_at else None,
        )
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise RecordingError(
            f"{place.call_json} is damaged: {error!r}; the WAVs beside it are still good"
        ) from error


def _parse_leg(folder: Path, fields: dict[str, Any]) -> RecordedLeg:
    number, cause = str(fields.get("number") or ""), fields.get("cause")
    leg = Leg(str(fields["leg"]), str(fields["channel"]), int(fields["rate"]), number)
    reason = fields.get("reason")
    length, lost = int(fields["samples"]), int(fields["lost"])
    if leg.rate <= 0:
        raise ValueError(f"a leg has {leg.rate} samples a second")
    return RecordedLeg(
        leg,
        folder / str(fields["path"]),
        length,
        lost,
        has_attached=bool(fields.get("attached_at") or fields.get("started_at")),
        reason=EndReason(reason) if reason in set(EndReason) else None,
        message=str(fields.get("message") or ""),
        cause=None if cause is None else Cause(int(cause), str(fields.get("cause_text") or "")),
        digits=tuple(map(_parse_digit, fields.get("digits") or ())),
    )


def _parse_digit(fields: Any) -> Digit | None:
    with suppress(LookupError, TypeError, ValueError):
        return Digit(str(fields["digit"]), float(fields["start"]), parse_time(fields["at"]))
    return None


def say_what_goes_on(folder: Path) -> str:
    """Return what becomes of a call whose recording is stopped, as a clause."""
    try:
        source = str(CallFolder(folder).read().get("source"))
    except RecordingError:
        source = ""
    return explain_stop(source)


def list_wavs(folder: Path) -> list[Path]:
    """Return the WAVs that `call.json` names, leg by leg, that are there."""
    return [path for leg in list_leg_wavs(folder) for path in leg]


def list_leg_wavs(folder: Path) -> list[list[Path]]:
    """Return for each leg the WAVs that `call.json` names and that are there, in order.

    Raises:
        RecordingError: `call.json` is missing or damaged.
    """
    return [
        [path for path in _wavs_of(folder, leg) if path.is_file()]
        for leg in CallFolder(folder).read()["legs"]
    ]


def _wavs_of(folder: Path, leg: dict[str, Any]) -> list[Path]:
    """Return a leg's files; the first is named from the start, the others once they are there."""
    names = [str(leg["path"]), *(str(part["path"]) for part in leg["files"])]
    return [folder / name for name in dict.fromkeys(names)]


def repair_recording(folder: Path) -> list[Path]:
    """Give every WAV of a call whose tap has died the header that it ought to have; return those changed.

    A live call is left alone.

    Raises:
        RecordingError: `call.json` is missing or damaged, or a WAV cannot be written.
    """
    place = CallFolder(folder)
    if place.is_live():
        return []
    return [path for path, rate in _known_wavs(place) if path.is_file() and _repair(path, rate)]


def _known_wavs(place: CallFolder) -> Iterator[tuple[Path, int]]:
    for leg in place.read()["legs"]:
        for path in _wavs_of(place.path, leg):
            yield path, int(leg["rate"])


def _repair(path: Path, rate: int) -> bool:
    try:
        with path.open("r+b") as file:
            header = repair(file.read(HEADER_SIZE), file_size=path.stat().st_size, rate=rate)
            if header is None:
                return False
            file.seek(0)
            file.write(header)
    except OSError as error:
        raise RecordingError(f"{path} cannot be repaired: {error.strerror or error}") from error
    return True
