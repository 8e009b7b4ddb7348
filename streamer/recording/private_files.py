"""Files that only their owner can read, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from streamer.errors import RecordingError


@contextmanager
def open_private(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` when the block has ended well; a link's place, not its target's.

    What is no file, as a pipe, is written as it stands.

    Raises:
        RecordingError: The disk does not take it; what was there before is still there.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as special:
                yield special
            return
        temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
            with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
                yield file
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise RecordingError(f"{path} cannot be written: {error.strerror or error}") from error
