"""A call's folder as it is found: what `call.json` says, which WAVs are there, and the headers that a dead tap has left wrong."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from streamer.core.audio import Leg
from streamer.core.events import Call, EndReason, parse_time
from streamer.errors import NotFoundError, RecordingError, UsageError
from streamer.media.wav import HEADER_SIZE, repair
from streamer.recording.disk import read_json
from streamer.recording.locks import is_locked

_IN_THE_PATH = frozenset({"audiosocket"})
"""Sources whose connection is part of the call."""


def read_call(folder: Path) -> dict[str, Any]:
    """Return a call's `call.json`.

    Raises:
        RecordingError: It is missing or damaged.
    """
    path = folder / "call.json"
    try:
        value = read_json(path)
        if not isinstance(value, dict) or not isinstance(value.get("legs"), list):
            raise ValueError("not a call")
    except (OSError, ValueError) as error:
        raise RecordingError(
            f"{path} cannot be read ({error}); the WAVs beside it are still good"
        ) from error
    return value


def is_live(folder: Path) -> bool:
    """Say whether a tap is recording into the folder."""
    return is_locked(folder / "tap.lock")


def say_what_goes_on(folder: Path) -> str:
    """Return what becomes of a call whose recording is stopped, as a clause."""
    with suppress(RecordingError):
        if read_call(folder).get("source") in _IN_THE_PATH:
            return "its dialplan goes on, without us"
    return "the call itself goes on"


def find_call(recordings: Path, name: str) -> Path:
    """Return the folder of a call named by its id, an unambiguous prefix of it, or `last`.

    Raises:
        NotFoundError: No call is named so.
        UsageError: Several are.
    """
    folders = list_calls(recordings)
    if name == "last":
        found = folders[-1:]
    else:
        found = [f for f in folders if f.name == name] or [
            f for f in folders if name and f.name.startswith(name)
        ]
    if not found:
        raise NotFoundError(f"no call {name} in {recordings}; it holds {len(folders)} calls")
    if len(found) > 1:
        raise UsageError(
            f"{name} may be any of {len(found)} calls, as {found[0].name} and {found[1].name}; say more"
        )
    return found[0]


def list_calls(recordings: Path) -> list[Path]:
    """Return the folders of all calls, oldest first."""
    return sorted(path.parent for path in recordings.glob("*/call.json"))


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
        for leg in read_call(folder)["legs"]
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
    if is_live(folder):
        return []
    known = {
        path: int(leg["rate"])
        for leg in read_call(folder)["legs"]
        for path in _wavs_of(folder, leg)
    }
    return [path for path, rate in known.items() if path.is_file() and _repair_wav(path, rate)]


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """What `call.json` says; `reason` and `ended_at` are None while it is recorded, and for ever if its tap was killed."""

    call: Call
    paths: tuple[Path, ...]
    """The first WAV of each leg."""
    samples: tuple[int, ...]
    """How many samples of each leg ought to be on disk, at the leg's rate."""
    duration_s: float
    """Length of the longest leg."""
    reason: EndReason | None
    ended_at: datetime | None


def read_recorded(folder: Path) -> RecordedCall:
    """Return what a call's `call.json` says.

    Raises:
        RecordingError: It is missing, damaged, or another call's.
    """
    fields = read_call(folder)
    try:
        legs = tuple(Leg(str(f["leg"]), str(f["channel"]), int(f["rate"])) for f in fields["legs"])
        started_at = parse_time(fields["started_at"])
        call = Call(str(fields["call"]), str(fields["source"]), legs, started_at)
        if call.id != folder.name:
            raise ValueError(f"it is of {call.id}")
        lengths = [int(leg["samples"]) for leg in fields["legs"]]
        ended_at = fields["ended_at"]
        return RecordedCall(
            call,
            tuple(folder / str(leg["path"]) for leg in fields["legs"]),
            tuple(n - int(leg["lost"]) for n, leg in zip(lengths, fields["legs"], strict=True)),
            max((n / leg.rate for n, leg in zip(lengths, legs, strict=True)), default=0.0),
            EndReason(fields["reason"]) if fields["reason"] else None,
            parse_time(ended_at) if ended_at else None,
        )
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise RecordingError(
            f"{folder / 'call.json'} is damaged: {error!r}; the WAVs beside it are still good"
        ) from error


def _repair_wav(path: Path, rate: int) -> bool:
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
