"""Which calls there are: those in the store, and recordings of which the store does not know yet."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from streamer.calls.sides import Sides, find_sides
from streamer.core.audio import AudioLoss, say_incomplete, show_leg
from streamer.core.events import SPEECH_RATE, Call, Dtmf, Hold
from streamer.errors import RecordingError
from streamer.recording.folder import CallFolder
from streamer.recording.index import Recordings, choose_call
from streamer.recording.lengths import find_duration_s
from streamer.recording.losses import read_noted
from streamer.recording.reader import read_recorded
from streamer.recording.speaker_names import read_names
from streamer.store import EVERYTHING, PAGE, CallRow, Filter, Hit, LegRow, Progress, Reader


class CallState(StrEnum):
    """What is happening to a call now."""

    LIVE = "live"
    """It is being recorded."""
    TRANSCRIBING = "transcribing"
    """It has ended, and a backend is working on its words."""
    COMPLETE = "complete"
    UNFINISHED = "unfinished"
    """It has ended and nobody is working on it; `streamer resume` does."""
    MISSING = "missing"
    """Its words are not complete, and its recordings are not there any more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A call with what is happening to it; of one that the store does not know, there are no words."""

    call: CallRow
    state: CallState
    losses: Mapping[str, AudioLoss] = field(default_factory=dict)
    """What the recording of each leg lacks, by label; of one that is gone, nothing is known."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What a user calls the speakers, by label."""
    holds: tuple[Hold, ...] = ()
    """When a party was put on hold or taken back, by time, as long as its recording is there."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What else is known of it, untrusted strings, as long as its recording is there."""
    dtmf: tuple[Dtmf, ...] = ()
    """The keys that its parties pressed, by time, as long as its recording is there."""

    @property
    def sides(self) -> Sides:
        """Return who called whom, untrusted strings."""
        return find_sides([row.leg for row in self.call.legs], self.facts, self.names)

    @property
    def digits(self) -> str:
        """Return the keys of the telephone that were pressed, in order."""
        return "".join(pressed.digit for pressed in self.dtmf if pressed.digit)

    @property
    def parties(self) -> tuple[str, ...]:
        """Return what each leg's party is called, untrusted strings."""
        legs = [row.leg for row in self.call.legs]
        return tuple(show_leg(leg.label, legs, self.names) for leg in legs)

    @property
    def remark(self) -> str:
        """Say beside the state that the audio is not whole; empty if it is."""
        return say_incomplete(self.losses.values())


async def list_entries(
    reader: Reader,
    recordings: Path,
    filter: Filter = EVERYTHING,
    *,
    text: str = "",
    limit: int = PAGE,
    before: str | None = None,
) -> list[Entry]:
    """Return calls: first all that are being recorded, however many, then others up to `limit`, each newest first.

    See `store.base.Reader.list_calls`. Live calls stand on the first page only. A call's folder is looked for in `recordings` first, so that a folder of recordings can be moved.

    Raises:
        UsageError: `text` is no query.
        StoreError: The store cannot be read.
        RecordingError: The folder of recordings cannot be read.
    """
    live = set(Recordings(recordings).live_ids())
    rows: list[CallRow] = []
    if before is None:
        rows = await _list_rows(reader, recordings, _only(filter, live), text, limit=len(live))
    room = max(0, limit - len(rows))
    before = None if before in live else before
    wanted = room + len(live)
    found = await _list_rows(reader, recordings, filter, text, limit=wanted, before=before)
    rows += [row for row in found if row.id not in live][:room]
    return await asyncio.to_thread(_make_entries, recordings, rows)


def _only(filter: Filter, call_ids: Set[str]) -> Filter:
    chosen = call_ids if filter.calls is None else call_ids & filter.calls
    return replace(filter, calls=frozenset(chosen))


async def _list_rows(
    reader: Reader,
    recordings: Path,
    filter: Filter,
    text: str,
    *,
    limit: int,
    before: str | None = None,
) -> list[CallRow]:
    """Return calls, newest first, those included of which the store does not know."""
    if not limit:
        return []
    rows = await reader.list_calls(filter, text=text, limit=limit, before=before)
    if not text:
        oldest = rows[-1].id if len(rows) == limit else ""
        names = [name for name in Recordings(recordings).call_ids() if oldest <= name]
        if before is not None:
            names = [name for name in names if name < before]
        rows += await _read_unknown(reader, recordings, names, filter, limit)
    return sorted(rows, key=lambda row: row.id, reverse=True)[:limit]


async def list_live(
    reader: Reader, recordings: Path, filter: Filter = EVERYTHING, *, text: str = ""
) -> list[Entry]:
    """Return the calls that are being recorded into a folder of recordings, newest first.

    Raises:
        StoreError: The store cannot be read.
    """
    live = Recordings(recordings).live_ids()
    chosen = _only(filter, set(live))
    rows = await _list_rows(reader, recordings, chosen, text, limit=len(live))
    return await asyncio.to_thread(_make_entries, recordings, rows)


def list_folders(recordings: Path, *, limit: int) -> list[Entry]:
    """Return the calls that have a folder, in the order of `list_entries`, without a store.

    Raises:
        RecordingError: The folder of recordings cannot be read.
    """
    place = Recordings(recordings)
    live = place.live_ids()
    others = [name for name in place.call_ids() if name not in live]
    entries = []
    for name in [*live, *others[: max(0, limit - len(live))]]:
        with suppress(RecordingError):
            entries.append(read_entry(recordings / name))
    return entries


