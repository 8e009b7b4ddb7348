"""Files and folders that only their owner can read, written whole or not at all.

A call's folder may come from another machine, so whatever is in it is input: `open_regular` opens nothing but files, never through
a link, and never waits for the other end of a pipe.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from streamer.core.reasons import ContentError, Worded, explain
from streamer.errors import RecordingError

UNFINISHED = ".new"
"""End of the name under which `replace_json` writes, before the file takes its place."""

_KEPT = 50
"""Characters of a file's name that the unfinished one keeps: a disk takes 255 bytes."""

_RETRIES = 3
_FILE_MODE = 0o600
_FOLDER_MODE = 0o700
_MOST_READ = 1 << 22


def create_private(path: Path, flags: int = os.O_WRONLY | os.O_TRUNC) -> int:
    """Open a file that is made if it is missing, and return its descriptor, which no child inherits.

    Raises:
        OSError: It cannot be.
    """
    return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)


class IrregularFileError(Worded, OSError):
    """There is something, but it is no file: a link, a pipe, a folder, a device."""

    def __init__(self, mode: int) -> None:
        kinds = {
            stat.S_IFDIR: "it is a folder",
            stat.S_IFLNK: "it is a link",
            stat.S_IFIFO: "it is a pipe",
        }
        code = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        super().__init__(code, kinds.get(stat.S_IFMT(mode), "it is a device or a socket"))

    def __str__(self) -> str:
        return f"{self.strerror}, not a file"


def is_regular(path: Path) -> bool:
    """Say whether a file is there, a link being none."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def open_regular(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a file that is there and return its descriptor, which no child inherits; never blocks.

    Raises:
        IrregularFileError: It is something else.
        OSError: It cannot be.
    """
    _check_regular(path.lstat().st_mode)
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _check_regular(os.fstat(descriptor).st_mode)  # it may have changed in between
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def open_own(path: Path, flags: int = os.O_RDWR) -> int:
    """Open a file to write into it as it stands, and return its descriptor.

    Raises:
        IrregularFileError: It is something else.
        OSError: It cannot be, or has another name elsewhere, as in a backup made of hard links.
    """
    descriptor = open_regular(path, flags)
    if os.fstat(descriptor).st_nlink == 1:
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EMLINK, "it is linked to from elsewhere")


def _check_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise IrregularFileError(mode)


def make_or_open(path: Path) -> int:
    """Open a file to read and write, making it if nothing of its name is there, and return its descriptor.

    Raises:
        IrregularFileError: It is something else.
        OSError: It cannot be.
    """
    for _ in range(_RETRIES):  # another process may make it or remove it at this moment
        with suppress(FileNotFoundError):
            return open_regular(path, os.O_RDWR)
        with suppress(FileExistsError):
            return create_private(path, os.O_RDWR | os.O_EXCL)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def append_private(path: Path) -> TextIO:
    """Open a text file to write behind what it holds.

    Raises:
        OSError: It cannot be.
    """
    descriptor = create_private(path, os.O_WRONLY | os.O_APPEND)
    return os.fdopen(descriptor, "a", encoding="utf-8")


def make_private_folder(path: Path) -> None:
    """Make a folder and its parents; a new one is private to its owner.

    Raises:
        OSError: It cannot be made.
    """
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=_FOLDER_MODE, exist_ok=True)


@contextmanager
def open_private(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` when the block has ended well; a link's place, not its target's.

    What is not a regular file, as a pipe, is written as it stands.

    Raises:
        RecordingError: The disk does not take it; what was there before is still there.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as special:
                yield special
            return
        temporary = path.with_name(f"{path.name[:_KEPT]}.{os.getpid()}{UNFINISHED}")
        try:
            flags = os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW
            with os.fdopen(create_private(temporary, flags), "wb") as file:
                yield file
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise RecordingError(f"{path} cannot be written: {explain(error)}") from error


def read_json(path: Path) -> Any:
    """Return what `replace_json` has written.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not JSON, or far more than a file of ours ever holds.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        content = file.read(_MOST_READ + 1)
    if len(content) > _MOST_READ:
        raise ContentError("it is too large")
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ContentError("it is nested too deeply") from error


def replace_json(path: Path, value: dict[str, Any]) -> None:
    """Replace a JSON file so that a reader sees the old or the new one, never a part.

    On a full disk the old one is overwritten in its place, which needs no new space.

    Raises:
        OSError: Neither can be done.
    """
    content = (json.dumps(value, indent=1) + "\n").encode()
    temporary = path.with_name(path.name + UNFINISHED)
    try:
        # What is there already is of a process that was killed, or foreign: a link, a pipe.
        temporary.unlink(missing_ok=True)
        with os.fdopen(create_private(temporary, os.O_WRONLY | os.O_EXCL), "wb") as file:
            file.write(content)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        if not is_regular(path):
            raise
        with os.fdopen(open_own(path), "r+b") as file:
            file.write(content)
            file.truncate()
