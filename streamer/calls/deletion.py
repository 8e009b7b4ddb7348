"""Taking calls out: their files, their rows and every trace of their words.

What cannot be removed of a call's folder, such as somebody else's file in it, costs no more than that: all else goes, the words too,
and what was left is said.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from streamer.calls.catalog import describe_folder, find_entry
from streamer.core.reasons import find_cause
from streamer.errors import NotFoundError, RecordingError
from streamer.recording.disk import continued_path
from streamer.recording.folder import CallFolder, is_call_id
from streamer.recording.index import Recordings
from streamer.recording.locks import Lock
from streamer.recording.private_files import is_regular
from streamer.recording.reader import list_wavs, read_recorded
from streamer.store import CallRow, Store

_log = logging.getLogger(__name__)


_SHOWN = 5
"""Files that are named of those that were left."""


class LeftBehindError(RecordingError):
    """A call is deleted, its words too, but for files in its folder; `outside` are recordings elsewhere, which are left as well."""

    def __init__(self, message: str, outside: list[Path]) -> None:
        super().__init__(message)
        self.outside = outside


@dataclass(slots=True)
class _Rest:
    """What was not removed of a call."""

    outside: list[Path] = field(default_factory=list)
    """Recordings outside its folder."""
    trouble: str = ""
    """What is left of its folder and why; empty if the folder is gone."""


async def delete_call(store: Store, recordings: Path, call: CallRow) -> list[Path]:
    """Delete a call for good; return its recordings outside `recordings`, which are left.

    Raises:
        LeftBehindError: All of it is deleted but files in its folder that are not ours, or that cannot be removed.
        RecordingError: It is being recorded or transcribed, and nothing was deleted.
        StoreError: See `Store.delete_calls`; deleting the call again finishes the work.
    """
    rest = await asyncio.to_thread(_remove_files, recordings, call)
    await store.delete_calls([call.id])
    if rest.trouble:
        raise LeftBehindError(_explain(call, rest), rest.outside)
    return rest.outside


async def delete_older(store: Store, recordings: Path, than: datetime) -> None:
    """Delete the calls that began before a moment; one that cannot be deleted, or not wholly, is logged.

    Raises:
        StoreError: See `Store.delete_calls`.
    """
    removed = []
    for call_id in await list_older(store, recordings, than):
        try:
            call = (await find_entry(store, recordings, call_id)).call
            rest = await asyncio.to_thread(_remove_files, recordings, call)
        except (RecordingError, NotFoundError, OSError) as error:
            _log.warning("call %s is older than wanted and cannot be deleted: %s", call_id, error)
        else:
            removed.append(call_id)
            if rest.trouble:
                _log.warning("%s", _explain(call, rest))
    await store.delete_calls(removed)  # none: finishes a deletion that was interrupted
    if removed:
        _log.info("deleted calls that were older than wanted: %s", ", ".join(removed))


async def list_older(store: Store, recordings: Path, than: datetime) -> list[str]:
    """Return the ids of the calls that began before a moment, those included of which the store does not know.

    Raises:
        StoreError: The store cannot be read.
    """
    stored = await store.list_older(than)
    names = Recordings(recordings).call_ids()
    known = {*stored, *await store.known_calls(names)}
    return [*stored, *_list_unknown_older(recordings, names, than, known)]


def _list_unknown_older(
    recordings: Path, names: list[str], than: datetime, known: set[str]
) -> Iterator[str]:
    for name in names:
        if name not in known:
            with suppress(RecordingError):
                if describe_folder(recordings / name).started_at < than:
                    yield name


def _remove_files(recordings: Path, call: CallRow) -> _Rest:
    if not _is_ours(recordings, call):
        return _Rest([row.recording for row in call.legs if row.recording.is_file()])
    folder = CallFolder(call.folder)
    lock = _take_lock(folder)
    try:
        if folder.is_live():
            raise RecordingError(
                f"{call.id} is being recorded; `streamer stop {call.id}` ends that"
            )
        if lock is None and folder.is_transcribed():
            raise RecordingError(f"{call.id} is being transcribed; wait until that has ended")
        return _empty(folder, call)
    finally:
        if lock:
            lock.release()


def _take_lock(folder: CallFolder) -> Lock | None:
    """Keep others from transcribing the call; where its lock cannot be made, nobody else can do so either."""
    with suppress(OSError):
        return folder.take_transcriber_lock()
    return None


def _is_ours(recordings: Path, call: CallRow) -> bool:
    """Say whether the call's folder is one of ours: nothing else is ever removed, whatever the database says."""
    folder = call.folder
    return (
        is_call_id(call.id)
        and folder.name == call.id
        and folder.parent == recordings.absolute()
        and folder.is_dir()
        and not folder.is_symlink()
    )


def _empty(folder: CallFolder, call: CallRow) -> _Rest:
    """Remove what is ours in a call's folder, and the folder; a file of ours that cannot be removed leaves it a call."""
    labels = {row.leg.label for row in call.legs} | _recorded_labels(folder)
    wavs = {*_list_recordings(folder.path), *_list_stored_wavs(call)}
    inside = [path for path in wavs if folder.holds(path)]
    rest = _Rest(sorted(path for path in wavs if not folder.holds(path)))
    try:
        for path in folder.own_files(labels, inside):
            if is_regular(path):
                path.unlink()
        folder.path.rmdir()
    except OSError as error:
        rest.trouble = _say_left(folder, error)
    return rest


def _say_left(folder: CallFolder, error: OSError) -> str:
    with suppress(OSError):
        names = sorted(path.name for path in folder.path.iterdir())
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return f"{folder.path} cannot be removed ({find_cause(error)}), with {', '.join(names[:_SHOWN])}{more} in it"
    return f"{folder.path} cannot be removed ({find_cause(error)})"


def _explain(call: CallRow, rest: _Rest) -> str:
    return (
        f"{call.id} is deleted with its transcript, but {rest.trouble};"
        " look what else is in it, and remove it yourself"
    )


def _list_recordings(folder: Path) -> list[Path]:
    with suppress(RecordingError):
        return list_wavs(folder)
    return []


def _list_stored_wavs(call: CallRow) -> Iterator[Path]:
    """Yield the WAVs that the store knows and that are there, which need no `call.json` that can be read."""
    for row in call.legs:
        paths = (continued_path(row.recording, number) for number in itertools.count(1))
        yield from itertools.takewhile(is_regular, paths)


def _recorded_labels(folder: CallFolder) -> set[str]:
    """Return the labels that the recording knows, legs that joined unseen included."""
    with suppress(RecordingError):
        return {leg.leg.label for leg in read_recorded(folder.path).legs}
    return set()
