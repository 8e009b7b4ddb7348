"""What the user calls the speakers of a call: names by label in a small file beside the recording, `{"caller": "Mr Lee"}`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from streamer.core.reasons import explain
from streamer.core.untrusted import one_line
from streamer.errors import RecordingError
from streamer.recording.folder import CallFolder
from streamer.recording.private_files import read_json

LONGEST = 40


def read_names(folder: Path) -> dict[str, str]:
    """Return names by label, each one harmless line; what cannot be read is no name."""
    try:
        names = read_json(CallFolder(folder).names)
    except (OSError, ValueError):
        return {}
    if not isinstance(names, dict):
        return {}
    return {leg: shown for leg, name in names.items() if (shown := _clean(name))}


def _clean(name: object) -> str:
    return one_line(name)[:LONGEST].strip() if isinstance(name, str) else ""


def write_names(folder: Path, names: Mapping[str, str]) -> None:
    """Keep names by label.

    Raises:
        RecordingError: The disk does not take them.
    """
    place = CallFolder(folder)
    try:
        place.write_names(names)
    except OSError as error:
        raise RecordingError(f"{place.names} cannot be written: {explain(error)}") from error
