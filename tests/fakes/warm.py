"""`streamer` processes that need not import what they run: each is forked by one process that has imported it all.

An interpreter takes a third of a second of a processor to import the command line, the suite starts hundreds. What is forked is a child of
the test like any other: it has its own pid, descriptors, environment, folder and session, and ends as an interpreter does. Whatever
an interpreter reads as it starts, such as the locale, needs a fresh one, see `is_apt`; what a command imports is tried with fresh ones too.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import importlib
import io
import json
import locale
import os
import pkgutil
import platform
import signal
import socket
import subprocess
import sys
import threading
from asyncio.unix_events import _UnixSubprocessTransport  # type: ignore[attr-defined]
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from streamer.cli import build_commands, main
from streamer.core.telemetry import forbid_telemetry

_CLONE = {"x86_64": 56, "aarch64": 220}.get(platform.machine())
_CLONE_PARENT = 0x8000
_LONGEST = 1 << 17
_LIMIT = 1 << 16
"""Of a line that is read, as asyncio has it."""

_IMPORTED = ("aiohttp", "aiosqlite", "textual_serve.server")
_LEFT_OUT = ("streamer.speech", "streamer.calls.sound", "streamer.doctor", "tui.web.tab")
"""What brings threads or libraries that a command may never load."""

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""What has threads cannot be forked; numpy starts some for its algebra."""

_STARTING = threading.Lock()

_READ_AT_START = ("PYTHON", "LC_", "LANG", "TEXTUAL", "TERM_PROGRAM")


def is_apt(options: Mapping[str, Any]) -> bool:
    """Say whether a process with such options can be forked."""
    known = {"stdin", "stdout", "stderr", "env", "cwd", "start_new_session"}
    return _CLONE is not None and set(options) <= known and _seen(options.get("env")) == _seen(None)


def _seen(environment: Mapping[str, str] | None) -> dict[str, str]:
    names = dict(os.environ if environment is None else environment)
    if locale.getpreferredencoding(False).upper() == "UTF-8":
        names.pop("PYTHONUTF8", None)
    return {name: value for name, value in names.items() if name.startswith(_READ_AT_START)}


async def start_warm(arguments: Sequence[str], **options: Any) -> asyncio.subprocess.Process:
    """Do what `asyncio.create_subprocess_exec` does for `python -m streamer ARGUMENTS`."""
    await asyncio.to_thread(
        _nursery().wait
    )  # seconds at first, in which the test's own peers go on
    loop = asyncio.get_running_loop()
    protocol = asyncio.subprocess.SubprocessStreamProtocol(limit=_LIMIT, loop=loop)
    waiter = loop.create_future()
    transport = _Transport(
        loop, protocol, arguments, False, bufsize=0, waiter=waiter, **_STREAMS | options
    )
    await waiter
    return asyncio.subprocess.Process(transport, protocol, loop)


_STREAMS = {"stdin": None, "stdout": None, "stderr": None}


