"""A copy of all recordings and words, made while streamer runs.

The database first, then the folder of each call that has ended: what ends in between has its recording in the copy, from which its
words can be made. What only says who is at work on a call is not copied.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from streamer.core.reasons import explain
from streamer.errors import RecordingError, UsageError
from streamer.recording.folder import CallFolder
from streamer.recording.index import Recordings
from streamer.recording.private_files import (
    create_private,
    is_regular,
    make_private_folder,
    open_regular,
)
from streamer.recording.reader import list_wavs

_PIECE = 1 << 20
_NOTHING = bytes(_PIECE)


@dataclass(slots=True)
class Backup:
    """What has been copied, and what has not."""

    calls: int = 0
    live: list[str] = field(default_factory=list)
    """Calls that are being recorded."""
    left: list[Path] = field(default_factory=list)
    """What is no file, and recordings outside the calls' folders."""

    @property
    def is_whole(self) -> bool:
        """Say whether everything is in the copy."""
        return not self.live and not self.left


def make_target(target: Path) -> None:
    """Make the folder that a backup goes to.

    Raises:
        UsageError: There is something in it already, or it is no folder.
        RecordingError: It cannot be made.
    """
    try:
        make_private_folder(target)
        has_something = any(target.iterdir())
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(f"{target} is not a folder; name a new or an empty one") from error
    except OSError as error:
        raise RecordingError(f"{target} cannot be made: {explain(error)}") from error
    if has_something:
        raise UsageError(f"{target} is not empty; name a new or an empty folder")


def copy_calls(recordings: Path, target: Path) -> Backup:
    """Copy the folder of each call that has ended, oldest first; blocks.

    Raises:
        RecordingError: Something cannot be read, or the disk does not take it.
    """
    place, backup = Recordings(recordings), Backup()
    live = place.live_ids()
    for call_id in reversed(place.call_ids()):
        folder = place[call_id]
        if call_id in live:
            backup.live.append(call_id)
        elif folder.path.is_symlink() or not folder.path.is_dir():
            backup.left.append(folder.path)
        else:
            backup.left += _copy_call(folder, target / call_id)
            backup.calls += 1
    return backup


def _copy_call(folder: CallFolder, target: Path) -> list[Path]:
    """Copy one call's folder; return what was left."""
    left = []
    try:
        target.mkdir(mode=0o700)
        for path in sorted(folder.path.iterdir()):
            if folder.is_passing(path):
                continue
            if is_regular(path):
                with suppress(FileNotFoundError):  # the call is being deleted
                    _copy_file(path, target / path.name)
            else:
                left.append(path)
    except OSError as error:
        raise RecordingError(
            f"{folder.path} cannot be copied to {target}: {explain(error)}"
        ) from error
    with suppress(RecordingError):
        left += [wav for wav in list_wavs(folder.path) if not folder.holds(wav)]
    return left


def _copy_file(path: Path, target: Path) -> None:
    """Copy a file; a long silence takes no more room than before."""
    with (
        os.fdopen(open_regular(path), "rb") as source,
        os.fdopen(create_private(target, os.O_WRONLY | os.O_EXCL), "wb") as copy,
    ):
        while piece := source.read(_PIECE):
            if piece == _NOTHING:
                copy.seek(_PIECE, os.SEEK_CUR)
            else:
                copy.write(piece)
        copy.truncate(copy.tell())
