"""What can go wrong, as one tree.

    StreamerError                 exit 1
    ├── UsageError                exit 2   the command, a flag, a setting or a file name is wrong
    ├── NotFoundError             exit 3   the channel, call, file or model does not exist
    ├── UnreachableError          exit 4   the PBX could not be reached, or refused the connection
    ├── SourceError               exit 1   a live stream broke off
    ├── RegistryFullError         exit 1   too many registered calls have not come yet
    ├── KeeperError               exit 1   the keeper cannot protect a call, so nothing was connected
    ├── RecordingError            exit 1   a recording could not be made, opened or repaired
    ├── ModelError                exit 1   a speech model is installed but cannot be used
    └── StoreError                exit 1   the database cannot be opened, read or written

Messages are lower-case sentences: what happened, to what, what to do next. They may hold untrusted strings; the code that
prints one escapes it.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of commands; a command that signal n ended exits with 128 + n."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    UNREACHABLE = 4


class StreamerError(Exception):
    """Every error that this package raises on purpose."""

    exit_code = ExitCode.FAILED


class UsageError(StreamerError):
    """The command line, a setting or a query has an error."""

    exit_code = ExitCode.USAGE


class NotFoundError(StreamerError):
    """The user named something that does not exist."""

    exit_code = ExitCode.NOT_FOUND


class UnreachableError(StreamerError):
    """The PBX could not be reached, or refused the connection."""

    exit_code = ExitCode.UNREACHABLE


class SourceError(StreamerError):
    """A live stream broke off; the audio before that is safe."""


class RegistryFullError(StreamerError):
    """Too many registered calls have not come yet; one that connects or expires makes room."""


class KeeperError(StreamerError):
    """The keeper, which protects live calls, cannot be reached or started, so nothing is connected."""


class RecordingError(StreamerError):
    """A recording could not be made, opened or repaired."""


class ModelError(StreamerError):
    """A speech model is installed but cannot be used; recordings go on without text."""


class StoreError(StreamerError):
    """The database could not be opened, read or written; recordings go on without it.

    `is_temporary` if the same may work later: it is locked, or the disk is full or failing.
    """

    def __init__(self, message: str, *, is_temporary: bool = False) -> None:
        super().__init__(message)
        self.is_temporary = is_temporary