class _Transport(_UnixSubprocessTransport):  # type: ignore[misc]
    """Watches a process by its descriptor, instead of with a thread."""

    def _start(self, args, shell, stdin, stdout, stderr, bufsize, **kwargs):
        self._proc = Forked(args, stdin=stdin, stdout=stdout, stderr=stderr, bufsize=0, **kwargs)
        self._descriptor = os.pidfd_open(self._proc.pid)
        self._loop.add_reader(self._descriptor, self._end)

    def _end(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._process_exited(self._proc.wait())


class Forked(subprocess.Popen[bytes]):
    """A `subprocess.Popen` of `streamer ARGUMENTS` that the nursery forks."""

    def __init__(self, *args: Any, start_new_session: bool = False, **options: Any) -> None:
        self._leads_session = start_new_session
        super().__init__(*args, **options)

    def _execute_child(self, args: list[str], *rest: Any) -> None:
        cwd, env, pipes = rest[4], rest[5], rest[9:15]
        given = [pipes[0], pipes[3], pipes[5]]
        asked = {
            "arguments": args,
            "environment": dict(os.environ if env is None else env),
            "cwd": os.fspath(cwd or "."),
            "leads_session": self._leads_session,
        }
        try:
            own = [number if fd == -1 else fd for number, fd in enumerate(given)]
            self.pid = _nursery().fork(asked, own)
            self._child_created = True
        finally:
            self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


def _nursery() -> _Nursery:
    with _STARTING:
        return _start_nursery()


@cache
def _start_nursery() -> _Nursery:
    return _Nursery()


class _Nursery:
    """The process that forks, which lasts as long as this one."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._is_ready = False
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=os.environ | _ONE_THREAD,
            )

    def wait(self) -> None:
        """Wait until it has imported everything."""
        with self._turn:
            if not self._is_ready:
                self._is_ready = bool(self._socket.recv(_LONGEST))

    def fork(self, asked: dict[str, Any], descriptors: list[int]) -> int:
        """Return the pid of a process that does what is asked, with three descriptors."""
        folder = os.open(asked["cwd"], os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.wait()
            with self._turn:
                socket.send_fds(self._socket, [json.dumps(asked).encode()], [*descriptors, folder])
                return int(self._socket.recv(_LONGEST))
        finally:
            os.close(folder)


def _import_all() -> None:
    for name in (*_IMPORTED, *_list_modules("streamer"), *_list_modules("tui")):
        importlib.import_module(name)


def _list_modules(package: str) -> Iterator[str]:
    path = importlib.import_module(package).__path__
    for found in pkgutil.walk_packages(path, f"{package}."):
        if not found.name.startswith(_LEFT_OUT) and not found.name.endswith(".__main__"):
            yield found.name


def _clone() -> int:
    """Fork a sibling, so that whoever waits for it is the parent of both."""
    python = ctypes.PyDLL(None)
    python.PyOS_BeforeFork()
    pid = int(python.syscall(_CLONE, _CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0))
    if pid == 0:
        python.PyOS_AfterFork_Child()
        signal.signal(signal.SIGINT, signal.default_int_handler)
    else:
        python.PyOS_AfterFork_Parent()
    return pid


def _wait_to_be_born(asking: socket.socket) -> dict[str, Any] | None:
    """Fork whatever is asked for; return in each child what it is to be, and None in the end."""
    asking.send(b"ready")
    while True:
        said, descriptors, *_ = socket.recv_fds(asking, _LONGEST, 4)
        if not said:
            return None
        pid = _clone()
        if pid == 0:
            asking.close()
            _take(descriptors)
            asked: dict[str, Any] = json.loads(said)
            return asked
        for descriptor in descriptors:
            os.close(descriptor)
        asking.send(str(pid).encode())


def _take(descriptors: list[int]) -> None:
    *streams, folder = descriptors
    os.fchdir(folder)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    for descriptor in descriptors:
        os.close(descriptor)
    for name, stream in (
        ("stdin", _open(0, "r")),
        ("stdout", _open(1, "w", line_buffering=os.isatty(1))),
        ("stderr", _open(2, "w", line_buffering=True, errors="backslashreplace")),
    ):
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _open(descriptor: int, mode: str, **options: Any) -> Any:
    is_unbuffered = mode == "w" and bool(os.environ.get("PYTHONUNBUFFERED"))
    raw: Any = io.FileIO(descriptor, mode, closefd=False)
    buffered = io.BufferedReader if mode == "r" else io.BufferedWriter
    stream = raw if is_unbuffered else buffered(raw)
    return io.TextIOWrapper(stream, write_through=is_unbuffered, **options)


def _be(asked: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(asked["environment"])
    if asked["leads_session"]:
        os.setsid()
    sys.argv = ["streamer", *asked["arguments"]]
    main()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # which is for whoever has forked it
    forbid_telemetry()
    _import_all()
    build_commands()
    gc.collect()
    gc.freeze()
    with suppress(ConnectionError):
        if (asked := _wait_to_be_born(socket.socket(fileno=int(sys.argv[1])))) is not None:
            _be(asked)
