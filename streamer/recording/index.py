"""The folder of all recordings: which calls lie in it, which one a user means, and which ones are new."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from streamer.core.folders import show_folder
from streamer.core.reasons import explain
from streamer.errors import NotFoundError, RecordingError, UsageError
from streamer.recording.folder import CallFolder, is_call_id

_SHOWN_CHOICES = 2
_CLOSE_NS = 100_000_000
_LOOKS_FOR_JSON = 50
_CALLED = ("ws://", "wss://", "http://", "https://")
"""How addresses begin that we have called; what listens, or watches by itself, names its protocol."""

_ended: dict[str, set[str]] = {}
"""By folder, the calls that have been seen to have ended."""


def choose_call(name: str, call_ids: Collection[str], folder: Path) -> str:
    """Return the id that a user means by an id, an unambiguous prefix of it, or `last`; messages name the folder of recordings.

    Raises:
        NotFoundError: There is none.
        UsageError: There are several.
    """
    if name == "last":
        found = sorted(call_ids)[-1:]
    else:
        found = sorted(call_id for call_id in call_ids if name and call_id.startswith(name))
    if name in found:
        return name
    if not found:
        if name == "last":
            raise NotFoundError(f"no call last: there are none in {show_folder(folder)} yet")
        raise NotFoundError(
            f"no call {name} in {show_folder(folder)}; list calls with `streamer calls`"
        )
    if len(found) > 1:
        shown = " and ".join(found[:_SHOWN_CHOICES])
        raise UsageError(f"{name} matches {len(found)} calls, such as {shown}; give more of the id")
    return found[0]


class Recordings:
    """One folder of recordings; it may not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __getitem__(self, call_id: str) -> CallFolder:
        """Return the folder of a call, which need not exist."""
        return CallFolder(self.path / call_id)

    def call_ids(self) -> list[str]:
        """Return the names of all folders that may be calls, newest first.

        Raises:
            RecordingError: The folder cannot be read.
        """
        try:
            with os.scandir(self.path) as entries:
                names = [entry.name for entry in entries if is_call_id(entry.name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RecordingError(f"{self.path} cannot be read: {explain(error)}") from error
        return sorted(names, reverse=True)

    def live_ids(self) -> list[str]:
        """Return the ids of the calls that are being recorded, newest first; costs as much as there are new calls.

        Raises:
            RecordingError: The folder cannot be read.
        """
        ended = _ended.setdefault(str(self.path.absolute()), set())
        live = []
        for call_id in self.call_ids():
            if call_id not in ended:
                # A tap takes its lock before it writes `call.json`, and never comes back.
                has_begun = self[call_id].call_json.exists()
                if self[call_id].is_live():
                    live.append(call_id)
                elif has_begun:
                    ended.add(call_id)
        return live

    def find(self, name: str) -> CallFolder:
        """Return the call that a user means; see `choose_call`.

        Raises:
            NotFoundError: There is none.
            UsageError: There are several.
            RecordingError: The folder cannot be read.
        """
        return self[choose_call(name, self.call_ids(), self.path)]


class Arrivals:
    """Notices calls that begin to be recorded into a folder, those first that are live already.

    `sources` are the protocols whose calls are meant, as far as they came to us: what we have called ourselves is watched already.
    None means all calls.
    """

    def __init__(self, recordings: Path, *, sources: Collection[str] | None = None) -> None:
        self._recordings = Recordings(recordings.absolute())
        self._sources = sources
        self._listed_at = -1
        self._known: set[str] | None = None
        self._unread: dict[str, int] = {}
        """Calls without a `call.json` so far, and how many more times it is looked for."""

    def look(self) -> list[Path]:
        """Return what is new since the last look; costs one `stat` while nothing is, else as long as it takes to list a folder."""
        changed_at = self._read_change()
        if changed_at != self._listed_at:
            self._list()
            # Two changes may bear the same time, if they follow each other closely.
            is_settled = time.time_ns() - changed_at > _CLOSE_NS
            self._listed_at = changed_at if is_settled else -1
        return [folder for call_id in sorted(self._unread) if (folder := self._read(call_id))]

    def _read_change(self) -> int:
        with suppress(OSError):
            return self._recordings.path.stat().st_mtime_ns
        return 0

    def _list(self) -> None:
        with suppress(RecordingError):
            call_ids = self._recordings.call_ids()
            if self._known is None:
                new = [call_id for call_id in call_ids if self._recordings[call_id].is_live()]
            else:
                new = [call_id for call_id in call_ids if call_id not in self._known]
            self._unread.update(dict.fromkeys(new, _LOOKS_FOR_JSON))
            self._known = set(call_ids)

    def _read(self, call_id: str) -> Path | None:
        folder = self._recordings[call_id]
        self._unread[call_id] -= 1
        try:
            fields = folder.read()
        except RecordingError:
            if not self._unread[call_id]:
                del self._unread[call_id]
            return None
        if _is_asked_for(fields):
            self._unread[call_id] = _LOOKS_FOR_JSON
            return None
        del self._unread[call_id]
        if self._sources is None:
            return folder.path
        was_called = str(fields.get("url")).startswith(_CALLED)
        is_meant = fields.get("source") in self._sources and not was_called
        return folder.path if is_meant else None


def _is_asked_for(fields: Mapping[str, Any]) -> bool:
    """Say whether it is a call of ours that the PBX has not taken yet; if it refuses it, the folder goes."""
    facts = fields.get("facts") or {}
    is_of_ours = "context_id" in facts and facts.get("direction") == "outbound"
    return is_of_ours and "channel_id" not in facts and not fields.get("reason")