def read_entry(folder: Path) -> Entry:
    """Return a call as its folder describes it, without a store.

    Raises:
        RecordingError: `call.json` is missing or damaged.
    """
    row = describe_folder(folder)
    return _note(row, find_state(row), folder)


def list_damaged(recordings: Path) -> list[Path]:
    """Return the folders with recordings that ought to be calls and do not say which."""
    return [
        recordings / name
        for name in Recordings(recordings).call_ids()
        if _read_folder(recordings / name, EVERYTHING) is None
        and CallFolder(recordings / name).has_recordings()
    ]


async def find_entry(reader: Reader, recordings: Path, name: str) -> Entry:
    """Return the call that is named by its id, an unambiguous prefix of it, or `last`.

    Raises:
        NotFoundError: No call is named so.
        UsageError: Several are.
        RecordingError: The store does not know it, and its folder cannot be read.
        StoreError: The store cannot be read.
    """
    stored = [await reader.last_call()] if name == "last" else await reader.find_calls(name)
    folders = Recordings(recordings).call_ids()
    call_id = choose_call(name, {*folders, *filter(None, stored)}, recordings)
    if await reader.known_calls([call_id]):
        row = await reader.read_call(call_id)
    else:
        row = describe_folder(recordings / call_id)
    return _make_entry(recordings, row)


def name_speakers(recordings: Path, hits: Iterable[Hit]) -> list[str]:
    """Return who said each of what a search has found: by the name that a user gave, as the PBX told it, or by the leg's label. Blocks."""
    names: dict[str, dict[str, str]] = {}
    speakers = []
    for hit in hits:
        if hit.call_id not in names:
            names[hit.call_id] = read_names(_find_folder(recordings, hit.call_id, hit.folder))
        speakers.append(names[hit.call_id].get(hit.leg) or hit.name or hit.number or hit.leg)
    return speakers


def _make_entries(recordings: Path, rows: Sequence[CallRow]) -> list[Entry]:
    """Look at the folders of calls; of thousands this takes seconds."""
    return [_make_entry(recordings, row) for row in rows]


def _make_entry(recordings: Path, row: CallRow) -> Entry:
    folder = _find_folder(recordings, row.id, row.folder)
    if folder != row.folder:
        row = _move(row, folder)
    state = find_state(row)
    if row.ended_at is None and state in (CallState.UNFINISHED, CallState.TRANSCRIBING):
        row = _end(row)
    return _note(row, state, folder)


def _note(row: CallRow, state: CallState, folder: Path) -> Entry:
    """Return a call with what its folder says beside the words."""
    noted = read_noted(folder)
    names = read_names(folder)
    return Entry(row, state, noted.losses, names, noted.holds, noted.facts, noted.dtmf)


def _end(row: CallRow) -> CallRow:
    """Return a call with the end that its recording knows, which no backend has seen."""
    try:
        noted = describe_folder(row.folder)
    except RecordingError:
        return row
    return replace(row, ended_at=noted.ended_at, reason=noted.reason, duration=noted.duration)


def _find_folder(recordings: Path, call_id: str, stored: Path) -> Path:
    here = recordings.absolute() / call_id
    return here if here.is_dir() else stored


def _move(row: CallRow, folder: Path) -> CallRow:
    legs = tuple(
        replace(leg, recording=folder / leg.recording.name)
        if leg.recording.parent == row.folder
        else leg
        for leg in row.legs
    )
    return replace(row, folder=folder, legs=legs)


def find_state(row: CallRow) -> CallState:
    """Look at a call's locks, and at how far its legs are."""
    folder = CallFolder(row.folder)
    if folder.is_live():
        return CallState.LIVE
    if folder.is_transcribed():
        return CallState.TRANSCRIBING
    if row.is_complete:
        return CallState.COMPLETE
    return CallState.UNFINISHED if row.folder.is_dir() else CallState.MISSING


def describe_folder(folder: Path) -> CallRow:
    """Return what a recording says of itself.

    Raises:
        RecordingError: `call.json` is missing or damaged.
    """
    recorded = read_recorded(folder)
    call = recorded.call
    has_ended = recorded.ended_at is not None or not CallFolder(folder).is_live()
    return CallRow(
        id=call.id,
        source=call.source,
        started_at=call.started_at,
        ended_at=recorded.ended_at,
        reason=recorded.reason,
        duration=round(find_duration_s(recorded) * SPEECH_RATE) if has_ended else None,
        folder=folder.absolute(),
        legs=tuple(_leg_rows(call, recorded.paths)),
        segments=0,
        last_words="",
        zero_at=call.zero_at,
    )


def _leg_rows(call: Call, paths: tuple[Path, ...]) -> Iterator[LegRow]:
    for leg, path in zip(call.legs, paths, strict=True):
        yield LegRow(leg, path, Progress())


async def _read_unknown(
    reader: Reader, recordings: Path, names: list[str], filter: Filter, limit: int
) -> list[CallRow]:
    """Return up to `limit` recordings of which the store does not know and which the filter lets through."""
    known = await reader.known_calls(names)
    unknown = (recordings / name for name in names if name not in known)
    rows = (_read_folder(folder, filter) for folder in unknown)
    meant = itertools.islice((row for row in rows if row is not None), limit)
    return await asyncio.to_thread(list, meant)


def _read_folder(folder: Path, filter: Filter) -> CallRow | None:
    """Return a recording that the filter lets through; one that cannot be read is not listed."""
    try:
        row = describe_folder(folder)
    except RecordingError:
        return None
    return row if filter.matches(row) else None
