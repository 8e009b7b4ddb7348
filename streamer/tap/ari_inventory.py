"""What a tap has inside the PBX, kept in its call's folder, and what a crash has left there.

An id is noted before it is asked for. The next tap through ARI deletes what stands in the folders of calls of which nobody is the tap any
more; what a tap that lives, or another machine, has made is never touched.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamer.ari.applications import forget_application
from streamer.ari.client import Ari
from streamer.errors import RecordingError, UnreachableError
from streamer.recording.folder import CallFolder
from streamer.recording.index import Recordings
from streamer.recording.locks import (
    LOOSE,
    is_locked,
    list_loose_inventories,
    loose_inventory_path,
    make_lock_folder,
    take_lock,
)
from streamer.recording.private_files import read_json, replace_json
from streamer.wire.ari.answers import read_channels
from streamer.wire.ari.ids import is_own_application, is_own_id, is_shared_id
from streamer.wire.ari.requests import end_bridge, end_channel, list_channels

_GONE = 404
_LOOSE = ".json"
_MOST_LEFT = 10_000
"""Ids in one file; more is nobody's making."""

_log = logging.getLogger(__name__)


class FileInventory:
    """Objects in a file; see `sources.ari.leg_tap.Inventory`."""

    def __init__(self, path: Path, *, url: str, application: str) -> None:
        self._path = path
        self._url = url
        self._application = application
        self._channels: dict[str, None] = {}
        self._bridges: dict[str, None] = {}
        self._is_open = False
        self._writing = asyncio.Lock()

    async def begin(self) -> None:
        """Note that our application is about to be there."""
        self._is_open = True
        await self._write()

    async def end(self) -> None:
        """Note that it is forgotten; the file goes, unless something else stands in it."""
        self._is_open = False
        await self._write()

    async def add(self, *, channels: Sequence[str] = (), bridges: Sequence[str] = ()) -> None:
        """Note what is about to be made; on a disk that does not take it, it is made nevertheless."""
        self._channels.update(dict.fromkeys(channels))
        self._bridges.update(dict.fromkeys(bridges))
        await self._write()

    async def remove(self, ids: Sequence[str]) -> None:
        """Note what is gone; the file goes with the last of them, and with our application."""
        for identity in ids:
            self._channels.pop(identity, None)
            self._bridges.pop(identity, None)
        await self._write()

    async def _write(self) -> None:
        async with self._writing:
            noted = {
                "url": self._url,
                "application": self._application,
                "channels": list(self._channels),
                "bridges": list(self._bridges),
            }
            is_empty = not (self._is_open or self._channels or self._bridges)
            try:
                if is_empty:
                    await asyncio.to_thread(self._path.unlink, missing_ok=True)
                else:
                    await asyncio.to_thread(replace_json, self._path, noted)
            except OSError as error:
                _log.warning("what is made in the PBX cannot be noted: %s", error)


class FolderInventory(FileInventory):
    """The objects of one call, in its folder."""

    def __init__(self, folder: Path, *, url: str, application: str) -> None:
        super().__init__(CallFolder(folder).ari, url=url, application=application)


@contextmanager
def open_loose_inventory(
    recordings: Path, *, url: str, application: str
) -> Iterator[FileInventory]:
    """Open the inventory of taps without a recording, which are ours for as long as this process lives.

    Raises:
        OSError: The folder of recordings cannot be written.
    """
    make_lock_folder(recordings)
    path = loose_inventory_path(recordings, application)
    lock = take_lock(path)
    try:
        yield FileInventory(path.with_suffix(_LOOSE), url=url, application=application)
    finally:
        if lock is not None:
            lock.remove(path)


@dataclass(frozen=True, slots=True)
class _Left:
    """What a tap has left, and in which file that stands."""

    path: Path
    application: str
    channels: tuple[str, ...]
    bridges: tuple[str, ...]

    @property
    def is_loose(self) -> bool:
        """Whether it is of no call, and has a lock of its own beside it."""
        return self.path.suffix == _LOOSE and self.path.name.startswith(LOOSE)


async def delete_left(ari: Ari, recordings: Path) -> None:
    """Delete in this PBX what taps that have crashed have left there; what cannot be deleted now is left to the next one."""
    for left in await asyncio.to_thread(lambda: list(_find_left(recordings, ari.url))):
        try:
            taken = await _find_taken_over(ari, left)
            channels = (one for one in left.channels if one not in taken)
            requests = [*map(end_channel, channels), *map(end_bridge, left.bridges)]
            answers = [await ari.ask(request) for request in requests]
            if is_own_application(left.application):
                await forget_application(ari, left.application)
        except UnreachableError as error:
            _log.warning("what an earlier recording has left in the PBX stays for now: %s", error)
            return
        if all(answer.is_ok or answer.status == _GONE for answer in answers):
            with suppress(OSError):
                await asyncio.to_thread(left.path.unlink, missing_ok=True)
                if left.is_loose:
                    await asyncio.to_thread(left.path.with_suffix("").unlink, missing_ok=True)


async def _find_taken_over(ari: Ari, left: _Left) -> frozenset[str]:
    """Return the ids under which another application has something by now: those of snoops are the same on every node."""
    if not any(map(is_shared_id, left.channels)):
        return frozenset()
    listed = read_channels(await ari.ask_for_list(list_channels()))
    return frozenset(
        one.id
        for one in listed
        if one.application == "Stasis" and one.arguments.split(",")[0] != left.application
    )


def _find_left(recordings: Path, url: str) -> Iterator[_Left]:
    place = Recordings(recordings)
    with suppress(RecordingError):
        for call_id in place.call_ids():
            path = place[call_id].ari
            # Asked in this order: a tap has its lock before it notes anything.
            if path.exists() and not place[call_id].is_live():
                yield from _read_left(path, url)
    for path in list_loose_inventories(recordings, _LOOSE):
        if not is_locked(path.with_suffix("")):
            yield from _read_left(path, url)


def _read_left(path: Path, url: str) -> Iterator[_Left]:
    with suppress(OSError, ValueError):
        noted = read_json(path)
        if isinstance(noted, dict) and noted.get("url") == url:
            application = str(noted.get("application"))
            yield _Left(path, application, _own(noted, "channels"), _own(noted, "bridges"))


def _own(noted: dict[str, Any], name: str) -> tuple[str, ...]:
    ids = noted.get(name)
    listed = ids[:_MOST_LEFT] if isinstance(ids, list) else []
    return tuple(one for one in listed if isinstance(one, str) and is_own_id(one))
