"""Where a user's keeper listens: a private folder that every command of the user finds.

Anybody may make a folder in /tmp before we do, so one that is not ours is passed over. Then a new folder is made, and where it is stands
in a note that whoever records into the same place reads.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from streamer.core.reasons import explain, find_cause
from streamer.errors import KeeperError

SOCKET_NAME = "keeper.sock"

LONGEST_SOCKET_PATH = 107
"""Bytes of the path of a Unix socket."""

SERVICE_RUNTIME = Path("/run/streamer")
"""Where systemd makes the RuntimeDirectory of the unit that `streamer service` prints."""

_IN_UNIT = "keeper"
"""A folder in that of the unit, which may be entered by all."""

_MOST_READ = 4096


def default_runtime_dir(note: Path | None = None) -> Path:
    """Return the folder where this user's keeper listens; `note` names a file that tells the next one, if no usual folder can be had.

    Raises:
        KeeperError: No folder can be had.
    """
    candidates = list(_name_candidates())
    for directory in candidates:
        with suppress(KeeperError):
            make_private(directory)
            return directory
    if note is None:
        make_private(candidates[-1])
        return candidates[-1]
    try:
        return _find_noted(note)
    except OSError as error:
        raise KeeperError(
            f"no private folder for the keeper can be made ({find_cause(error)}); name one with runtime_dir"
        ) from error


def list_runtime_dirs(note: Path | None = None) -> list[Path]:
    """Return the folders in which a keeper of this user may listen, without making any; `note` as in `default_runtime_dir`."""
    noted = []
    if note is not None:
        with suppress(OSError):
            noted.append(Path(os.fsdecode(note.read_bytes()[:_MOST_READ]).strip()))
    places = dict.fromkeys((*_name_candidates(), *_name_services(), *noted))
    return [directory for directory in places if _is_there(directory)]


def make_private(directory: Path) -> None:
    """Make a folder that only its owner may enter, or see that it is one, and that a socket's path in it is short enough.

    Raises:
        KeeperError: It is not.
    """
    if not _is_short(directory):
        raise KeeperError(
            f"the path {directory / SOCKET_NAME} has more than the {LONGEST_SOCKET_PATH} bytes that a socket's may have;"
            " name a shorter folder with runtime_dir"
        )
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_private = _is_private(directory)
    except OSError as error:
        raise KeeperError(
            f"the keeper cannot be started in {directory}: {explain(error)}"
        ) from error
    if not is_private:
        raise KeeperError(
            f"{directory} must be a folder that you own and that no other user may enter; run chmod 700 on it"
        )


def _name_candidates() -> Iterator[Path]:
    """Yield the usual places, the best first: systemd's for a unit, the session's, and one in /tmp."""
    if unit := os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]:
        yield Path(unit) / _IN_UNIT
    if session := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(session) / "streamer"
    yield Path(tempfile.gettempdir()) / f"streamer-{os.getuid()}"


def _name_services() -> Iterator[Path]:
    """Yield where a service of this user has its keeper, as it is seen from outside the unit: the system's, and the user's own."""
    yield SERVICE_RUNTIME / _IN_UNIT
    if session := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(session) / SERVICE_RUNTIME.name / _IN_UNIT


def _find_noted(note: Path) -> Path:
    note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(note, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # two that begin together have one keeper
        noted = Path(os.fsdecode(file.read(_MOST_READ)).strip())
        with suppress(OSError, ValueError):
            if noted.is_absolute() and _is_short(noted) and _is_private(noted):
                return noted
        made = _make_somewhere()
        file.seek(0)
        file.truncate()
        file.write(os.fsencode(made) + b"\n")
    return made


def _make_somewhere() -> Path:
    """Make a folder with a name that nobody can have guessed."""
    place = Path(tempfile.gettempdir())
    name = "streamer-12345678"
    return Path(
        tempfile.mkdtemp(prefix="streamer-", dir=place if _is_short(place / name) else "/tmp")
    )


def _is_short(directory: Path) -> bool:
    return len(os.fsencode(directory / SOCKET_NAME)) <= LONGEST_SOCKET_PATH


def _is_there(directory: Path) -> bool:
    try:
        return directory.is_absolute() and _is_private(directory)
    except (OSError, ValueError):
        return False


def _is_private(directory: Path) -> bool:
    status = directory.lstat()
    is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    return is_ours and not status.st_mode & 0o077
