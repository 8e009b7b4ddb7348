"""The list of calls, looked at again and again: live calls each time, past ones only when something may have changed.

What a look costs with fifty live calls is above all what it would cost to look at two hundred past ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streamer.calls.catalog import CallState, Entry, list_entries, list_folders, list_live
from streamer.core.alert import Alert
from streamer.core.events import SPEECH_RATE
from streamer.recording.index import Recordings
from streamer.store import Reader, Talk

_PATIENCE_S = 3.0
"""For so long a past call may be shown as it was: what changes of it is no news."""


@dataclass(frozen=True, slots=True)
class Board:
    """What is to be seen of calls: live ones first, each kind newest first."""

    entries: list[Entry] = field(default_factory=list)
    talk: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Seconds that legs of live calls have spoken, by call and label, as far as that is settled."""
    alerts: Mapping[str, list[Alert]] = field(default_factory=dict)
    """Of each listed call on which a rule has fired, by time."""


class Listing:
    """Looks for calls in one folder of recordings; `clock` is in seconds."""

    def __init__(self, recordings: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._recordings = recordings
        self._clock = clock
        self._past: list[Entry] = []
        self._past_alerts: dict[str, list[Alert]] = {}
        self._seen: tuple[list[str], list[str]] | None = None
        self._version = 0
        self._listed_at = 0.0
        self._talk: dict[str, dict[str, Talk]] = {}

    async def look(self, reader: Reader | None, *, limit: int) -> Board:
        """Return all live calls, then the newest others up to `limit`; without a store, those that have a folder.

        Raises:
            StoreError: The store cannot be read.
            RecordingError: The folder of recordings cannot be read.
        """
        if reader is None:
            return Board(list_folders(self._recordings, limit=limit))
        if await self._is_stale(reader):
            entries = await list_entries(reader, self._recordings, limit=limit)
            self._past = [entry for entry in entries if entry.state is not CallState.LIVE]
            told = [entry.call.id for entry in self._past if entry.call.has_alert]
            self._past_alerts = await _read_alerts(reader, told)
            live = [entry for entry in entries if entry.state is CallState.LIVE]
        else:
            live = await list_live(reader, self._recordings)
        names = {entry.call.id for entry in live}
        past = [entry for entry in self._past if entry.call.id not in names]
        alerts = self._past_alerts | await _read_alerts(reader, names)
        return Board([*live, *past], await self._measure(reader, live), alerts)

    async def _is_stale(self, reader: Reader) -> bool:
        """Say whether past calls are to be listed again."""
        place = Recordings(self._recordings)
        seen = place.live_ids(), place.call_ids()
        version, now = await reader.read_version(), self._clock()
        is_changed = version != self._version and not seen[0]  # while calls run it always is
        is_late = now - self._listed_at >= _PATIENCE_S
        if seen == self._seen and not is_changed and not is_late:
            return False
        self._seen, self._version, self._listed_at = seen, version, now
        return True

    async def _measure(self, reader: Reader, live: list[Entry]) -> dict[str, dict[str, float]]:
        """Return for how long legs have spoken; only what is new is counted."""
        self._talk = {entry.call.id: self._talk.get(entry.call.id, {}) for entry in live}
        due = {
            entry.call.id: {label: talk.utterance for label, talk in known.items()}
            for entry in live
            if self._is_behind(entry, known := self._talk[entry.call.id])
        }
        for call_id, legs in (await reader.read_talk(due) if due else {}).items():
            for label, new in legs.items():
                spoken = self._talk[call_id].get(label, Talk()).spoken + new.spoken
                self._talk[call_id][label] = Talk(spoken, new.utterance)
        return {
            call_id: {label: talk.spoken / SPEECH_RATE for label, talk in legs.items()}
            for call_id, legs in self._talk.items()
        }

    def _is_behind(self, entry: Entry, known: Mapping[str, Talk]) -> bool:
        """Say whether an utterance has been settled that is not counted; after one without words that is asked again, at little cost."""
        return any(
            row.progress.utterance > known.get(row.leg.label, Talk()).utterance
            for row in entry.call.legs
        )


async def _read_alerts(reader: Reader, call_ids: Collection[str]) -> dict[str, list[Alert]]:
    found: dict[str, list[Alert]] = {}
    for alert in await reader.read_alerts(call_ids) if call_ids else ():
        found.setdefault(alert.call_id, []).append(alert)
    return found
