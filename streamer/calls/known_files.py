"""Files that were stored as calls: each call's `call.json` keeps the SHA-256 of the file that it was made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from streamer.core.reasons import explain
from streamer.errors import RecordingError, UsageError
from streamer.media.opened import check_file
from streamer.recording.index import Recordings

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
    """The calls of a folder of recordings by their files' SHA-256; making it reads every `call.json` of a file once."""

    def __init__(self, recordings: Path) -> None:
        self._calls: dict[str, Path] = {}
        place = Recordings(recordings)
        for call_id in place.call_ids():  # the oldest last, which counts for a file stored twice
            self._look(place, call_id)

    def find(self, digest: str) -> Path | None:
        """Return the folder of the call that a file was stored as."""
        return self._calls.get(digest)

    def add(self, digest: str, folder: Path) -> None:
        """Take note of one more."""
        self._calls[digest] = folder

    def _look(self, place: Recordings, call_id: str) -> None:
        folder = place[call_id]
        with suppress(RecordingError, LookupError, AttributeError, TypeError):
            fields = folder.read()
            # One whose copy was cut short is no call of the whole file.
            if fields.get("source") == "file" and fields.get("ended_at"):
                self._calls[fields["facts"][DIGEST]] = folder.path
