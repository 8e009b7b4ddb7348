"""What a list says of a call by its `call.json`: what its recording lacks, and what else is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from streamer.core.audio import AudioLoss
from streamer.core.events import Dtmf, Hold
from streamer.errors import RecordingError
from streamer.recording.folder import CallFolder
from streamer.recording.reader import RecordedCall, read_recorded

_REMEMBERED = 4096
"""Calls, since a list looks at the same ones again and again."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What each leg lacks, by label, and the facts of the call, untrusted strings; nothing of a call that cannot be read."""

    losses: Mapping[str, AudioLoss] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()
    """When a party was put on hold or taken back, by time."""
    dtmf: tuple[Dtmf, ...] = ()
    """The keys that the parties pressed, by time."""


_UNKNOWN = Noted()


def read_noted(folder: Path) -> Noted:
    """Return what is noted of a call. Costs a `stat` while nothing changes."""
    try:
        status = CallFolder(folder).call_json.lstat()
    except OSError:
        return _UNKNOWN
    return _read(folder, status.st_mtime_ns, status.st_ino)


def read_losses(folder: Path) -> Mapping[str, AudioLoss]:
    """Return what each leg lacks, as `read_noted` has it."""
    return read_noted(folder).losses


@lru_cache(maxsize=_REMEMBERED)
def _read(folder: Path, written_at: int, file: int) -> Noted:
    try:
        recorded = read_recorded(folder)
    except RecordingError:
        return _UNKNOWN
    losses = MappingProxyType({leg.leg.label: leg.loss for leg in recorded.legs})
    holds = [
        Hold(recorded.call.id, leg.leg.label, hold.held, hold.start_s, hold.at)
        for leg in recorded.legs
        for hold in leg.holds
        if hold is not None
    ]
    in_order = tuple(sorted(holds, key=lambda hold: hold.start_s))
    return Noted(losses, MappingProxyType(dict(recorded.facts)), in_order, _list_dtmf(recorded))


def _list_dtmf(recorded: RecordedCall) -> tuple[Dtmf, ...]:
    pressed = [
        Dtmf(recorded.call.id, leg.leg.label, each.digit, each.start_s, each.at, each.raw)
        for leg in recorded.legs
        for each in leg.digits
        if each is not None
    ]
    return tuple(sorted(pressed, key=lambda each: each.at))
