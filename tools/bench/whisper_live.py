"""WhisperLive on the same model and audio, for comparison: `python -m tools.bench.whisper_live PYTHON JOB.json`.

PYTHON is an interpreter in which the package `whisper-live` is installed (it asks for torch, so it is none of our dependencies). Its own
server is started with the job's model, shared by all clients as it recommends; each leg is one client that sends 20 ms frames at real
time, then silence until the rest is completed. A word is committed when the segment that holds it first comes as `completed`; the last
open segment counts at its last change. Prints JSON.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import psutil
from websocket import WebSocket, WebSocketException, create_connection

from tools.bench.peers import RATE, Heard, read_job

_SERVER = """
import sys
from whisper_live.server import TranscriptionServer
TranscriptionServer().run(
    "127.0.0.1", port=int(sys.argv[1]), backend="faster_whisper",
    faster_whisper_custom_model_path=sys.argv[2], single_model=True, max_clients=8,
)
"""
_FRAME = RATE // 50
_SILENCE_S = 15.0
_START_S = 120.0


class _Leg:
    """One client and what it has been told."""

    def __init__(self, connection: WebSocket, track: bytes) -> None:
        self._connection = connection
        self._audio = np.frombuffer(track, np.int16).astype(np.float32) / 32768
        self._completed: dict[tuple[str, str], float] = {}
        self._open: tuple[str, float] = ("", 0.0)
        self._zero = 0.0

    @property
    def committed(self) -> list[tuple[str, float]]:
        """Words in order with the moment each was committed at."""
        segments = [(text, at) for (_, text), at in self._completed.items()] + [self._open]
        return [(word, at) for text, at in segments for word in text.split()]

    def run(self, zero: float) -> None:
        """Send the leg at real time and listen."""
        self._zero = zero
        listening = threading.Thread(target=self._listen)
        listening.start()
        audio = np.concatenate([self._audio, np.zeros(int(_SILENCE_S * RATE), np.float32)])
        for start in range(0, len(audio), _FRAME):
            time.sleep(max(0.0, zero + (start + _FRAME) / RATE - time.monotonic()))
            self._connection.send_binary(audio[start : start + _FRAME].tobytes())
        self._connection.close()
        listening.join()

    def _listen(self) -> None:
        with contextlib.suppress(WebSocketException, OSError):
            while text := self._connection.recv():
                self._take(json.loads(text).get("segments", []), time.monotonic() - self._zero)

    def _take(self, segments: list[dict[str, Any]], at: float) -> None:
        still_open = ""
        for segment in segments:
            if segment["completed"]:
                self._completed.setdefault((segment["start"], segment["text"]), at)
            else:
                still_open = segment["text"]
        if still_open != self._open[0]:
            self._open = (still_open, at)


def main() -> None:
    """Follow the legs and print what was committed when, and the server's CPU."""
    job = read_job(sys.argv[2])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.argv[1], "-c", _SERVER, str(port), job.model]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        legs = [_Leg(_connect(port, server, job.language), track) for track in job.read()]
        before = _cpu_s(server)
        zero = time.monotonic()
        threads = [threading.Thread(target=leg.run, args=(zero,)) for leg in legs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        cpu_s = _cpu_s(server) - before
    finally:
        server.kill()
        server.wait()
    Heard([leg.committed for leg in legs], cpu_s).show()


def _connect(port: int, server: subprocess.Popen[bytes], language: str) -> WebSocket:
    """Connect one client and wait until the server has its model."""
    _wait_for_port(port, server)
    connection = create_connection(f"ws://127.0.0.1:{port}", timeout=_START_S)
    options = {"uid": str(time.monotonic_ns()), "language": language, "task": "transcribe"}
    connection.send(json.dumps({**options, "model": "small.en", "use_vad": True}))
    while json.loads(connection.recv()).get("message") != "SERVER_READY":
        pass
    return connection


def _wait_for_port(port: int, server: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < give_up_at:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.2)
    raise SystemExit("the server did not start")


def _cpu_s(server: subprocess.Popen[bytes]) -> float:
    times = psutil.Process(server.pid).cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    main()
