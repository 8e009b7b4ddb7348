"""Transcripts written into files that a user names; apart from `files`, since whoever records needs no exporter."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from streamer.core.transcript import Transcript
from streamer.exporters import EXPORTERS, encode_file
from streamer.recording.private_files import open_private


def write_text(path: Path, format_name: str, transcript: Transcript) -> None:
    """Write a transcript into a new file, or into a pipe, whose reader gets what is printed.

    Raises:
        RecordingError: The disk does not take it.
    """
    printed = EXPORTERS[format_name](transcript).encode()
    with open_private(path) as file:
        is_pipe = not stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        file.write(printed if is_pipe else encode_file(format_name, transcript))
