"""Audio from a pipe: what comes out of it can be read once, and a file is read more than once, so it is copied into one.

A path stands for it wherever files go in. It is shown by the name that the user gave, and opened where the copy is.
"""

from __future__ import annotations

import os
import select
import shutil
import stat
import tempfile
import weakref
from pathlib import Path, PosixPath
from typing import BinaryIO

from streamer.core.reasons import explain
from streamer.errors import RecordingError, UsageError

STDIN = "-"
"""How a user names stdin, which is shown by its own name."""

WRITER_PATIENCE_S = 2.0
"""How long a named pipe into which nobody writes is waited for; one that has a writer is read to its end, however long that takes."""


class PipedFile(PosixPath):
    """A pipe by the name that it is shown by; once it is filled, the file that is opened is the copy."""

    _source = ""
    _copy = ""

    def __fspath__(self) -> str:
        return self._copy or self._source or str(self)

    def fill(self) -> None:
        """Read the pipe to its end, if that has not been done; blocks. The copy goes with this value, or with the process.

        Raises:
            UsageError: Nothing comes out of it.
            RecordingError: The disk does not take the copy.
        """
        if self._copy:
            return
        folder = tempfile.mkdtemp(prefix="streamer-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        copy = os.path.join(folder, "audio")  # noqa: PTH118 - of a path of this class it would be one
        try:
            with open(copy, "wb") as file:  # noqa: PTH123 - as above
                if self._source == STDIN:
                    _copy_stdin(file)
                else:
                    _copy_pipe(self._source, file)
        except OSError as error:
            raise RecordingError(
                f"what comes from {self} cannot be copied into {folder}: {explain(error)}"
            ) from error
        self._copy = copy


def find_pipe(name: str) -> PipedFile | None:
    """Return what a user means by `-`, or by the name of a pipe; None for any other name."""
    if name != STDIN and not _is_pipe(name):
        return None
    piped = PipedFile("stdin" if name == STDIN else name)
    piped._source = name
    return piped


def _is_pipe(name: str) -> bool:
    try:
        return stat.S_ISFIFO(Path(name).stat().st_mode)
    except (OSError, ValueError):
        return False


def _copy_pipe(name: str, file: BinaryIO) -> None:
    """Copy a named pipe to its end.

    Raises:
        UsageError: Nobody writes into it.
    """
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", buffering=0) as pipe:
        watched = select.poll()
        watched.register(descriptor, select.POLLIN)
        if not watched.poll(WRITER_PATIENCE_S * 1000):
            first = pipe.read(1)  # None where a writer is silent
            if first == b"":
                raise UsageError(
                    f"{name} is a pipe into which nobody writes; start what writes first"
                )
            file.write(first or b"")
        os.set_blocking(descriptor, True)
        shutil.copyfileobj(pipe, file)


def _copy_stdin(file: BinaryIO) -> None:
    if os.isatty(0):
        raise UsageError(
            "- takes audio from a pipe, and stdin is a terminal; pipe a file in, as in: cat FILE | streamer transcribe -"
        )
    with open(0, "rb", closefd=False) as stdin:
        shutil.copyfileobj(stdin, file)
