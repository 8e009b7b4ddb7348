"""Taking calls out: their files, their rows and every trace of their words."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from streamer.catalog import describe_folder, folder_names
from streamer.errors import RecordingError
from streamer.locks import take_lock
from streamer.recording import is_live, list_wavs
from streamer.store import CallRow, Store

_OURS = ("*.wav", "*.partial.json", "call.json", "names.json", "*.new", "stop", "tap.log", "*.lock")
_log = logging.getLogger(__name__)


async def delete_call(store: Store, call: CallRow) -> list[Path]:
    """Delete a call for good; return its recordings outside its folder, which are left.

    When it raises half-way, the call is still listed, and deleting it again finishes the work.

    Raises:
        RecordingError: It is being recorded or transcribed, or its files cannot be removed.
        StoreError: See `Store.delete_calls`.
    """
    outside = await asyncio.to_thread(_remove_files, call)
    await store.delete_calls([call.id])
    return outside


async def delete_older(store: Store, recordings: Path, than: datetime) -> None:
    """Delete the calls that began before a moment; one that cannot be is left, and logged.

    Raises:
        StoreError: See `Store.delete_calls`.
    """
    stored = await store.list_older(than)
    removed = []
    for call_id in dict.fromkeys([*stored, *_list_unknown_older(recordings, than, stored)]):
        try:
            known = await store.known_calls([call_id])
            call = (
                await store.read_call(call_id) if known else describe_folder(recordings / call_id)
            )
            await asyncio.to_thread(_remove_files, call)
        except RecordingError as error:
            _log.warning("call %s is older than wanted and cannot be deleted: %s", call_id, error)
        else:
            removed.append(call_id)
    await store.delete_calls(removed)  # none: finishes a deletion that was interrupted
    if removed:
        _log.info("deleted calls that were older than wanted: %s", ", ".join(removed))


def _list_unknown_older(recordings: Path, than: datetime, known: list[str]) -> Iterator[str]:
    for name in folder_names(recordings):
        if name not in known:
            with suppress(RecordingError):
                if describe_folder(recordings / name).started_at < than:
                    yield name


def _remove_files(call: CallRow) -> list[Path]:
    folder = call.folder
    if folder.name != call.id or not folder.is_dir():
        return [row.recording for row in call.legs if row.recording.is_file()]
    try:
        lock = take_lock(folder / "transcriber.lock")
    except OSError as error:
        raise RecordingError(f"{folder} cannot be removed: {error.strerror}") from error
    try:
        if lock is None or is_live(folder):
            doing = "transcribed" if lock is None and not is_live(folder) else "recorded"
            raise RecordingError(
                f"{call.id} is being {doing}; `streamer stop {call.id}` ends a recording"
            )
        outside = [path for path in _list_recordings(call) if path.parent != folder]
        _empty(folder)
        return outside
    finally:
        if lock:
            lock.release()


def _list_recordings(call: CallRow) -> list[Path]:
    with suppress(RecordingError):
        return list_wavs(call.folder)
    return []


def _empty(folder: Path) -> None:
    """Remove what is ours in a call's folder, `call.json` last, so that a half-removed call can be found again."""
    try:
        ours = {path for pattern in _OURS for path in folder.glob(pattern)}
        for path in sorted(ours, key=lambda path: path.name == "call.json"):
            path.unlink(missing_ok=True)
        folder.rmdir()
    except OSError as error:
        raise RecordingError(
            f"{folder} cannot be removed ({error.strerror}); look what else is in it"
        ) from error
