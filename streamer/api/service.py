"""What the API answers with, apart from HTTP: calls, their words, results, and requests to their taps."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from streamer.api.bodies import WantedMark
from streamer.calls.asked import AskedCall
from streamer.calls.backend import Backend
from streamer.calls.catalog import (
    CallState,
    Entry,
    find_entry,
    list_entries,
    list_live,
    name_speakers,
)
from streamer.calls.choosing import Parties, narrow
from streamer.calls.encoding import encode_alerts, encode_entry, encode_hit
from streamer.calls.party_player import play_into
from streamer.calls.placing import CallPlacer
from streamer.calls.transcripts import read_transcript
from streamer.config import Settings
from streamer.core.encoding import encode_event, encode_mark
from streamer.core.mark import Mark
from streamer.core.moments import parse_moment
from streamer.core.untrusted import one_line
from streamer.errors import NotFoundError, RecordingError, StoreError, UsageError
from streamer.exporters import EXPORTERS
from streamer.recording.folder import CallFolder
from streamer.recording.index import Recordings
from streamer.recording.reader import read_recorded
from streamer.store import PAGE, Filter, Reader
from streamer.tap.playbacks import PlaybackPlan

MOST_LISTED = 1000
MOST_LEFT_OUT = 1_000_000
LONGEST_WAIT_S = 10.0
RECENT_CALLS = 1000
"""Calls among which one is looked for by the id that a dialplan knows."""

_POLL_S = 0.2
_NOT_IDS = ("from", "to", "peer", "via")
_UNSAFE = re.compile(r"[^\w .'@+-]")
"""What a dialplan may take for syntax; everything but words, numbers and a little punctuation."""

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Service:
    """Answers questions about the calls of a folder of recordings and of a store."""

    settings: Settings
    reader: Reader
    backend: Backend
    placer: CallPlacer

    @property
    def recordings(self) -> Path:
        """The folder of recordings."""
        return Path(self.settings.recordings)

    async def list_calls(self, query: Query) -> dict[str, Any]:
        """List calls, newest first, as `streamer calls` does."""
        filter = await self._read_filter(query)
        text, limit = query.get("text", ""), _read_number(query, "limit", PAGE, MOST_LISTED)
        before = query.get("before")
        if before is not None:
            before = (await self.find(before)).call.id
        if _read_flag(query, "live"):
            entries = await list_live(self.reader, self.recordings, filter, text=text)
        else:
            entries = await list_entries(
                self.reader, self.recordings, filter, text=text, limit=limit, before=before
            )
        is_more = len(entries) >= limit
        return {
            "calls": [encode_entry(entry) for entry in entries],
            "next": min(entry.call.id for entry in entries) if is_more else None,
        }

    async def show_call(self, name: str) -> dict[str, Any]:
        """Describe a call, with its alerts."""
        entry = await self.find(name)
        alerts = await self.reader.read_alerts([entry.call.id])
        return encode_entry(entry) | {"alerts": encode_alerts(alerts)}

    async def list_marks(self, name: str) -> dict[str, Any]:
        """List the lines of a call that users have marked, by place."""
        entry = await self.find(name)
        marks = await self.reader.read_marks([entry.call.id])
        return {"marks": [encode_mark(mark) for mark in marks]}

    async def mark(self, name: str, wanted: WantedMark) -> dict[str, Any]:
        """Mark a line, or take its mark away; return the mark as the event `mark` has it."""
        call_id = (await self.find(name)).call.id
        segments = await self.reader.read_segments(call_id)
        place = wanted.leg, wanted.utterance
        line = next((one for one in segments if (one.leg, one.utterance) == place), None)
        if line is None:
            raise NotFoundError(f"{call_id} has no line {wanted.utterance} of the leg {wanted.leg}")
        mark = Mark(
            call_id,
            *place,
            line.start,
            line.end,
            one_line(wanted.note),
            datetime.now(UTC),
            line.text,
            is_removed=wanted.is_removed,
        )
        store = self.backend.store
        if store is None or not await store.keep_mark(mark):
            raise StoreError("the database is not open, so nothing can be marked")
        kept = await self.reader.read_marks([call_id])  # what was there already stays as it was
        return encode_event(next((one for one in kept if one.key == mark.key), mark))

    async def export(self, name: str, format_name: str) -> str:
        """Return what was said on a call, in a format of `streamer export`."""
        if format_name not in EXPORTERS:
            raise UsageError(f"format must be one of {', '.join(EXPORTERS)}")
        transcript = await read_transcript(self.reader, await self.find(name))
        return await asyncio.to_thread(EXPORTERS[format_name], transcript)

    async def search(self, query: Query) -> dict[str, Any]:
        """Find what was said, newest first, as `streamer search` does."""
        if not query.get("q"):
            raise UsageError("q is missing: what to search for")
        limit = _read_number(query, "limit", PAGE, MOST_LISTED)
        offset = _read_number(query, "offset", 0, MOST_LEFT_OUT, least=0)
        filter = await self._read_filter(query)
        hits = await self.reader.search(query["q"], filter, limit=limit, offset=offset)
        speakers = await asyncio.to_thread(name_speakers, self.recordings, hits)
        return {"hits": [encode_hit(*each) for each in zip(hits, speakers, strict=True)]}

    async def find_result(self, known_as: str, query: Query) -> str | None:
        """Return what a dialplan needs of a call that it knows by an id: last alert, keys, last words; None if it is not known.

        With `wait` it is waited for until all words are there.
        """
        give_up_at = time.monotonic() + _read_seconds(query, "wait", LONGEST_WAIT_S)
        while True:
            folder = await asyncio.to_thread(self._find_known_as, known_as)
            entry = None if folder is None else await self.find(folder.call_id)
            is_whole = entry is not None and entry.state is CallState.COMPLETE
            if is_whole or time.monotonic() >= give_up_at:
                return None if entry is None else await self._describe_result(entry)
            await asyncio.sleep(_POLL_S)

    async def place(self, asked: AskedCall, playing: PlaybackPlan) -> dict[str, Any]:
        """Call somebody, as `streamer call` does; the call goes on by itself."""
        placed = await self.placer.place(asked, playing)
        return {
            "call": placed.call_id,
            "endpoint": placed.endpoint,
            "channel": placed.channel or None,
        }

    async def stop(self, name: str) -> dict[str, Any]:
        """Ask a call's tap to end its recording."""
        folder = CallFolder((await self.find(name)).call.folder)
        if not folder.is_live():
            raise RecordingError(f"{folder.call_id} is not being recorded any more")
        try:
            await asyncio.to_thread(folder.request_stop)
        except OSError as error:
            raise RecordingError(f"the tap of {folder.call_id} cannot be asked to end") from error
        return {"call": folder.call_id, "stopping": True}

    async def play(self, name: str, file: Path | None, query: Query) -> dict[str, Any]:
        """Play a file to the party of a call, behind what is queued already, unless that is dropped."""
        flushes = _read_flag(query, "flush")
        if file is None and not flushes:
            raise UsageError("send an audio file as the body, or flush=true to drop what is queued")
        folder = CallFolder((await self.find(name)).call.folder)
        try:
            seconds = await asyncio.to_thread(play_into, folder, file, flushes=flushes)
        except UsageError as error:  # whoever asks has sent no file of that name
            raise UsageError(str(error).replace(str(file), "the body")) from error
        return {"call": folder.call_id, "seconds": round(seconds, 3), "flushed": flushes}

    async def find(self, name: str) -> Entry:
        """Return the call that is named by its id, the beginning of it, or `last`."""
        return await find_entry(self.reader, self.recordings, name)

    async def _read_filter(self, query: Query) -> Filter:
        parties = Parties(*(query.get(name, "") for name in ("from", "to", "digits")))
        return await narrow(self.reader, self.recordings, _read_filter(query), parties)

    def _find_known_as(self, known_as: str) -> CallFolder | None:
        recordings = Recordings(self.recordings)
        for call_id in islice(recordings.call_ids(), RECENT_CALLS):
            if call_id == known_as or known_as.lower() in self._list_ids(call_id):
                return CallFolder(self.recordings / call_id)
        return None

    def _list_ids(self, call_id: str) -> Iterator[str]:
        try:
            facts = read_recorded(self.recordings / call_id).facts
        except RecordingError:
            return
        yield from (value.lower() for name, value in facts.items() if name not in _NOT_IDS)

    async def _describe_result(self, entry: Entry) -> str:
        alerts = await self.reader.read_alerts([entry.call.id])
        rule = alerts[-1].rule if alerts else ""
        keys = await asyncio.to_thread(_read_keys, entry.call.folder)
        return "|".join(_make_safe(part) for part in (rule, keys, entry.call.last_words))


