"""The keeper's own process; started as a script by `client`, so it imports nothing of this package.

Theory of operation. A tap connects to the keeper's Unix socket (its *control connection*) and speaks in lines:

    tap -> keeper   hello SECONDS            how long a silent tap is believed to live
                    hold TOKEN FAREWELL      one descriptor comes with it; FAREWELL in hex, `-` for none
                    beat                     the tap is alive and reads its sockets
                    drain TOKEN              the tap has stopped reading: read and discard to the end
                    release TOKEN            the peer has closed: drop the descriptor
    keeper -> tap   held TOKEN
                    refused TOKEN            its descriptor did not come, because this process may open no more files
                    gone TOKEN               a drained socket with a farewell is closed
                    lost                     no beat came in time, or the tap talks nonsense; the keeper reads now, the tap must not

Taps and keepers of different versions meet after an upgrade, so verbs are only ever added, and a verb that is not known is passed over.

A socket is *held*, unread, until its tap asks for a drain, misses its beats or ends; then it is *drained*. A drain that no tap
asked for sends the farewell first. A socket without a farewell is drained until its peer closes, for it would freeze a call to close it.
One with a farewell is *parked*: its peer was told that the call goes on without us, and who still stays is closed after a while, the
oldest first. The process ends with its last socket and its last tap.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import selectors
import signal
import socket
import sys
import time
from array import array
from collections.abc import Callable

READ_SIZE = 1 << 18
MAX_LINE = 4096
FIRST_TAP_S = 30.0
"""Seconds to wait for the first tap before giving up."""

SHORTEST_PATIENCE_S = 0.1
LONGEST_PATIENCE_S = 3600.0
"""Bounds of what a tap may ask for; epoll knows no longer wait than 24 days, and NaN becomes the shorter."""

MOST_PARKED = 100
PARKED_S = 120.0
"""Parked sockets, and seconds that each may stay; Asterisk leaves within moments of a farewell."""

RIPE_S = 2.0
"""Seconds that a parked socket may stay however many there are: all calls of a tap that died are parked at once."""

DEAF_S = 1.0
"""Seconds without new taps while this process may open no more files."""

_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP)


class HeldSocket:
    """One duplicate: unread while its tap lives, drained afterwards."""

    def __init__(self, sock: socket.socket, farewell: bytes, tap: Tap, token: str) -> None:
        self.sock = sock
        self.farewell = farewell
        self.tap = tap
        self.token = token
        self.drained_at = 0.0

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


class Line:
    """What a tap has said, with the descriptors of the message that it came in."""

    def __init__(self, text: bytes) -> None:
        self.words = text.decode("ascii", "replace").split(" ")
        self.descriptors: list[int] = []

    def take_socket(self) -> socket.socket | None:
        """Return the socket that came with it, None if none did."""
        if not self.descriptors:
            return None
        sock = socket.socket(fileno=self.descriptors.pop(0))
        sock.setblocking(False)
        return sock


class Tap:
    """One control connection: the tap behind it, its descriptors and its beats."""

    def __init__(self, sock: socket.socket, now: float) -> None:
        self.sock = sock
        self.held: dict[str, HeldSocket] = {}
        self.patience = 10.0
        self.last_beat = now
        self._unread = b""
        self._early: list[int] = []
        """Descriptors of the line that is not complete yet."""

    def receive(self) -> list[Line] | None:
        """Return the lines that have come, or None when the tap is gone or breaks the protocol.

        Each line is a message of its own. The kernel ends a read behind a message with descriptors, so they are the last line's; where
        there were too many open files for them (MSG_CTRUNC), that line comes without.
        """
        try:
            data, ancillary, _, _ = self.sock.recvmsg(
                READ_SIZE, socket.CMSG_SPACE(64 * array("i").itemsize)
            )
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            return None
        *texts, self._unread = (self._unread + data).split(b"\n")
        lines = [Line(text) for text in texts]
        if lines:
            lines[0].descriptors, self._early = self._early, []
        last = self._early if self._unread or not lines else lines[-1].descriptors
        last.extend(_read_descriptors(ancillary))
        if not data or len(self._unread) > MAX_LINE:
            _close_lines(lines)
            return None
        return lines

    def say(self, line: str) -> None:
        """Answer the tap; a tap that cannot take a short line will miss its beats anyway."""
        with contextlib.suppress(OSError):
            self.sock.send(line.encode("ascii", "replace") + b"\n")

    def close(self) -> None:
        """Drop the control connection and descriptors that were never claimed."""
        self.sock.close()
        _close_all(self._early)


class Keeper:
    """All taps of one user; `clock` is in seconds."""

    def __init__(
        self, listener: socket.socket, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._selector = selectors.DefaultSelector()
        self._listener = listener
        self._clock = clock
        self._taps: set[Tap] = set()
        self._draining = 0
        self._parked: dict[HeldSocket, None] = {}  # the oldest first
        self._first_tap_by = clock() + FIRST_TAP_S
        self._deaf_until: float | None = None
        self._selector.register(listener, selectors.EVENT_READ)

    def run(self) -> None:
        """Serve until the last socket and the last tap are gone."""
        while self._taps or self._draining or self._clock() < self._first_tap_by:
            self.step(self._wait_s())

    def step(self, wait_s: float | None) -> None:
        """Wait so long for anything to happen, and do what it asks for."""
        for key, _ in self._selector.select(wait_s):
            if key.fileobj is self._listener:
                self._accept()
            elif isinstance(key.data, Tap):
                self._serve(key.data)
            else:
                self._drain_on(key.data)
        self._end_silent_taps()
        self._end_parking()
        if self._deaf_until is not None and self._clock() >= self._deaf_until:
            self._deaf_until = None
            self._selector.register(self._listener, selectors.EVENT_READ)

    def _wait_s(self) -> float | None:
        deadlines = [tap.last_beat + tap.patience for tap in self._taps]
        if not self._taps and not self._draining:
            deadlines.append(self._first_tap_by)
        if self._deaf_until is not None:
            deadlines.append(self._deaf_until)
        if self._parked:
            deadlines.append(next(iter(self._parked)).drained_at + self._parking_s())
        return max(0.0, min(deadlines) - self._clock()) if deadlines else None

    def _accept(self) -> None:
        self._first_tap_by = 0.0
        try:
            sock, _ = self._listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
                self._selector.unregister(self._listener)
                self._deaf_until = self._clock() + DEAF_S
            return
        sock.setblocking(False)
        tap = Tap(sock, self._clock())
        self._taps.add(tap)
        self._selector.register(sock, selectors.EVENT_READ, tap)

    def _serve(self, tap: Tap) -> None:
        lines = tap.receive()
        if lines is None:
            self._end(tap)
            return
        try:
            for line in lines:
                self._obey(tap, line)
        except (ValueError, OSError):
            tap.say("lost")
            self._end(tap)
        finally:
            _close_lines(lines)

    def _obey(self, tap: Tap, line: Line) -> None:
        tap.last_beat = self._clock()
        match line.words:
            case ["hello", seconds]:
                tap.patience = min(max(float(seconds), SHORTEST_PATIENCE_S), LONGEST_PATIENCE_S)
            case ["hold", token, farewell]:
                self._hold(tap, token, b"" if farewell == "-" else bytes.fromhex(farewell), line)
            case ["drain", token] if token in tap.held:
                self._drain(tap.held.pop(token))
            case ["release", token] if token in tap.held:
                tap.held.pop(token).sock.close()

    def _hold(self, tap: Tap, token: str, farewell: bytes, line: Line) -> None:
        sock = line.take_socket()
        if sock is None:
            tap.say(f"refused {token}")
            self._make_room()
            return
        if token in tap.held:
            self._drain(tap.held.pop(token))
        tap.held[token] = HeldSocket(sock, farewell, tap, token)
        tap.say(f"held {token}")

    def _end_silent_taps(self) -> None:
        now = self._clock()
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
        held.drained_at = self._clock()
        if held.farewell:
            self._parked[held] = None

    def _drain_on(self, held: HeldSocket) -> None:
        if held.sock.fileno() >= 0 and not held.read_and_discard():
            self._close(held)

    def _end_parking(self) -> None:
        """Close parked sockets that have stayed too long, or are too many."""
        while self._parked:
            oldest = next(iter(self._parked))
            if self._clock() - oldest.drained_at < self._parking_s():
                return
            self._close(oldest)

    def _parking_s(self) -> float:
        return RIPE_S if len(self._parked) > MOST_PARKED else PARKED_S

    def _make_room(self) -> None:
        """Close the oldest parked socket, if it has had its moments, so that the next descriptor fits."""
        oldest = next(iter(self._parked), None)
        if oldest is not None and self._clock() - oldest.drained_at >= RIPE_S:
            self._close(oldest)

    def _close(self, held: HeldSocket) -> None:
        self._selector.unregister(held.sock)
        held.sock.close()
        self._draining -= 1
        if held.farewell:
            del self._parked[held]
            if held.tap in self._taps:
                held.tap.say(f"gone {held.token}")


def _read_descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    descriptors = array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(payload[: len(payload) - len(payload) % descriptors.itemsize])
    return list(descriptors)


def _close_lines(lines: list[Line]) -> None:
    """Drop the descriptors that nobody has taken."""
    for line in lines:
        _close_all(line.descriptors)


def _close_all(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())


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
