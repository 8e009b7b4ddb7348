"""Who listens at an address: locks beside the recordings, so that several listeners and several `serve` find each other.

.locks/HASH          held by the listener at an address; its note is the listener's version
.locks/HASH.stop     asks that listener to take no more calls and to end
.locks/HASH.front    held by the `serve` whose leaving ends the listening
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from streamer import __version__
from streamer.core.reasons import explain
from streamer.errors import RecordingError, UnreachableError
from streamer.recording.locks import (
    Lock,
    channel_lock_path,
    is_locked,
    make_lock_folder,
    read_note,
    take_lock,
)


class AddressTakenError(UnreachableError):
    """Another listener of the same recordings has the address."""

    def __init__(self, source: str, address: str) -> None:
        super().__init__(f"another listener already uses {address}")
        self.source = source
        self.address = address


class Place:
    """The lock of an address, with the file beside it that ends its holder."""

    def __init__(self, recordings: Path, source: str, address: str) -> None:
        path = _lock_path(recordings, source, address)
        self.stop_path = path.with_suffix(".stop")
        try:
            make_lock_folder(recordings)
            self.stop_path.unlink(missing_ok=True)
            lock = take_lock(path)
        except OSError as error:
            raise RecordingError(f"cannot record in {recordings}: {explain(error)}") from error
        if lock is None:
            raise AddressTakenError(source, address)
        with suppress(OSError):  # a full disk
            lock.note(__version__)
        self._lock: Lock | None = lock

    def close(self) -> None:
        """Let go of the address; idempotent."""
        if self._lock is not None:
            self.stop_path.unlink(missing_ok=True)
            self._lock.release()
            self._lock = None


def _lock_path(recordings: Path, source: str, address: str) -> Path:
    return channel_lock_path(recordings, url=f"{source}://{address}", channel="")


def is_listening(recordings: Path, source: str, address: str) -> bool:
    """Say whether a listener of these recordings is at an address, a host and port as it says them itself."""
    return is_locked(_lock_path(recordings, source, address))


def find_other_version(recordings: Path, source: str, address: str) -> str:
    """Return the version of the listener at an address if it is not ours; empty if it is, or is not known."""
    version = read_note(_lock_path(recordings, source, address))
    return "" if version == __version__ else version


def leader_lock_path(recordings: Path, source: str, address: str) -> Path:
    """Name the lock of the `serve` that leads a listener."""
    return _lock_path(recordings, source, address).with_suffix(".front")


def stop_listener(recordings: Path, source: str, address: str) -> None:
    """Ask the listener at an address to end; its calls go on to their ends."""
    _lock_path(recordings, source, address).with_suffix(".stop").touch(mode=0o600)
