"""The file of a database, as far as SQLite leaves it to us: whether it is there, and that only its owner reads it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from streamer.core.reasons import find_cause
from streamer.errors import StoreError


def exists(path: Path) -> bool:
    """Say whether the file is there.

    Raises:
        StoreError: It is a folder, or nobody can say.
    """
    try:
        if path.is_dir():
            raise StoreError(f"{path} is a folder; name a file with --db")
        return path.exists()
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path} cannot be opened ({find_cause(error)}); {_advise(error)}name another file with --db"
        ) from error


def is_missing_or_empty(path: Path) -> bool:
    """Say whether there is no database in it yet; raises as `exists` does."""
    return not exists(path) or not path.stat().st_size


def has_content(log: Path) -> bool:
    """Say whether a log holds anything; on a full disk, an attempt to open the database leaves an empty one."""
    return log.exists() and log.stat().st_size > 0


def make_private(path: Path) -> None:
    """Make a file that only its owner reads; SQLite gives those beside it the same mode.

    A file that is there is not opened: closing it would drop the locks that SQLite holds on it for this process.

    Raises:
        StoreError: It cannot be made.
    """
    if exists(path):
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StoreError(
            f"{path} cannot be created ({find_cause(error)}); {_advise(error)}name another file with --db"
        ) from error


def _advise(error: Exception) -> str:
    """Return what comes before other advice: mostly a file that is forbidden is one of another user, such as a service's."""
    return "run this as its owner, or " if isinstance(error, PermissionError) else ""
