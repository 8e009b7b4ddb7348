"""What a call's recording lacks, as its `call.json` says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from streamer.core.audio import AudioLoss
from streamer.errors import RecordingError
from streamer.recording.folder import CallFolder
from streamer.recording.reader import read_recorded

_REMEMBERED = 4096
"""Calls, since a list looks at the same ones again and again."""

_UNKNOWN: Mapping[str, AudioLoss] = MappingProxyType({})


def read_losses(folder: Path) -> Mapping[str, AudioLoss]:
    """Return what each leg lacks, by label; of a call that cannot be read, nothing. Costs a `stat` while nothing changes."""
    try:
        status = CallFolder(folder).call_json.lstat()
    except OSError:
        return _UNKNOWN
    return _read(folder, status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=_REMEMBERED)
def _read(folder: Path, written_at: int, file: int) -> Mapping[str, AudioLoss]:
    try:
        legs = read_recorded(folder).legs
    except RecordingError:
        return _UNKNOWN
    return MappingProxyType({leg.leg.label: leg.loss for leg in legs})
