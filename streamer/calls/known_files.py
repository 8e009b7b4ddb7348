"""Files that were stored as calls: each call's `call.json` keeps the SHA-256 of the file that it was made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from streamer.core.events import EndReason
from streamer.core.reasons import explain
from streamer.errors import RecordingError, UsageError
from streamer.media.opened import check_file
from streamer.recording.index import Recordings
from streamer.recording.locks import Lock, file_lock_path, take_lock
from streamer.recording.private_files import make_private_folder

DIGEST = "sha256"
"""The fact of a call that holds it."""


def hash_files(files: Iterable[Path]) -> str:
    """Return the SHA-256 of what the files hold, one behind the other, in hex.

    Raises:
        UsageError: One cannot be read.
    """
    digest = hashlib.sha256()
    for path in files:
        check_file(path)
        try:
            with path.open("rb") as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {explain(error)}") from error
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to store one file, which no other process has at the same time."""

    path: Path
    lock: Lock

    def release(self) -> None:
        """Give it back; once."""
        self.lock.remove(self.path)


class KnownFiles:
    """The calls of a folder of recordings by their files' SHA-256, of other processes too; each `call.json` that is whole is read once."""

    def __init__(self, recordings: Path) -> None:
        self._place = Recordings(recordings)
        self._calls: dict[str, Path] = {}
        self._whole: set[str] = set()

    def find(self, digest: str) -> Path | None:
        """Return the folder of the call that a file was stored as."""
        found: dict[str, Path] = {}
        for call_id in self._place.call_ids():  # the oldest last, which counts for one stored twice
            if call_id not in self._whole:
                self._look(call_id, found)
        self._calls = found | self._calls
        return self._calls.get(digest)

    def claim(self, digest: str) -> Claim | None:
        """Return the right to store a file, or None if another process does so now.

        Raises:
            RecordingError: It cannot be made.
        """
        try:
            make_private_folder(self._place.path)
            path = file_lock_path(self._place.path, digest=digest)
            lock = take_lock(path)
        except OSError as error:
            raise RecordingError(
                f"cannot record in {self._place.path}: {explain(error)}"
            ) from error

        if lock is not None and not lock.is_at(path):
            lock.release()
            return None
        return Claim(path, lock) if lock else None

    def _look(self, call_id: str, found: dict[str, Path]) -> None:
        folder = self._place[call_id]
        with suppress(RecordingError, LookupError, AttributeError, TypeError):
            fields = folder.read()
            if not fields.get("ended_at"):
                return  # one whose copy was cut short is no call of the whole file
            self._whole.add(call_id)
            # One that was played as a live call, and stopped, is no call of the whole file either.
            if fields.get("source") == "file" and fields.get("reason") == EndReason.HANG_UP:
                found[fields["facts"][DIGEST]] = folder.path
