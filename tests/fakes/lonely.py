"""Run commands in a network of their own, with a resolver that notes every name that is asked for; prints both as JSON.

Started as `unshare -rmn python lonely.py PLAN`: a new network namespace has nothing but a loopback interface, which is down.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

from tests.fakes.warm import Forked

_SET_FLAGS = 0x8914
_UP_AND_RUNNING = 0x41
_PATIENCE_S = 120


def main() -> None:
    """Run what the plan says: `[[arguments, lines], ...]`; a command is told to end after so many lines of output, if any."""
    plan = json.loads(sys.argv[1])
    _raise_loopback()
    asked = _resolve_nothing()
    with ThreadPoolExecutor(len(plan)) as pool:
        codes = list(pool.map(lambda item: _run(*item), plan))
    sys.stdout.write(json.dumps({"asked": asked, "codes": codes}))


def _raise_loopback() -> None:
    with socket.socket() as sock:
        request = struct.pack("16sh14s", b"lo", _UP_AND_RUNNING, b"")
        fcntl.ioctl(sock, _SET_FLAGS, request)


def _resolve_nothing() -> list[str]:
    """Answer every question with "no such name", and return the list that it is noted in."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf", delete=False) as file:
        file.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    subprocess.run(["mount", "--bind", file.name, "/etc/resolv.conf"], check=True)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 53))
    asked: list[str] = []
    threading.Thread(target=_answer, args=(sock, asked), daemon=True).start()
    return asked


def _answer(sock: socket.socket, asked: list[str]) -> None:
    while True:
        question, peer = sock.recvfrom(4096)
        asked.append(_name_in(question))
        counts = question[4:6] + bytes(6)
        sock.sendto(question[:2] + b"\x81\x83" + counts + question[12:], peer)


def _name_in(question: bytes) -> str:
    labels, at = [], 12
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    return ".".join(labels)


def _run(arguments: list[str], lines: int) -> int:
    process = Forked(
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    watchdog = threading.Timer(_PATIENCE_S, os.kill, (process.pid, signal.SIGKILL))
    watchdog.start()
    for number, _ in enumerate(process.stdout, start=1):
        if number == lines:
            process.send_signal(signal.SIGINT)
    watchdog.cancel()
    return process.wait()


if __name__ == "__main__":
    main()
