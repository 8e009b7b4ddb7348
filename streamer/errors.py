"""What can go wrong, as one tree.

    StreamerError                 exit 1
    ├── UsageError                exit 2   the command, a flag, a setting or a file name is wrong
    ├── NotFoundError             exit 3   no such channel, call, file or model
    ├── UnreachableError          exit 4   the PBX could not be reached, or refused us
    ├── SourceError               exit 1   a live stream ended in a way it should not have
    ├── RegistryFullError         exit 1   more calls are registered than are kept
    ├── KeeperError               exit 1   no second descriptor, so nothing was connected
    ├── RecordingError            exit 1   a recording could not be made, opened or repaired
    ├── ModelError                exit 1   a speech model is there but cannot be used
    └── StoreError                exit 1   the database cannot be opened, read or written

Messages are lower-case sentences: what happened, to what, what to do next. They may hold untrusted strings; whoever prints
one escapes it.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command tells its caller; a command ended by signal n says 128 + n."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    UNREACHABLE = 4


class StreamerError(Exception):
    """Anything this package raises on purpose."""

    exit_code = ExitCode.FAILED


class UsageError(StreamerError):
    """The user asked for something that cannot be meant."""

    exit_code = ExitCode.USAGE


class NotFoundError(StreamerError):
    """What the user named does not exist."""

    exit_code = ExitCode.NOT_FOUND


class UnreachableError(StreamerError):
    """The PBX could not be reached, or would not let us in."""

    exit_code = ExitCode.UNREACHABLE


class SourceError(StreamerError):
    """A live stream was lost; what came before it is safe."""


class RegistryFullError(StreamerError):
    """More calls are registered than are kept; one that connects or expires makes room."""


class KeeperError(StreamerError):
    """The process that protects live calls is not there, so nothing is connected."""


class RecordingError(StreamerError):
    """A recording could not be made, opened or repaired."""


class ModelError(StreamerError):
    """A speech model is installed but broken, or is none; recordings go on without text."""


class StoreError(StreamerError):
    """The database could not be opened, read or written; recordings go on without it.

    `is_temporary` if the same may work later: it is locked, or the disk is full or failing.
    """

    def __init__(self, message: str, *, is_temporary: bool = False) -> None:
        super().__init__(message)
        self.is_temporary = is_temporary
