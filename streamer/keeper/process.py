"""The keeper's own process; started as a script by `client`, so it imports nothing of this package.

Theory of operation. A tap connects to the keeper's Unix socket (its *control connection*) and speaks in lines:

    tap -> keeper   hello SECONDS            how long a silent tap is believed to live
                    hold TOKEN FAREWELL      one descriptor comes with it; FAREWELL in hex, `-` for none
                    beat                     the tap is alive and reads its sockets
                    drain TOKEN              the tap has stopped reading: read and discard to the end
                    release TOKEN            the peer has closed: drop the descriptor
    keeper -> tap   held TOKEN
                    lost                     no beat came in time; the keeper reads now, the tap must not

A socket is *held*, unread, until its tap asks for a drain, misses its beats or ends; then it is *drained* for good. A drain
that no tap asked for sends the farewell first. The process ends with its last socket and its last tap.
"""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import signal
import socket
import sys
import time
from array import array

READ_SIZE = 1 << 18
MAX_LINE = 4096
FIRST_TAP_S = 30.0
"""Seconds to wait for the first tap before giving up."""

SHORTEST_PATIENCE_S = 0.1
LONGEST_PATIENCE_S = 3600.0
"""Bounds of what a tap may ask for; epoll knows no longer wait than 24 days, and NaN becomes the shorter."""

_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP)


class HeldSocket:
    """One duplicate: unread while its tap lives, drained afterwards."""

    def __init__(self, sock: socket.socket, farewell: bytes) -> None:
        self.sock = sock
        self.farewell = farewell

    def read_and_discard(self) -> bool:
        """Read what is there; return False at the peer's end."""
        try:
            return bool(self.sock.recv(READ_SIZE))
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False

    def say_farewell(self) -> None:
        """Send the farewell, which tells the peer that its call goes on without us."""
        with contextlib.suppress(OSError):
            self.sock.send(self.farewell)


class Tap:
    """One control connection: the tap behind it, its descriptors and its beats."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.held: dict[str, HeldSocket] = {}
        self.patience = 10.0
        self.last_beat = time.monotonic()
        self._unread = b""
        self._unclaimed: list[int] = []

    def receive(self) -> list[str] | None:
        """Return the lines that have come, or None when the tap is gone or breaks the protocol."""
        descriptors = array("i")
        try:
            data, ancillary, _, _ = self.sock.recvmsg(
                READ_SIZE, socket.CMSG_SPACE(64 * descriptors.itemsize)
            )
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            return None
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(payload[: len(payload) - len(payload) % descriptors.itemsize])
        self._unclaimed.extend(descriptors)
        *lines, self._unread = (self._unread + data).split(b"\n")
        if not data or len(self._unread) > MAX_LINE:
            return None
        return [line.decode("ascii", "replace") for line in lines]

    def claim(self, farewell: str) -> HeldSocket:
        """Pair the oldest descriptor that came with the `hold` line being read."""
        sock = socket.socket(fileno=self._unclaimed.pop(0))
        sock.setblocking(False)
        return HeldSocket(sock, b"" if farewell == "-" else bytes.fromhex(farewell))

    def say(self, line: str) -> None:
        """Answer the tap; a tap that cannot take a short line will miss its beats anyway."""
        with contextlib.suppress(OSError):
            self.sock.send(line.encode("ascii") + b"\n")

    def close(self) -> None:
        """Drop the control connection and descriptors that were never claimed."""
        self.sock.close()
        for descriptor in self._unclaimed:
            os.close(descriptor)


class Keeper:
    """All taps of one user."""

    def __init__(self, listener: socket.socket) -> None:
        self._selector = selectors.DefaultSelector()
        self._listener = listener
        self._taps: set[Tap] = set()
        self._draining = 0
        self._selector.register(listener, selectors.EVENT_READ)

    def run(self) -> None:
        """Serve until the last socket and the last tap are gone."""
        first_tap_by = time.monotonic() + FIRST_TAP_S
        while self._taps or self._draining or time.monotonic() < first_tap_by:
            for key, _ in self._selector.select(self._wait_s(first_tap_by)):
                if key.fileobj is self._listener:
                    self._accept()
                    first_tap_by = 0.0
                elif isinstance(key.data, Tap):
                    self._serve(key.data)
                else:
                    self._drain_on(key.data)
            self._end_silent_taps()

    def _wait_s(self, first_tap_by: float) -> float | None:
        deadlines = [tap.last_beat + tap.patience for tap in self._taps]
        if not self._taps and not self._draining:
            deadlines.append(first_tap_by)
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            sock, _ = self._listener.accept()
            sock.setblocking(False)
            tap = Tap(sock)
            self._taps.add(tap)
            self._selector.register(sock, selectors.EVENT_READ, tap)

    def _serve(self, tap: Tap) -> None:
        lines = tap.receive()
        if lines is None:
            self._end(tap)
            return
        try:
            for line in lines:
                self._obey(tap, line.split(" "))
        except (ValueError, IndexError, OSError):
            self._end(tap)

    def _obey(self, tap: Tap, words: list[str]) -> None:
        tap.last_beat = time.monotonic()
        match words:
            case ["hello", seconds]:
                tap.patience = min(max(float(seconds), SHORTEST_PATIENCE_S), LONGEST_PATIENCE_S)
            case ["hold", token, farewell]:
                tap.held[token] = tap.claim(farewell)
                tap.say(f"held {token}")
            case ["drain", token] if token in tap.held:
                self._drain(tap.held.pop(token))
            case ["release", token] if token in tap.held:
                tap.held.pop(token).sock.close()

    def _end_silent_taps(self) -> None:
        now = time.monotonic()
        for tap in [tap for tap in self._taps if now - tap.last_beat >= tap.patience]:
            tap.say("lost")
            self._end(tap)

    def _end(self, tap: Tap) -> None:
        self._selector.unregister(tap.sock)
        self._taps.discard(tap)
        for held in tap.held.values():
            if held.farewell:
                held.say_farewell()
            self._drain(held)
        tap.close()

    def _drain(self, held: HeldSocket) -> None:
        self._selector.register(held.sock, selectors.EVENT_READ, held)
        self._draining += 1

    def _drain_on(self, held: HeldSocket) -> None:
        if not held.read_and_discard():
            self._selector.unregister(held.sock)
            held.sock.close()
            self._draining -= 1


def main() -> None:
    """Fork, and serve the listening Unix socket whose descriptor is the first argument."""
    if os.fork():
        return
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    listener = socket.socket(fileno=int(sys.argv[1]))
    listener.setblocking(False)
    Keeper(listener).run()


if __name__ == "__main__":
    main()
