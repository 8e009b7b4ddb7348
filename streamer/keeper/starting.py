"""Find the user's keeper, or start it: one for all taps, whichever comes first."""

from __future__ import annotations

import contextlib
import fcntl
import socket
import subprocess
import sys
from pathlib import Path

from streamer.errors import KeeperError
from streamer.keeper.runtime_dir import SOCKET_NAME, make_private

_PROCESS = Path(__file__).with_name("process.py")


def reach_or_start(runtime_dir: Path) -> tuple[socket.socket, tuple[int, ...]]:
    """Return a connection, and what tells this keeper from any other that was or will be there."""
    make_private(runtime_dir)
    path = runtime_dir / SOCKET_NAME
    with (runtime_dir / "keeper.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two taps that start together share one keeper
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            return _connect(path), _identify(path)
        _start(path)
        return _connect(path), _identify(path)


def _identify(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_ctime_ns


def _connect(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.connect(str(path))
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def _start(path: Path) -> None:
    """Start the process on a listening socket made here; it forks away from this process, so this returns at once."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(128)
        started = subprocess.run(
            [sys.executable, "-I", "-S", str(_PROCESS), str(listener.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            pass_fds=(listener.fileno(),),
            start_new_session=True,
            check=False,
        )
    if started.returncode:
        raise KeeperError(
            f"the keeper cannot be started: {sys.executable} exited with {started.returncode}"
        )
