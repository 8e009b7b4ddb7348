"""Files that are kept as calls: what is known of each, and whether it is there already."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from streamer.calls.known_files import DIGEST, Claim, KnownFiles, hash_files
from streamer.cli.origins import FIRST_YEAR, Origin, parse_pattern, read_origin
from streamer.core.moments import parse_moment
from streamer.errors import UsageError

_REST_S = 0.2


@dataclass(frozen=True, slots=True)
class Keeping:
    """How a user wants files to be kept: when their calls were, what their names tell, and whether once more."""

    at: datetime | None = None
    pattern: re.Pattern[str] | None = None
    is_again: bool = False


def choose_keeping(
    *, is_stored: bool, at: str | None, pattern: str | None, is_again: bool
) -> Keeping | None:
    """Read the flags that say how files are kept; None if they are not.

    Raises:
        UsageError: One of them cannot be meant.
    """
    given = {"--at": at, "--name-pattern": pattern, "--again": is_again}
    flag = next((flag for flag, value in given.items() if value), None)
    if not is_stored:
        if flag:
            raise UsageError(f"{flag} is about files that are kept; add --store")
        return None
    moment = parse_moment(at, datetime.now(UTC), flag="--at") if at else None
    if moment and moment.year < FIRST_YEAR:
        raise UsageError(f"--at must be in {FIRST_YEAR} or later, not {at!r}")
    return Keeping(moment, parse_pattern(pattern) if pattern else None, is_again)


@dataclass(frozen=True, slots=True)
class FileNotes:
    """What the recording of one file will say of it."""

    origin: Origin
    digest: str

    @property
    def facts(self) -> dict[str, str]:
        """Return what `call.json` keeps."""
        return {**self.origin.facts, DIGEST: self.digest}


class Shelf:
    """The recordings that files are kept among; every method reads files, the first `find` all of `call.json`."""

    def __init__(self, recordings: Path, keeping: Keeping, say: Callable[[str], None]) -> None:
        self._keeping = keeping
        self._say = say
        self._known = KnownFiles(recordings)

    def describe(self, file: Path, *others: Path) -> FileNotes:
        """Return what is known of a call's files, by the name of the first.

        Raises:
            UsageError: It cannot be read.
        """
        digest = hash_files([file, *others])
        origin = read_origin(file, self._keeping.pattern, at=self._keeping.at)
        if origin.doubt:
            self._say(origin.doubt)
        return FileNotes(origin, digest)

    def find(self, kept: FileNotes) -> Path | None:
        """Return the folder of the call that the file was kept as before, and say so; None if it is to be kept now."""
        folder = None if self._keeping.is_again else self._known.find(kept.digest)
        if folder is not None:
            self._say(f"already stored as {folder.name}; store it again with --again")
        return folder

    async def wait_for_turn(self, kept: FileNotes) -> Claim:
        """Return the right to store a file, so that two processes do not both store it.

        Raises:
            RecordingError: It cannot be made.
        """
        is_said = False
        while (claim := await asyncio.to_thread(self._known.claim, kept.digest)) is None:
            if not is_said:
                self._say("another streamer is storing it; waiting for it")
            is_said = True
            await asyncio.sleep(_REST_S)
        return claim
