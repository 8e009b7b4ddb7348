"""What the speakers of a call are called: names that a user gave to legs, in a small file beside the recording.

recordings/20261120-130538-k3f9/names.json      {"caller": "Mr Lee"}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from streamer.core.untrusted import one_line
from streamer.errors import RecordingError
from streamer.recording.disk import read_json, replace_json

FILE = "names.json"
LONGEST = 40


def read_names(folder: Path) -> dict[str, str]:
    """Return names by label, each one harmless line; what cannot be read is no name."""
    try:
        names = read_json(folder / FILE)
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
    try:
        replace_json(folder / FILE, dict(names))
    except OSError as error:
        raise RecordingError(
            f"{folder / FILE} cannot be written: {error.strerror or error}"
        ) from error
