"""Which process has a socket, and which unit of systemd a process runs in, by /proc; nothing where there is none."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
SYSTEMD_S = 3.0
_LISTENS_TCP, _LISTENS_UNIX = "0A", "00010000"
_LISTENER = b"streamer.tap.inbound_process"
_SOCKET = re.compile(r"socket:\[(\d+)\]")
_UNIT = re.compile(r"[\w:@.\\-]{1,255}\.service")


@dataclass(frozen=True, slots=True)
class Owner:
    """A process; its name is what it calls itself, so it is untrusted."""

    pid: int
    name: str


def list_listening_inodes(port: int, *, proc: Path = PROC) -> set[str]:
    """Return the inodes of the sockets that listen on a port, whatever the address."""
    return {fields[9] for fields in _list_listening(port, proc=proc)}


def _list_listening(port: int, *, proc: Path) -> Iterator[list[str]]:
    for name in ("tcp", "tcp6"):
        for fields in _read_table(proc / "net" / name):
            listens = len(fields) > 9 and fields[3] == _LISTENS_TCP
            if listens and fields[1].endswith(f":{port:04X}"):
                yield fields


def find_unix_inodes(path: Path, *, proc: Path = PROC) -> set[str]:
    """Return the inodes of the sockets that listen at a path."""
    return {
        fields[6]
        for fields in _read_table(proc / "net" / "unix")
        if len(fields) > 7 and fields[3] == _LISTENS_UNIX and " ".join(fields[7:]) == str(path)
    }


def find_socket_owner(inodes: set[str], *, proc: Path = PROC) -> Owner | None:
    """Return a process that has one of these sockets; None if it is another user's, or there is none."""
    for folder in proc.glob("[0-9]*/fd") if inodes else ():
        with suppress(OSError):
            if inodes & set(_list_sockets(folder)):
                name = (folder.parent / "comm").read_text(errors="replace").strip()
                return Owner(int(folder.parent.name), name)
    return None


def describe_listener_process(port: int, owner: Owner | None, *, proc: Path = PROC) -> str:
    """Return who has started the listener of streamer that has a port, and in which unit; empty if none of streamer's has it.

    `owner` has the port. It is None for another user's process, which hides its sockets, but neither whose they are nor what it was
    started as.
    """
    users = {int(fields[7]) for fields in _list_listening(port, proc=proc)}
    for folder in [proc / str(owner.pid)] if owner else proc.glob("[0-9]*"):
        with suppress(OSError):
            is_listener = _LISTENER in (folder / "cmdline").read_bytes().split(b"\0")
            if is_listener and (user := folder.stat().st_uid) in users:
                unit, _ = find_unit(folder.name, proc=proc)
                return f"user {_name_user(user)}{f' ({unit})' if unit else ''}"
    return ""


def _name_user(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _list_sockets(folder: Path) -> Iterator[str]:
    for entry in folder.iterdir():
        with suppress(OSError):
            if found := _SOCKET.fullmatch(str(entry.readlink())):
                yield found[1]


def _read_table(path: Path) -> Iterator[list[str]]:
    with suppress(OSError, ValueError):
        for line in path.read_text(errors="replace").splitlines()[1:]:
            yield line.split()


def read_start(pid: int, *, proc: Path = PROC) -> float:
    """Return when a process started, as seconds since 1970.

    Raises:
        OSError: It is gone.
        ValueError: The system says it in another way.
    """
    ticks = int(
        (proc / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    )
    booted = re.search(r"^btime (\d+)$", (proc / "stat").read_text(), re.MULTILINE)
    if booted is None:
        raise ValueError("it does not say when it was booted")
    return int(booted[1]) + ticks / os.sysconf("SC_CLK_TCK")


def find_unit(pid: int | str, *, proc: Path = PROC) -> tuple[str, bool]:
    """Return the service of systemd that a process runs in, and whether it is one of the user's own; empty if it runs in none."""
    with suppress(OSError):
        for line in (proc / str(pid) / "cgroup").read_text(errors="replace").splitlines():
            parts = line.rpartition(":")[2].split("/")
            if parts[-1].endswith(".service") and _UNIT.fullmatch(parts[-1]):
                return parts[-1], any(part.startswith("user@") for part in parts[:-1])
    return "", False


def read_kill_mode(unit: str, *, is_users: bool) -> str | None:
    """Return how systemd ends a unit, empty if it does not say; None where there is no systemd."""
    tool = shutil.which("systemctl")
    if tool is None:
        return None
    whose = ["--user"] if is_users else []
    with suppress(OSError, subprocess.SubprocessError):
        asked = [tool, *whose, "show", "--property=KillMode", "--", unit]
        ran = subprocess.run(
            asked,
            capture_output=True,
            text=True,
            timeout=SYSTEMD_S,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        return ran.stdout.strip().removeprefix("KillMode=")
    return ""
