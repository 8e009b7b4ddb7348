"""What is said where a call cannot be followed any more: why, and what becomes of its recording."""

from __future__ import annotations

import errno
from pathlib import Path

from streamer.core.reasons import find_cause
from streamer.recording.folder import CallFolder


def explain_stopped_text(error: BaseException, folder: Path | None) -> str:
    """Return that live text stopped, and that the recording in `folder` continues, if it does."""
    if is_out_of_descriptors(error):
        why = "too many open files"
    elif isinstance(error, OSError):
        why = find_cause(error)
    else:
        why = "internal error, see the log"
    goes_on = folder is not None and CallFolder(folder).is_live()
    return f"Live text stopped ({why}).{' Recording continues.' if goes_on else ''}"


def is_out_of_descriptors(error: BaseException | None) -> bool:
    """Say whether an error, or one of a group, came of too many open files, which others may close."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            return True
        if isinstance(error, BaseExceptionGroup) and any(
            map(is_out_of_descriptors, error.exceptions)
        ):
            return True
        error = error.__cause__ or error.__context__
    return False
