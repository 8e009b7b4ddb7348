"""What the list of calls shows beside what is in the store: the names of speakers, and how far transcription is behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from streamer.calls.catalog import CallState, Entry
from streamer.media.wav import HEADER_SIZE
from streamer.recording.folder import CallFolder
from streamer.recording.live_status import read_lags
from streamer.recording.speaker_names import read_names
from tui.state.leg_states import LegWatch, LiveCall


@dataclass(frozen=True, slots=True)
class CallDetails:
    """The details of one call."""

    names: Mapping[str, str] = field(default_factory=dict)
    """What speakers are called instead of their labels."""
    is_live: bool = False
    lacks_text: bool = False
    """It is live with audio, and no process makes text of it."""
    lag_s: float = 0.0
    """How far transcription is behind, in whichever process it runs; 0 where it keeps up, or does not run."""
    live: LiveCall = LiveCall()
    """What goes on, if it is live."""


_Named = tuple[tuple[int, int] | None, dict[str, str]]
"""When the file of names was written and its inode, since a file that replaces it may be as old; and its names."""


class DetailsReader:
    """Reads what has changed since the last time."""

    def __init__(self) -> None:
        self._names: dict[Path, _Named] = {}
        self._watch = LegWatch()

    def read(self, entries: Iterable[Entry]) -> dict[str, CallDetails]:
        """Return the details of each call by its id; blocks. A call that is over has no lag."""
        details, names = {}, {}
        for entry in entries:
            folder = entry.call.folder
            names[folder] = _read_names(folder, self._names.get(folder))
            details[entry.call.id] = CallDetails(names[folder][1])
            if entry.state is CallState.LIVE:
                details[entry.call.id] = self._read_live(entry, names[folder][1])
        self._watch.forget()
        self._names = names  # replaced as a whole: the refresh before may still read a slow disk
        return details

    def _read_live(self, entry: Entry, names: Mapping[str, str]) -> CallDetails:
        folder = entry.call.folder
        lags = read_lags(folder)
        is_transcribed = bool(lags) or CallFolder(folder).is_transcribed()
        live = self._watch.look(entry, lags, is_transcribed=is_transcribed)
        lacks_text = not is_transcribed and _has_audio(folder)
        return CallDetails(names, True, lacks_text, max(lags.values(), default=0.0), live)


def _has_audio(folder: Path) -> bool:
    with suppress(OSError):  # it is being deleted
        return any(path.stat().st_size > HEADER_SIZE for path in folder.glob("*.wav"))
    return False


def _read_names(folder: Path, known: _Named | None) -> _Named:
    try:
        status = CallFolder(folder).names.stat()
    except OSError:
        return None, {}
    stamp = status.st_mtime_ns, status.st_ino
    return known if known is not None and known[0] == stamp else (stamp, read_names(folder))
