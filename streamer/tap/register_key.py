"""The key of registrations where none is set: made once, and kept beside the recordings for whoever sets the dialplan up."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from streamer.core.reasons import find_cause
from streamer.errors import RecordingError
from streamer.recording.private_files import create_private

KEY_FILE = ".register_key"
"""In the folder of recordings."""

_MOST_READ = 4096


def read_or_make_key(recordings: Path) -> str:
    """Return the key in the folder of recordings, which is made if there is none.

    Raises:
        RecordingError: It can be neither read nor made, or somebody else could have put it there.
    """
    path = recordings / KEY_FILE
    try:
        with suppress(FileNotFoundError):
            return _read(path)
        _make(path)
        return _read(path)
    except OSError as error:
        raise RecordingError(
            f"the key of registrations cannot be kept in {path}: {find_cause(error)};"
            " set register_key in the config file"
        ) from error


def _read(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        is_ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.getuid()
        key = file.read(_MOST_READ).decode("utf-8", "replace").strip() if is_ours else ""
    if not key or status.st_mode & 0o077:
        raise RecordingError(
            f"{path} must be a file of yours that holds a key and that nobody else can read (chmod 600);"
            " remove it to have a new one made"
        )
    return key


def _make(path: Path) -> None:
    """Have the key appear whole, so that of two listeners that begin at once both have the same."""
    temporary = path.with_name(f"{KEY_FILE}.{os.getpid()}")
    try:
        flags = os.O_WRONLY | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(create_private(temporary, flags), "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        with suppress(FileExistsError):
            path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)
