"""Who records a channel: a lock for each, taken before anything is connected."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from streamer.core.reasons import explain
from streamer.errors import RecordingError, StreamerError
from streamer.recording.locks import Lock, make_lock_folder, read_note, take_lock

_NOTE_WAIT_S = 3.0
_POLL_S = 0.2


class ChannelTakenError(StreamerError):
    """A channel is being recorded already; `folder` is that call's."""

    def __init__(self, channel: str, folder: Path) -> None:
        super().__init__(f"{channel} is being recorded already, as call {folder.name}")
        self.folder = folder


def take_channels(recordings: Path, paths: Mapping[Path, str], locks: ExitStack) -> list[Lock]:
    """Take the lock at each path, which is a channel's, in an order that is the same for everybody, so that two calls never wait for each other.

    Raises:
        ChannelTakenError: Another process has one of them.
        RecordingError: The locks cannot be made.
    """
    taken = []
    try:
        make_lock_folder(recordings)
        for path in sorted(paths):
            lock = take_lock(path)
            if lock is None:
                locks.close()  # before waiting: others may want what we have
                raise ChannelTakenError(paths[path], recordings.absolute() / _wait_for_note(path))
            locks.callback(lock.release)
            lock.note("")
            taken.append(lock)
    except OSError as error:
        raise RecordingError(f"cannot record in {recordings}: {explain(error)}") from error
    return taken


def _wait_for_note(path: Path) -> str:
    """Return the call id that the lock's holder notes as soon as its folder exists."""
    give_up_at = time.monotonic() + _NOTE_WAIT_S
    while not (note := read_note(path)):
        if time.monotonic() > give_up_at:
            raise RecordingError(
                "another process has begun to record this channel but does not make progress; try again"
            )
        time.sleep(_POLL_S)
    return note
