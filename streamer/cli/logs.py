"""Where the log goes, and what is kept out of it."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from pathlib import Path

import platformdirs

from streamer.core.untrusted import printable
from streamer.errors import UsageError
from streamer.recording.private_files import append_private

_LINE = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
_log = logging.getLogger("streamer")


class _HarmlessFormatter(logging.Formatter):
    """Keeps an untrusted message on one line; tracebacks stay as they are."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        record.message = printable(record.message, limit=2000)
        return super().formatMessage(record)


class _PrivateFileHandler(logging.FileHandler):
    """A log file that only its owner can read, made with the first record."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; a log that cannot be written must never stop a recording."""
        with contextlib.suppress(OSError):
            super().emit(record)

    def _open(self):  # type: ignore[no-untyped-def]
        path = Path(self.baseFilename)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return append_private(path)


def log_path(log_file: str = "") -> Path:
    """Return the log's path, the system's usual place unless one is named."""
    return (
        Path(log_file) if log_file else Path(platformdirs.user_log_dir("streamer")) / "streamer.log"
    )


def start_logging(log_file: str, *, verbosity: int) -> None:
    """Log to the file, and to stderr as far as `verbosity` (0 to 2) asks.

    Raises:
        UsageError: The log file cannot be written.
    """
    level = logging.DEBUG if verbosity > 1 else logging.INFO
    handler = _PrivateFileHandler(log_path(log_file), delay=True)
    handler.setFormatter(_HarmlessFormatter(_LINE))
    handlers: list[logging.Handler] = [handler]
    check_log_file(log_file)
    if verbosity:
        stderr = logging.StreamHandler(sys.stderr)
        stderr.setFormatter(_HarmlessFormatter("%(levelname)s %(name)s: %(message)s"))
        handlers.append(stderr)
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    logging.raiseExceptions = False  # a full disk must not print tracebacks
    _log.setLevel(level)
    # At DEBUG websockets logs every header, passwords among them.
    logging.getLogger("websockets").setLevel(logging.WARNING)


def check_log_file(log_file: str) -> None:
    """Refuse a log file that cannot be written.

    Raises:
        UsageError: It cannot.
    """
    if log_file and (
        Path(log_file).is_dir() or not os.access(Path(log_file).absolute().parent, os.W_OK)
    ):
        raise UsageError(
            f"the log file {log_file} cannot be written; name another one with --log-file"
        )


def log_crash() -> Path:
    """Log the exception that is being handled and return the log's path."""
    path = log_path()
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _PrivateFileHandler):
            path = Path(handler.baseFilename)
            break
    else:
        start_logging("", verbosity=0)
    _log.exception("internal error")
    return path
