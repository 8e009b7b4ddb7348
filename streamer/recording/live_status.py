"""What is being said this moment, in one small file a leg, and how late the words are, in one a call.

The process that transcribes a call writes them for all that only follow it. They are not kept: each is replaced with every change, and
gone when the call has been transcribed to its end. What is left of a process that was killed counts no more: it held the lock.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any

from streamer.core.events import Lagging, Partial
from streamer.core.words import STORED_DIGITS, encode_words, parse_words
from streamer.recording.folder import CallFolder
from streamer.recording.private_files import read_json, replace_json


class LiveStatus:
    """Posts the newest partial of each leg, and its lag; a slow disk costs only some of those in between."""

    def __init__(self, folder: Path) -> None:
        self._folder = CallFolder(folder)
        self._lags: dict[str, float] = {}
        self._due: dict[Path, dict[str, Any]] = {}  # one a file: a newer one takes its place
        self._writing: asyncio.Task[None] | None = None

    def post(self, event: Partial | Lagging) -> None:
        """Put a partial or a lag up soon; never blocks."""
        match event:
            case Partial():
                self._due[self._folder.partial(event.leg)] = _encode(event)
            case Lagging(_, leg, lag_s):
                self._lags[leg] = round(lag_s, 1)
                lags = {label: seconds for label, seconds in self._lags.items() if seconds}
                self._due[self._folder.lags] = lags
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._write())

    async def clear(self) -> None:
        """Take everything down, also what another process has left; idempotent."""
        self._due.clear()
        self._lags.clear()
        if self._writing is not None:
            await self._writing
        for path in self._folder.live_status_files():
            with suppress(OSError):
                path.unlink()

    async def _write(self) -> None:
        while self._due:
            path, fields = self._due.popitem()
            with suppress(OSError):  # nobody's words are lost by it
                if fields:
                    await asyncio.to_thread(replace_json, path, fields)
                else:
                    await asyncio.to_thread(path.unlink)


def read_lags(folder: Path) -> dict[str, float]:
    """Return how many seconds the words of each leg are late, by label, without legs that keep up."""
    place = CallFolder(folder)
    try:
        if not place.is_transcribed():
            return {}
        lags = {str(leg): float(lag_s) for leg, lag_s in read_json(place.lags).items()}
        return {leg: lag_s for leg, lag_s in lags.items() if 0 < lag_s < inf}
    except (OSError, ValueError, AttributeError, TypeError, OverflowError):
        return {}


def read_partial(folder: Path, call_id: str, leg: str) -> Partial | None:
    """Return what is being said on a leg; None if there is nothing, or nothing that can be read."""
    try:
        fields = read_json(CallFolder(folder).partial(leg))
        return Partial(
            call_id,
            leg,
            int(fields["utterance"]),
            int(fields["start"]),
            int(fields["end"]),
            parse_words(fields["committed"]),
            parse_words(fields["tentative"]),
        )
    except (OSError, ValueError, LookupError, TypeError, OverflowError):
        return None


def _encode(partial: Partial) -> dict[str, Any]:
    return {
        "utterance": partial.utterance,
        "start": partial.start,
        "end": partial.end,
        "committed": encode_words(partial.committed, digits=STORED_DIGITS),
        "tentative": encode_words(partial.tentative, digits=STORED_DIGITS),
    }
