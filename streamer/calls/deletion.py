"""Taking calls out: their files, their rows and every trace of their words."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamer.calls.catalog import describe_folder, find_entry
from streamer.config import Settings
from streamer.errors import NotFoundError, RecordingError, StoreError
from streamer.recording.folder import CallFolder, is_call_id
from streamer.recording.index import Recordings
from streamer.recording.reader import list_wavs, read_recorded
from streamer.store import CallRow, Store, open_store

_DAY_S = 86_400.0
_log = logging.getLogger(__name__)


async def delete_call(store: Store, recordings: Path, call: CallRow) -> list[Path]:
    """Delete a call for good; return its recordings outside `recordings`, which are left.

    When it raises half-way, the call is still listed, and deleting it again finishes the work.

    Raises:
        RecordingError: It is being recorded or transcribed, or its files cannot be removed.
        StoreError: See `Store.delete_calls`.
    """
    outside = await asyncio.to_thread(_remove_files, recordings, call)
    await store.delete_calls([call.id])
    return outside


async def delete_older(store: Store, recordings: Path, than: datetime) -> None:
    """Delete the calls that began before a moment; one that cannot be is left, and logged.

    Raises:
        StoreError: See `Store.delete_calls`.
    """
    stored = await store.list_older(than)
    removed = []
    for call_id in [*stored, *_list_unknown_older(recordings, than, set(stored))]:
        try:
            call = (await find_entry(store, recordings, call_id)).call
            await asyncio.to_thread(_remove_files, recordings, call)
        except (RecordingError, NotFoundError, OSError) as error:
            _log.warning("call %s is older than wanted and cannot be deleted: %s", call_id, error)
        else:
            removed.append(call_id)
    await store.delete_calls(removed)  # none: finishes a deletion that was interrupted
    if removed:
        _log.info("deleted calls that were older than wanted: %s", ", ".join(removed))


def _list_unknown_older(recordings: Path, than: datetime, known: set[str]) -> Iterator[str]:
    for name in Recordings(recordings).call_ids():
        if name not in known:
            with suppress(RecordingError):
                if describe_folder(recordings / name).started_at < than:
                    yield name


def _remove_files(recordings: Path, call: CallRow) -> list[Path]:
    if not _is_ours(recordings, call):
        return [row.recording for row in call.legs if row.recording.is_file()]
    folder = CallFolder(call.folder)
    try:
        lock = folder.take_transcriber_lock()
    except OSError as error:
        raise RecordingError(f"{folder.path} cannot be removed: {error.strerror}") from error
    try:
        if folder.is_live():
            raise RecordingError(
                f"{call.id} is being recorded; `streamer stop {call.id}` ends that"
            )
        if lock is None:
            raise RecordingError(f"{call.id} is being transcribed; wait until that has ended")
        wavs = _list_recordings(folder.path)
        _empty(folder, call, [path for path in wavs if path.parent == folder.path])
        return [path for path in wavs if path.parent != folder.path]
    finally:
        if lock:
            lock.release()


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


def _list_recordings(folder: Path) -> list[Path]:
    with suppress(RecordingError):
        return list_wavs(folder)
    return []


def _empty(folder: CallFolder, call: CallRow, wavs: list[Path]) -> None:
    """Remove what is ours in a call's folder, and the folder."""
    labels = {row.leg.label for row in call.legs} | _recorded_labels(folder)
    try:
        for path in folder.own_files(labels, wavs):
            path.unlink(missing_ok=True)
        folder.path.rmdir()
    except OSError as error:
        raise RecordingError(
            f"{folder.path} cannot be removed ({error.strerror}); look what else is in it"
        ) from error


def _recorded_labels(folder: CallFolder) -> set[str]:
    """Return the labels that the recording knows, legs that joined unseen included."""
    with suppress(RecordingError):
        return {leg.leg.label for leg in read_recorded(folder.path).legs}
    return set()


@asynccontextmanager
async def expire_calls(settings: Settings) -> AsyncIterator[None]:
    """Delete calls that are older than wanted, now and daily, while the block lasts."""
    expiring = asyncio.ensure_future(_expire_daily(settings))
    try:
        yield
    finally:
        expiring.cancel()
        await asyncio.gather(expiring, return_exceptions=True)


async def _expire_daily(settings: Settings) -> None:
    while settings.retention_days:
        oldest = datetime.now(UTC) - timedelta(days=settings.retention_days)
        try:
            # A store of its own, so that no final waits behind a deletion.
            async with open_store(settings) as store:
                await delete_older(store, Path(settings.recordings), oldest)
        except StoreError as error:
            _log.warning("calls that are older than wanted were not all deleted: %s", error)
        await asyncio.sleep(_DAY_S)
