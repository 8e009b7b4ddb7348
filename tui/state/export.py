"""What `e` writes: a call's transcript or its audio, under a name that is not taken yet."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from streamer.errors import RecordingError
from streamer.exporters import EXPORTERS, encode_file
from streamer.recording.losses import read_losses
from streamer.recording.mixdown import write_mixdown
from streamer.recording.private_files import open_private
from streamer.recording.reader import list_leg_wavs
from tui.state.call import ShownCall

AUDIO = "wav"

_ABOUT = {
    "txt": "Plain text, one line per utterance",
    "srt": "Subtitles",
    "vtt": "Subtitles for the web",
    "json": "Everything, with the time of each word",
    "csv": "Table for spreadsheets",
    "vcon": "Conversation for other programs (vCon)",
}

FORMATS = {name: _ABOUT.get(name, "") for name in EXPORTERS} | {AUDIO: "Audio, one channel per leg"}


def write_export(shown: ShownCall, format_name: str, folder: Path) -> Path:
    """Write a call's transcript or audio into a folder and return the new file; blocks.

    Raises:
        RecordingError: There is nothing to write, or the disk does not take it.
    """
    if shown.call is None or shown.folder is None:
        raise RecordingError("the call has not begun yet, so there is nothing to export")
    path = _new_name(folder, shown.call.id, format_name)
    if format_name == AUDIO:
        legs = [files for files in list_leg_wavs(shown.folder) if files]
        if not legs:
            raise RecordingError(f"the call {shown.call.id} has no recordings to export")
        write_mixdown(legs, path)
    else:
        with open_private(path) as file:
            transcript = shown.transcript(losses=read_losses(shown.folder))
            file.write(encode_file(format_name, transcript))
    return path


def _new_name(folder: Path, stem: str, suffix: str) -> Path:
    return next(path for path in _names(folder, stem, suffix) if not os.path.lexists(path))


def _names(folder: Path, stem: str, suffix: str) -> Iterator[Path]:
    yield folder / f"{stem}.{suffix}"
    for number in itertools.count(2):
        yield folder / f"{stem}-{number}.{suffix}"
