"""Files that were stored as calls: each call's `call.json` keeps the SHA-256 of the file that it was made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from streamer.core.events import EndReason
from streamer.core.reasons import explain
from streamer.errors import RecordingError, UsageError
from streamer.media.opened import check_file
from streamer.recording.index import Recordings
from streamer.recording.locks import Lock, file_lock_path, make_lock_folder, take_lock

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

    def claim(self, digest: str) -> Lock | None:
        """Return the lock of who stores a file, or None if another process does so now.

        Raises:
            RecordingError: It cannot be made.
        """
        try:
            make_lock_folder(self._place.path)
            return take_lock(file_lock_path(self._place.path, digest=digest))
        except OSError as error:
            raise RecordingError(
                f"cannot record in {self._place.path}: {explain(error)}"
            ) from error

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
