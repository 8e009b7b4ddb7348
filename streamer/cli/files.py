"""Files that a user names for the output of a command."""

from __future__ import annotations

import os
from pathlib import Path

from streamer.cli import output
from streamer.errors import RecordingError, UsageError


def check_new(path: Path, *, force: bool) -> None:
    """Check that a file may be written; an existing one only with `force`, or after the user has said yes.

    Raises:
        UsageError: It exists, or its folder does not.
        RecordingError: Its folder cannot be written.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        missing = (
            "is not a folder; name another" if folder.exists() else "does not exist; make it first"
        )
        raise UsageError(f"the folder {folder} of the output {missing}")
    if not os.access(folder, os.W_OK):
        raise RecordingError(
            f"the folder {folder} of the output cannot be written; choose another one with --output"
        )
    if os.path.isdir(path):  # noqa: PTH112 - of a closed folder it is no error
        raise UsageError(f"{path} is a folder; name a file with --output")
    if os.path.lexists(path) and not force:  # a link that leads nowhere is there too
        if not output.can_ask():
            raise UsageError(
                f"the file {path} exists; name another one, or overwrite it with --force"
            )
        if not output.ask(f"{path} exists. Overwrite it?"):
            raise UsageError(f"the file {path} exists; name another one with --output")
