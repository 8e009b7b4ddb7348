"""A tap's side of the keeper: hand it duplicates, and beat; see `starting` for how it is found.

Everything here runs on the event loop: a loop that is stuck does not beat, and its sockets are then drained.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from streamer.core.reasons import explain
from streamer.errors import KeeperError
from streamer.keeper.runtime_dir import default_runtime_dir
from streamer.keeper.starting import reach_or_start

PATIENCE_S = 10.0
"""Seconds without a beat after which the keeper reads in the tap's place."""

BEATS_PER_PATIENCE = 5
"""Beats in that time, so one every 2 s."""

PARKED_S = 130.0
"""Seconds after which a drained socket with a farewell is surely closed; the keeper says when it is, but old ones do not."""

_ANSWER_S = 15.0
"""Seconds for the keeper to take a socket; it answers at once unless the machine is very busy."""

_FULL = "the keeper may open no more files; raise the limit (LimitNOFILE, ulimit -n) before it is started next"


@dataclass(slots=True)
class Hold:
    """One socket of which the keeper holds a duplicate."""

    token: str
    sock: socket.socket
    farewell: bytes
    _tell: Callable[[str, str], None]

    def drain(self) -> None:
        """Ask the keeper to read and discard until the peer closes; call it once this process has stopped reading."""
        self._tell("drain", self.token)

    def release(self) -> None:
        """Ask the keeper to drop its descriptor; only after the peer has closed, or if it was never attached."""
        self._tell("release", self.token)


