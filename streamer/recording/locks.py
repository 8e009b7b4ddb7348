"""Advisory locks on files: they end with the process that holds them, so liveness never depends on a pid in a file."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path

from streamer.recording.private_files import (
    IrregularFileError,
    make_or_open,
    make_private_folder,
    open_regular,
)

_FOLDER = ".locks"
LOOSE = "taps-"
"""How the names begin of locks of processes that tap without recording."""

_PROBE_RETRIES = 3
_PROBE_REST_S = 0.02
_LONGEST_NOTE = 4096


class Lock:
    """A held lock; not inherited by child processes, released by `release` or with the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def note(self, text: str) -> None:
        """Write what `read_note` shows to whoever finds the lock taken."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, text.encode(), 0)

    def is_at(self, path: Path) -> bool:
        """Say whether this is the lock at `path`, not one that was removed while it was waited for."""
        try:
            return self._descriptor is not None and os.path.samestat(
                os.fstat(self._descriptor), path.lstat()
            )
        except FileNotFoundError:
            return False

    def remove(self, path: Path) -> None:
        """Remove the file and let go; the next taker must ask `is_at`, since it may have opened this file before."""
        with suppress(OSError):  # one that stays harms nobody
            path.unlink()
        self.release()

    def release(self) -> None:
        """Let go; idempotent. The file stays, since removing it would race with the next taker."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def take_lock(path: Path) -> Lock | None:
    """Take the lock at `path` without waiting, or return None if somebody holds it.

    Raises:
        OSError: The file cannot be made.
    """
    descriptor = make_or_open(path)
    for _ in range(_PROBE_RETRIES):  # `is_locked` holds it for an instant
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PROBE_REST_S)
        else:
            return Lock(descriptor)
    os.close(descriptor)
    return None


def is_locked(path: Path) -> bool:
    """Say whether a process holds the lock at `path`; what is missing, or no file that we can open, is free."""
    try:
        descriptor = open_regular(path)
    except (FileNotFoundError, NotADirectoryError, PermissionError, IrregularFileError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def is_there(path: Path) -> bool:
    """Say whether something is there, a link that leads nowhere included; on a disk that cannot be asked it is not."""
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True


def read_note(path: Path) -> str:
    """Return what the holder of the lock has noted, empty if nothing yet."""
    try:
        descriptor = open_regular(path)
    except (OSError, IrregularFileError):
        return ""
    try:
        return os.pread(descriptor, _LONGEST_NOTE, 0).decode(errors="replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def make_lock_folder(recordings: Path) -> None:
    """Make the folder of recordings, and in it the one of the locks of channels and addresses.

    Raises:
        OSError: It cannot be made.
    """
    make_private_folder(recordings)
    make_private_folder(recordings / _FOLDER)


def runtime_note_path(recordings: Path) -> Path:
    """Name the file that says where the keeper of these recordings listens, if it is no usual place."""
    return recordings / _FOLDER / "runtime"


def loose_inventory_path(recordings: Path, application: str) -> Path:
    """Name the lock of the process that is an application of a PBX and taps there without recording."""
    return recordings / _FOLDER / f"{LOOSE}{application}"


def list_loose_inventories(recordings: Path, suffix: str) -> list[Path]:
    """Return the files beside such locks that end so."""
    return sorted((recordings / _FOLDER).glob(f"{LOOSE}*{suffix}"))


def channel_lock_path(recordings: Path, *, url: str, channel: str) -> Path:
    """Name the lock of one channel of one PBX; hashed, because the name is untrusted."""
    digest = hashlib.sha256(f"{url}\n{channel}".encode()).hexdigest()
    return recordings / _FOLDER / digest


def file_lock_path(recordings: Path, *, digest: str) -> Path:
    """Name the lock of who stores a file of this SHA-256; it is removed when that is done, see `Lock.remove`."""
    return recordings / f".storing-{digest}"