def _read_keys(folder: Path) -> str:
    try:
        legs = read_recorded(folder).legs
    except RecordingError:
        return ""
    pressed = [each for leg in legs for each in leg.digits if each is not None and each.digit]
    return "".join(each.digit or "" for each in sorted(pressed, key=lambda each: each.at))


def _make_safe(text: str) -> str:
    """Return text without what a dialplan takes for syntax; keys of a telephone stay."""
    if text and set(text) <= set("0123456789ABCD*#"):
        return text
    return " ".join(_UNSAFE.sub(" ", one_line(text)).split())


def _read_filter(query: Query) -> Filter:
    now = datetime.now(UTC)
    since, until = (
        parse_moment(query[name], now, flag=name) if query.get(name) else None
        for name in ("since", "until")
    )
    chosen = Filter(since=since, until=until, channel=query.get("channel", ""))
    return replace(chosen, has_alert=_read_flag(query, "alerts"))


def _read_flag(query: Query, name: str) -> bool:
    text = query.get(name, "false").lower()
    if text not in ("true", "false", "1", "0", ""):
        raise UsageError(f"{name} must be true or false")
    return text in ("true", "1")


def _read_number(query: Query, name: str, default: int, most: int, *, least: int = 1) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise UsageError(f"{name} must be a whole number from {least} to {most}")
    return int(text)


def _read_seconds(query: Query, name: str, most: float) -> float:
    text = query.get(name, "0")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= most:
        raise UsageError(f"{name} must be a number of seconds from 0 to {most:g}")
    return seconds