class Keeper:
    """The connection to the keeper; survives the keeper's death by starting another."""

    def __init__(
        self,
        runtime_dir: Path,
        *,
        patience_s: float,
        say_trouble: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.lost = asyncio.Event()
        """Set when the keeper has taken over: this process must write nothing more."""
        self._runtime_dir = runtime_dir
        self.patience_s = patience_s
        """Seconds of silence after which the keeper takes over."""
        self._holds: dict[str, Hold] = {}
        self._held: dict[str, asyncio.Future[None]] = {}
        self._tokens = itertools.count(1)
        self._sock: socket.socket | None = None
        self._unread = b""
        self._outbox: deque[tuple[bytes, socket.socket | None]] = (
            deque()
        )  # bounded by what is held: a keeper that reads nothing for long is late
        self._last_beat = time.monotonic()
        self.answered: set[str] = set()
        """Tokens that the present keeper has said it holds."""
        self._say_trouble = say_trouble
        self._has_told = False
        self.why_lost = f"streamer was frozen for {patience_s:g} s"
        """Said of the calls once `lost` is set."""
        self._identity: tuple[int, ...] | None = None
        """The socket file of the keeper that was reached last."""
        self._refused: set[str] = set()
        """Tokens of live sockets that the present keeper could not take; each beat tries again."""
        self._parked: dict[str, float] = {}
        """Sockets with a farewell that it drains, and when they are surely closed."""

    @property
    def parked(self) -> int:
        """Count the sockets with a farewell whose peers have not closed them since this process left them."""
        now = time.monotonic()
        for token in [token for token, until in self._parked.items() if until <= now]:
            del self._parked[token]
        return len(self._parked)

    @property
    def is_late(self) -> bool:
        """Say whether this process has been silent for so long that the keeper may be reading already."""
        return time.monotonic() - self._last_beat > 0.9 * self.patience_s or self.lost.is_set()

    def has_taken_over(self) -> bool:
        """Hear what the keeper has said by now, and say whether it reads the sockets of this process."""
        while self._sock is not None and self._receive():
            pass
        return self.lost.is_set()

    async def hold(self, sock: socket.socket, *, farewell: bytes = b"") -> Hold:
        """Give the keeper a duplicate of a connected socket and wait until it says that it has it.

        `farewell` is what it sends if this process dies, before it drains.

        Raises:
            KeeperError: No keeper can be reached or started; the socket must not be used.
        """
        hold = Hold(str(next(self._tokens)), sock, farewell, self._tell)
        held = self._held[hold.token] = asyncio.get_running_loop().create_future()
        self._holds[hold.token] = hold
        try:
            self._give(hold)
            async with asyncio.timeout(_ANSWER_S):
                await held
        except TimeoutError as error:
            hold.release()
            raise KeeperError(
                "the keeper does not answer, so streamer has not connected; try again"
            ) from error
        except BaseException:
            hold.release()
            raise
        finally:
            del self._held[hold.token]
        return hold

    async def beat_for_ever(self) -> None:
        """Tell the keeper that this process is alive, and get another one if it is gone; run it as a task."""
        while not self.lost.is_set():
            if self.is_late:
                self._lose()
                return
            self._last_beat = time.monotonic()
            if self._sock is None:
                self._replace()
            self._say(b"beat\n")
            for token in self._refused:
                self._send(self._holds[token])
            await asyncio.sleep(self.patience_s / BEATS_PER_PATIENCE)

    def connect(self) -> None:
        """Reach the user's keeper, or start it, and give it everything that is held.

        Raises:
            KeeperError: It can be neither reached nor started.
        """
        try:
            self._sock, identity = reach_or_start(self._runtime_dir)
        except OSError as error:
            raise KeeperError(
                f"the keeper cannot be started in {self._runtime_dir}: {explain(error)}"
            ) from error
        if self._holds and identity == self._identity:
            # It lives and has hung up on us, so it reads our sockets: whoever reads them too tears what comes.
            self._sock.close()
            self._sock = None
            self._lose("the keeper took the connection over")
            return
        if identity != self._identity:
            self._parked.clear()
        self._identity = identity
        self._refused.clear()
        self._unread = b""
        self.answered.clear()
        self._say(f"hello {self.patience_s}\n".encode())
        asyncio.get_running_loop().add_reader(self._sock, self._receive)
        for hold in self._holds.values():
            self._send(hold)

    async def aclose(self) -> None:
        """Let go of the keeper, which drains what is still held; idempotent."""
        if self._holds and self._sock is None and not self.lost.is_set():
            self._replace()
        self._holds.clear()
        self._disconnect()

    def _lose(self, why: str = "") -> None:
        """Take note that the keeper has said all farewells and reads every socket."""
        silent_s = max(self.patience_s, time.monotonic() - self._last_beat)
        self.why_lost = why or f"streamer was frozen for {round(silent_s, 1):g} s"
        until = time.monotonic() + PARKED_S
        self._parked.update({h.token: until for h in self._holds.values() if h.farewell})
        for held in self._held.values():
            if not held.done():
                held.set_exception(KeeperError(f"{self.why_lost}; try again"))
        self.lost.set()

    def _disconnect(self) -> None:
        if self._sock is not None:
            asyncio.get_running_loop().remove_reader(self._sock)
            asyncio.get_running_loop().remove_writer(self._sock)
            self._outbox.clear()
            self._sock.close()
            self._sock = None

    def _give(self, hold: Hold) -> None:
        """Send a duplicate to the keeper; a new connection sends it together with all others."""
        if self._sock is None:
            self.connect()
        else:
            self._send(hold)

    def _send(self, hold: Hold) -> None:
        if self._sock is None or hold.sock.fileno() < 0:
            return
        line = f"hold {hold.token} {hold.farewell.hex() or '-'}\n".encode()
        self._post(line, hold.sock)

    def _replace(self) -> None:
        """Start another keeper; if that fails, report it once, and the next beat tries again."""
        try:
            self.connect()
        except KeeperError as error:
            if not self._has_told:
                self._has_told = True
                self._say_trouble(
                    f"{error}; do not kill this process until a keeper runs again, because that would freeze its calls"
                )
        else:
            self._has_told = False

    def _tell(self, verb: str, token: str) -> None:
        if token in self._holds:
            if self._sock is None:
                self._replace()
            if token in self._refused and verb == "drain":
                self._send(self._holds[token])  # there may be room by now
            hold = self._holds.pop(token)
            self.answered.discard(token)
            self._refused.discard(token)
            if verb == "drain" and hold.farewell:
                self._parked[token] = time.monotonic() + PARKED_S
            self._say(f"{verb} {token}\n".encode())

    def _say(self, line: bytes) -> None:
        if self._sock is not None:
            self._post(line)

    def _post(self, line: bytes, passenger: socket.socket | None = None) -> None:
        """Send a line, with a descriptor if need be, as soon as the keeper has room for it."""
        self._outbox.append((line, passenger))
        if len(self._outbox) == 1:
            self._send_outbox()

    def _send_outbox(self) -> None:
        assert self._sock is not None
        while self._outbox:
            # A keeper that is gone is noticed by `_receive`, which gets another and sends everything again.
            with contextlib.suppress(OSError):
                try:
                    _send_line(self._sock, *self._outbox[0])
                except BlockingIOError:
                    asyncio.get_running_loop().add_writer(self._sock, self._send_outbox)
                    return
            self._outbox.popleft()
        asyncio.get_running_loop().remove_writer(self._sock)

    def _receive(self) -> bool:
        """Take what the keeper says; return whether it said anything."""
        assert self._sock is not None
        try:
            data = self._sock.recv(4096)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            data = b""
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._obey(line.decode("ascii", "replace"))
        if not data:
            self._disconnect()
            if self._holds and not self.lost.is_set():
                self._replace()
        return True

    def _obey(self, line: str) -> None:
        verb, _, token = line.partition(" ")
        match verb:
            case "lost":
                self._lose()
            case "held":
                self._on_held(token)
            case "refused":
                self._on_refused(token)
            case "gone":
                self._parked.pop(token, None)
            case _:
                pass  # a verb of a newer keeper

    def _on_held(self, token: str) -> None:
        self._refused.discard(token)
        self.answered.add(token)
        if token in self._held and not self._held[token].done():
            self._held[token].set_result(None)

    def _on_refused(self, token: str) -> None:
        if token in self._held:
            if not self._held[token].done():
                self._held[token].set_exception(KeeperError(_FULL))
        elif token in self._holds and token not in self._refused:
            self._refused.add(token)
            self._say_trouble(f"a call continues without protection: {_FULL}")


def _send_line(keeper: socket.socket, line: bytes, passenger: socket.socket | None) -> None:
    if passenger is None:
        keeper.send(line)
    elif passenger.fileno() >= 0:  # else it has been closed meanwhile
        socket.send_fds(keeper, [line], [passenger.fileno()])


@asynccontextmanager
async def open_keeper(
    runtime_dir: Path | None = None,
    *,
    note: Path | None = None,
    patience_s: float = PATIENCE_S,
    say_trouble: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Keeper]:
    """Reach the user's keeper, starting it if need be, and beat until the block is left.

    Without `runtime_dir` it is where `default_runtime_dir` says; `note` is that function's.
    `say_trouble` gets one line when the keeper has died and no other can be started.

    Raises:
        KeeperError: No keeper can be reached or started, so no connection that needs one may be made.
    """
    keeper = Keeper(
        runtime_dir or default_runtime_dir(note), patience_s=patience_s, say_trouble=say_trouble
    )
    keeper.connect()
    beats = asyncio.ensure_future(keeper.beat_for_ever())
    try:
        yield keeper
    finally:
        beats.cancel()
        await asyncio.wait([beats])
        await keeper.aclose()
