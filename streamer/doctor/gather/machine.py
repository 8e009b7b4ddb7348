"""Looks at folders, the keeper, systemd, limits and the terminal of this machine."""

from __future__ import annotations

import importlib.util
import os
import platform
import resource
import secrets
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from streamer import __version__
from streamer.config import Settings
from streamer.core.reasons import explain
from streamer.doctor.gather.processes import (
    PROC,
    Owner,
    find_socket_owner,
    find_unit,
    find_unix_inodes,
    read_kill_mode,
    read_start,
)
from streamer.doctor.machine import FolderFacts, KeeperFacts, LimitFacts, ScreenFacts, UnitFacts
from streamer.errors import KeeperError
from streamer.keeper.runtime_dir import SOCKET_NAME, list_runtime_dirs, make_private
from streamer.recording.locks import runtime_note_path
from streamer.tap.descriptors import divide

_PROBE = b"streamer doctor\n" * 256
_ENDLESS = 1 << 20


def gather_folder(recordings: Path, *, mounts: Path = PROC / "self" / "mounts") -> FolderFacts:
    """Return what can be recorded into a folder, by writing a file there that is removed at once; a folder is not made."""
    path = recordings.absolute()
    place = _find_existing(path)
    exists = place == path
    if trouble := _find_trouble(place):
        return FolderFacts(str(path), exists, trouble)
    space = os.statvfs(place)
    mode = place.stat().st_mode
    is_shared = bool(mode & (stat.S_IWGRP | stat.S_IWOTH)) and not mode & stat.S_ISVTX
    return FolderFacts(
        str(path),
        exists,
        free=space.f_bavail * space.f_frsize,
        inodes=space.f_favail if space.f_files else None,
        disk=_find_disk(place, mounts),
        is_writable_by_others=exists and is_shared,
    )


def _find_existing(path: Path) -> Path:
    """Return the folder, or the nearest above it that is there."""
    return next((each for each in (path, *path.parents) if os.path.lexists(each)), Path("/"))


def _find_trouble(place: Path) -> str:
    probe = place / f".streamer-doctor-{secrets.token_hex(8)}"
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, _PROBE)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        return explain(error)
    finally:
        with suppress(OSError):
            probe.unlink()
    return ""


def _find_disk(place: Path, mounts: Path) -> str:
    """Return the kind of file system that a folder is on; empty if that cannot be told."""
    found, longest = "", -1
    with suppress(OSError):
        real = place.resolve()
        for line in mounts.read_text(errors="replace").splitlines():
            _, point, kind, *_ = [*line.split(), "", "", ""]
            at = (
                Path(point.encode().decode("unicode_escape", "replace"))
                if "\\" in point
                else Path(point)
            )
            if real.is_relative_to(at) and len(at.parts) >= longest:
                found, longest = kind, len(at.parts)
    return found


def gather_keeper(settings: Settings) -> KeeperFacts:
    """Return how the keeper is; it is not asked, for it takes whoever connects for a tap."""
    named = Path(settings.runtime_dir) if settings.runtime_dir else None
    if named is not None and (trouble := _find_fault(named)):
        return KeeperFacts(str(named), trouble)
    folders = [named] if named else list_runtime_dirs(runtime_note_path(Path(settings.recordings)))
    running = [(folder, owner) for folder in folders if (owner := find_keeper(folder))]
    folder = running[0][0] if running else folders[0] if folders else ""
    has_stale = any(is_stale(owner.pid) for _, owner in running)
    return KeeperFacts(str(folder), is_running=bool(running), is_stale=has_stale)


def find_keeper(folder: Path) -> Owner | None:
    """Return the keeper that listens in a folder."""
    return find_socket_owner(find_unix_inodes(folder / SOCKET_NAME))


def _find_fault(folder: Path) -> str:
    was_there = folder.exists()
    try:
        make_private(folder)
    except KeeperError as error:
        return str(error)
    if not was_there:
        with suppress(OSError):
            folder.rmdir()
    return ""


def is_stale(pid: int, *, proc: Path = PROC) -> bool:
    """Say whether a keeper's file has changed, or gone, since it started."""
    with suppress(OSError, StopIteration, ValueError):
        words = (proc / str(pid) / "cmdline").read_bytes().split(b"\0")
        script = next(Path(os.fsdecode(word)) for word in words if word.endswith(b"process.py"))
        return not script.exists() or script.stat().st_mtime > read_start(pid, proc=proc)
    return False


def gather_units(settings: Settings) -> list[UnitFacts]:
    """Return the units of systemd that run this command, or the keeper."""
    processes: dict[str, int | str] = {"this command": "self"}
    for folder in list_runtime_dirs(runtime_note_path(Path(settings.recordings))):
        if owner := find_keeper(folder):
            processes["the keeper"] = owner.pid
    units = []
    for runs, pid in processes.items():
        unit, is_users = find_unit(pid)
        mode = read_kill_mode(unit, is_users=is_users) if unit else None
        if mode is not None:
            units.append(UnitFacts(unit, runs, mode))
    return units


def gather_limits() -> LimitFacts:
    """Return how many files a recording process may open: as many as the system gives."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = divide(most if most != resource.RLIM_INFINITY else _ENDLESS)
    return LimitFacts(room.descriptors, room.calls)


def gather_screen(environment: Mapping[str, str]) -> ScreenFacts:
    """Return what the screen would be shown on."""
    is_terminal = sys.stdout.isatty() and sys.stdin is not None and sys.stdin.isatty()
    columns, rows = os.get_terminal_size(sys.stdout.fileno()) if is_terminal else (0, 0)
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((f"{name}={environment[name]}" for name in names if environment.get(name)), "")
    return ScreenFacts(
        f"Python {platform.python_version()}, streamer {__version__}",
        sys.stdout.encoding or "",
        locale,
        is_terminal,
        environment.get("TERM", ""),
        columns,
        rows,
        importlib.util.find_spec("textual") is not None,
    )
