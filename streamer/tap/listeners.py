"""Listeners of one user, whatever folder they record into: each notes itself in the runtime folder, under a lock.

RUNTIME/listener-HASH        held by the listener at an address; its note says where that is and where its calls go
RUNTIME/listener-HASH.stop   asks that listener to take no more calls and to end

A listener outlives its `serve`, so one that holds a port may be of a `serve` of last week, with a folder that nobody remembers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from pathlib import Path

from streamer.core.addresses import parse_address
from streamer.errors import KeeperError, UsageError
from streamer.keeper.runtime_dir import default_runtime_dir, list_runtime_dirs, make_private
from streamer.recording.locks import (
    Lock,
    is_locked,
    is_there,
    read_note,
    runtime_note_path,
    take_lock,
)
from streamer.sources.tcp import resolve_address
from streamer.tap.addresses import leader_lock_path

_PREFIX, _STOP = "listener-", ".stop"


@dataclass(frozen=True, slots=True)
class ListenerNote:
    """What a listener says of itself; `registration` is where calls are registered with it, addresses with blanks between them."""

    source: str
    address: str
    recordings: str
    registration: str = ""

    def has(self, address: str) -> bool:
        """Say whether another cannot listen at an address because of this one."""
        return any(_conflict(own, address) for own in (self.address, *self.registration.split()))

    def is_led(self) -> bool:
        """Say whether a `serve` is there that would start another listener."""
        return is_locked(leader_lock_path(Path(self.recordings), self.source, self.address))


class HeldNote:
    """A listener's own note, there for as long as it listens."""

    def __init__(self, lock: Lock, stop_path: Path) -> None:
        self._lock = lock
        self._stop_path = stop_path

    def is_stop_requested(self) -> bool:
        """Say whether another process has asked the listener to end."""
        return is_there(self._stop_path)

    def close(self) -> None:
        """Take the note back; idempotent."""
        with suppress(OSError):
            self._stop_path.unlink(missing_ok=True)
        self._lock.release()


@dataclass(frozen=True, slots=True)
class OtherListener:
    """A listener of any process of this user."""

    note: ListenerNote
    path: Path

    def request_stop(self) -> None:
        """Ask it to take no more calls and to end; its calls go on to their ends.

        Raises:
            OSError: The runtime folder takes no file.
        """
        self.path.with_suffix(_STOP).touch(mode=0o600)

    def is_listening(self) -> bool:
        """Say whether it still takes calls."""
        return is_locked(self.path)


def note_listener(note: ListenerNote, *, runtime_dir: Path | None) -> HeldNote | None:
    """Note a listener until it is closed; None where there is no folder for it, which costs no call."""
    note_path = runtime_note_path(Path(note.recordings))
    with suppress(OSError, KeeperError):
        directory = runtime_dir or default_runtime_dir(note_path)
        make_private(directory)
        name = hashlib.sha256(note.address.encode()).hexdigest()[:32]
        path = directory / f"{_PREFIX}{name}"
        path.with_suffix(_STOP).unlink(missing_ok=True)
        if lock := take_lock(path):
            lock.note(json.dumps(asdict(note)))
            return HeldNote(lock, path.with_suffix(_STOP))
    return None


def find_listener(
    host: str, port: int, *, recordings: Path, runtime_dir: Path | None
) -> OtherListener | None:
    """Return the listener because of which nobody else can listen on a host and port, None if there is none that this user has.

    `recordings` names a folder whose note may say where the runtime folder is.
    """
    with suppress(OSError, UnicodeError):  # else it cannot be in use
        address = resolve_address(host, port)
        others = [
            other
            for other in _list_listeners(_list_folders(recordings, runtime_dir))
            if other.note.has(address)
        ]
        return min(others, key=lambda other: other.note.address != address, default=None)
    return None


def describe_listener(note: ListenerNote) -> str:
    """Say whose a listener is that is in the way, and what to do about it."""
    where = f"another listener of streamer has {note.address}"
    goes = f"its calls go into {note.recordings}"
    if note.is_led():
        return f"{where}, that of a `serve` that runs; {goes}; leave that `serve` with q or Ctrl-C, or choose another port"
    return (
        f"{where}, left over from a `serve` that has ended; {goes}; end it with `streamer stop --listener {note.address}`,"
        " or choose another port"
    )


def _list_folders(recordings: Path, runtime_dir: Path | None) -> list[Path]:
    return [runtime_dir] if runtime_dir else list_runtime_dirs(runtime_note_path(recordings))


def _list_listeners(folders: Iterable[Path]) -> Iterator[OtherListener]:
    for folder in folders:
        for path in sorted(folder.glob(f"{_PREFIX}*")):
            if path.suffix != _STOP and is_locked(path) and (note := _read(path)):
                yield OtherListener(note, path)


def _read(path: Path) -> ListenerNote | None:
    with suppress(OSError, ValueError, TypeError):
        note = ListenerNote(**json.loads(read_note(path)))
        if all(isinstance(value, str) for value in asdict(note).values()):
            return note
    return None


def _conflict(one: str, other: str) -> bool:
    """Say whether two addresses cannot be listened at by two: the ports are equal, and one host is all of this machine's or the same."""
    try:
        (host, port), (other_host, other_port) = (
            parse_address(address, flag="") for address in (one, other)
        )
    except UsageError:
        return False
    hosts = {host, other_host}
    return port == other_port and (len(hosts) == 1 or any(map(_is_any, hosts)))


def _is_any(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
