"""What goes on on each leg of a live call, told by its files: whether audio comes, who is speaking, and what is being said.

A look costs a `stat` of each leg's WAV and of the file of what is being said; that is read only when it has changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from streamer.calls.catalog import Entry
from streamer.core.events import Partial, join_words
from streamer.media.wav import HEADER_SIZE
from streamer.recording.disk import continued_path
from streamer.recording.folder import CallFolder
from streamer.recording.live_status import read_partial
from streamer.store import LegRow

NO_AUDIO_S = 2.0
"""Without a new sample for so long, nothing comes any more; a tap writes five times a second."""

_SPOKEN_S = 3.0
"""What is being said changes more often than this."""


class LegState(StrEnum):
    """What goes on on a leg."""

    ON_HOLD = "on hold"
    NO_AUDIO = "no audio"
    BEHIND = "words behind"
    NO_TEXT = "audio, no text"
    """No process makes its words."""
    SPEAKING = "speaking"
    NO_SPEECH = "audio, no speech"


@dataclass(frozen=True, slots=True)
class LegNow:
    """One leg at this moment."""

    label: str
    state: LegState
    lag_s: float = 0.0
    since_s: float = 0.0
    """For how long no audio has come."""


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A live call at this moment."""

    legs: tuple[LegNow, ...] = ()
    said: str = ""
    """What is being said and is not settled yet, as far as it is known; untrusted."""


_Stamp = tuple[int, int]


@dataclass(slots=True)
class _KnownLeg:
    wav: Path
    number: int = 1
    size: int = -1
    grew_at: float = 0.0
    stamp: _Stamp | None = None
    partial: Partial | None = None
    spoke_at: float = 0.0


class LegWatch:
    """Looks at the legs of live calls again and again; `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._legs: dict[tuple[str, str], _KnownLeg] = {}
        self._next: dict[tuple[str, str], _KnownLeg] = {}

    def look(self, entry: Entry, lags: Mapping[str, float], *, is_transcribed: bool) -> LiveCall:
        """Return what goes on on a call; blocks."""
        now = self._clock()
        held = {hold.leg: hold.held for hold in entry.holds}
        seen = [
            self._look_at_leg(
                entry,
                row,
                now,
                is_held=held.get(row.leg.label, False),
                lag_s=lags.get(row.leg.label, 0.0),
                is_transcribed=is_transcribed,
            )
            for row in entry.call.legs
        ]
        partials = [partial for _, partial in seen if partial is not None]
        newest = max(partials, key=lambda each: each.end, default=None)
        said = join_words((*newest.committed, *newest.tentative)) if newest else ""
        return LiveCall(tuple(leg for leg, _ in seen), said)

    def _look_at_leg(
        self,
        entry: Entry,
        row: LegRow,
        now: float,
        *,
        is_held: bool,
        lag_s: float,
        is_transcribed: bool,
    ) -> tuple[LegNow, Partial | None]:
        """Return what goes on on a leg, and what is being said on it."""
        label = row.leg.label
        watched = self._watch(entry, label, row.recording, now)
        partial = watched.partial if is_transcribed else None
        if partial is not None and partial.utterance <= row.progress.utterance:
            partial = None  # its final has come
        quiet_s = now - watched.grew_at
        state = _judge(
            is_held=is_held,
            has_audio=quiet_s < NO_AUDIO_S and watched.size > HEADER_SIZE,
            lag_s=lag_s,
            is_transcribed=is_transcribed,
            is_speaking=partial is not None and now - watched.spoke_at < _SPOKEN_S,
        )
        return LegNow(label, state, lag_s, quiet_s), partial

    def forget(self) -> None:
        """Forget legs that have not been looked at since the last time."""
        self._legs, self._next = self._next, {}

    def _watch(self, entry: Entry, label: str, wav: Path, now: float) -> _KnownLeg:
        key = entry.call.id, label
        watched = self._next[key] = self._legs.get(key) or _KnownLeg(wav, grew_at=now)
        size = _read_size(watched.wav)
        if size != watched.size:
            watched.size, watched.grew_at = size, now
        elif (next_wav := continued_path(wav, watched.number + 1)).exists():
            watched.wav, watched.number, watched.grew_at = next_wav, watched.number + 1, now
        path = CallFolder(entry.call.folder).partial(label)
        stamp = _read_stamp(path)
        if stamp != watched.stamp:
            watched.stamp, watched.spoke_at = stamp, now
            watched.partial = read_partial(path.parent, entry.call.id, label) if stamp else None
        return watched


def _judge(
    *, is_held: bool, has_audio: bool, lag_s: float, is_transcribed: bool, is_speaking: bool
) -> LegState:
    if is_held:
        return LegState.ON_HOLD
    if not has_audio:
        return LegState.NO_AUDIO
    if not is_transcribed:
        return LegState.NO_TEXT
    if lag_s:
        return LegState.BEHIND
    return LegState.SPEAKING if is_speaking else LegState.NO_SPEECH


def _read_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _read_stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino
