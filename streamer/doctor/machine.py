"""What of this machine keeps streamer from its work: folders, keeper, systemd, limits, terminal; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streamer.doctor.findings import Finding, fault, ok, split_advice, warn

MB, GB = 1_000_000, 1_000_000_000
LEAST_SPACE, LITTLE_SPACE = 200 * MB, 5 * GB
LEAST_INODES, LITTLE_INODES = 100, 10_000
CALL_BYTES_A_SECOND = 2 * 32_000
"""Two legs of 16 kHz."""

LEAST_CALLS = 100
"""Calls at once for which the descriptors should do."""

NETWORK_DISKS = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "afs"})
MEMORY_DISKS = frozenset({"tmpfs", "ramfs"})
FOREIGN_DISKS = frozenset({"vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk", "hfsplus"})


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """The folder of recordings; `trouble` is why nothing can be written, None of a number is not known."""

    path: str
    exists: bool = True
    trouble: str = ""
    free: int | None = None
    inodes: int | None = None
    """Free ones; None also where the disk makes them as they are needed."""
    disk: str = ""
    """The kind of file system."""
    is_writable_by_others: bool = False


@dataclass(frozen=True, slots=True)
class KeeperFacts:
    """The keeper and its folder; `is_running` is None if there is no folder to look in."""

    folder: str = ""
    trouble: str = ""
    is_running: bool | None = None
    is_stale: bool = False
    """It runs code that has been replaced or removed since it started."""


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """A systemd unit that runs something of ours; `kill_mode` is empty if systemd does not say."""

    name: str
    runs: str
    kill_mode: str = ""


@dataclass(frozen=True, slots=True)
class LimitFacts:
    """Descriptors that a process of ours may have at most, and the calls for which they do."""

    descriptors: int
    calls: int


@dataclass(frozen=True, slots=True)
class ScreenFacts:
    """What the screen is shown on; `encoding` is that of stdout."""

    python: str
    encoding: str
    locale: str
    is_terminal: bool
    term: str = ""
    columns: int = 0
    rows: int = 0
    has_screen: bool = True
    """The package of the screen is installed."""


def judge_folder(folder: FolderFacts) -> Iterator[Finding]:
    """Yield what is right and wrong with the folder of recordings."""
    if folder.trouble:
        message, remedy = split_advice(folder.trouble)
        yield fault(
            "recordings",
            f"nothing can be recorded in {folder.path}: {message}",
            remedy or "name another folder with --recordings",
        )
        return
    found = [*_judge_space(folder), *_judge_disk(folder)]
    if folder.is_writable_by_others:
        message = f"other users can put files into {folder.path}, or take them away"
        found.append(warn("recordings", message, f"chmod 700 {folder.path}"))
    yield from found or [ok("recordings", _say_room(folder))]


def _say_room(folder: FolderFacts) -> str:
    what = folder.path if folder.exists else f"{folder.path} will be made"
    if folder.free is None:
        return f"{what}; it can be written"
    hours = folder.free / CALL_BYTES_A_SECOND / 3600
    return f"{what}: {folder.free / GB:.0f} GB free, room for {hours:,.0f} hours of calls"


def _judge_space(folder: FolderFacts) -> Iterator[Finding]:
    remedy = (
        "free some space, set retention_days, or name a folder on another disk with --recordings"
    )
    if folder.free is not None and folder.free < LITTLE_SPACE:
        hours = folder.free / CALL_BYTES_A_SECOND / 3600
        message = f"the disk of {folder.path} has {folder.free / MB:,.0f} MB free, room for {hours:,.1f} hours of calls"
        make = fault if folder.free < LEAST_SPACE else warn
        yield make("recordings", message, remedy)
    if folder.inodes is not None and folder.inodes < LITTLE_INODES:
        message = f"the disk of {folder.path} takes only {folder.inodes:,} more files (inodes); a call has about ten"
        make = fault if folder.inodes < LEAST_INODES else warn
        yield make(
            "recordings",
            message,
            "delete many small files there (`df -i` shows how many it takes), or name a folder on another disk",
        )


def _judge_disk(folder: FolderFacts) -> Iterator[Finding]:
    kind = folder.disk
    if kind in NETWORK_DISKS or (kind.startswith("fuse.") and "ssh" in kind):
        yield warn(
            "recordings",
            f"{folder.path} is on a network disk ({kind}): recording stops when the network does, and locks may not hold",
            "record to a disk of this machine, and copy from there with `streamer backup`",
        )
    elif kind in MEMORY_DISKS:
        yield warn(
            "recordings",
            f"{folder.path} is in memory ({kind}) and gone after a restart",
            "name a folder on a disk with --recordings",
        )
    elif kind in FOREIGN_DISKS:
        yield warn(
            "recordings",
            f"{folder.path} is on {kind}, which keeps no permissions, so other users may read the recordings",
            "name a folder on ext4, xfs, btrfs or zfs with --recordings",
        )


def judge_keeper(facts: KeeperFacts) -> Iterator[Finding]:
    """Yield what is right and wrong with the keeper and its folder."""
    if facts.trouble:
        message, remedy = split_advice(facts.trouble)
        yield fault(
            "runtime folder", message, remedy or "name a folder of your own with runtime_dir"
        )
        return
    yield ok("runtime folder", f"{facts.folder} is private" if facts.folder else "it will be made")
    if facts.is_stale:
        yield warn(
            "keeper",
            "the keeper that runs is of a version that has been replaced since; it goes on to protect its calls",
            "nothing now: it ends with its last call, and the next call starts the new one; never kill it while calls live",
        )
    elif facts.is_running:
        yield ok("keeper", "it runs")
    else:
        yield ok("keeper", "none runs; the first call starts it")


def judge_units(units: Sequence[UnitFacts]) -> Iterator[Finding]:
    """Yield what is right and wrong with the systemd units that run us."""
    if not units:
        yield ok("systemd", "nothing of streamer runs in a unit of systemd")
    for unit in units:
        if not unit.kill_mode:
            yield warn(
                "systemd",
                f"{unit.runs} runs in {unit.name}, of which systemd does not say its KillMode",
                f"`systemctl show -p KillMode {unit.name}` must say process",
            )
        elif unit.kill_mode not in ("process", "none"):
            yield fault(
                "systemd",
                f"{unit.name}, in which {unit.runs} runs, has KillMode={unit.kill_mode}: stopping it kills the keeper, and calls freeze",
                f"`systemctl edit {unit.name}`, and write KillMode=process below [Service]",
            )
        else:
            yield ok(
                "systemd", f"{unit.name}, in which {unit.runs} runs, has KillMode={unit.kill_mode}"
            )


def judge_limits(limits: LimitFacts) -> Iterator[Finding]:
    """Yield whether enough files may be open."""
    calls = "1 call" if limits.calls == 1 else f"{limits.calls:,} calls"
    said = f"{limits.descriptors:,} files may be open at once, enough for {calls}"
    if limits.calls < LEAST_CALLS:
        remedy = "raise it: LimitNOFILE=65536 in the systemd unit, or `ulimit -Hn 65536` before the start"
        yield warn("open files", said, remedy)
    else:
        yield ok("open files", said)


def judge_screen(facts: ScreenFacts) -> Iterator[Finding]:
    """Yield what of Python, locale and terminal breaks the screen."""
    yield ok("python", facts.python)
    if facts.encoding.lower().replace("-", "") not in ("utf8", ""):
        yield warn(
            "locale",
            f"text is {facts.encoding} here ({facts.locale or 'LANG is not set'}), so letters beyond ASCII are lost",
            "export LANG=C.UTF-8",
        )
    else:
        yield ok("locale", facts.encoding or "not known")
    yield _judge_terminal(facts)


_LEAST_SIZE = (60, 15)


def _judge_terminal(facts: ScreenFacts) -> Finding:
    if not facts.has_screen:
        return warn(
            "terminal",
            "the screen is not installed, so lines are printed",
            "install streamer again with all its dependencies",
        )
    if not facts.is_terminal:
        return ok("terminal", "the output is no terminal, so it was not looked at")
    if facts.term in ("", "dumb"):
        return warn(
            "terminal",
            f"TERM is {facts.term or 'not set'}, so lines are printed instead of the screen",
            "export TERM=xterm-256color, or what your terminal is",
        )
    if facts.columns < _LEAST_SIZE[0] or facts.rows < _LEAST_SIZE[1]:
        return warn(
            "terminal",
            f"it has {facts.columns} columns and {facts.rows} rows, in which the screen has no room",
            f"make it at least {_LEAST_SIZE[0]} by {_LEAST_SIZE[1]}",
        )
    return ok("terminal", f"{facts.term}, {facts.columns} by {facts.rows}")
