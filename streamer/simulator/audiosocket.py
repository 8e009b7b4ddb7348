"""A stand-in for Asterisk's side of AudioSocket: callers that connect to a server as the PBX does, and judge what it sends back.

Like Asterisk 23.5 a caller sends its UUID, then frames by the wall clock; ends by closing, never with a frame of kind 0x00; hangs
up after 2 s without a frame from either side, if it is the dialplan's application; and is dropped as soon as the server sends what
may not be sent, or does not read. Unlike Asterisk it says why.

Theory of operation. `advance(now)` makes the connections and sends the frames that are due, for all callers, so that one timer
is enough and a test can drive it on virtual time.

    caller: WAITING --due--> CONNECTING --> LIVE --script over, verdict, reset--> ENDED
                                  `--refused, 2 s without an answer--> ENDED
"""

from __future__ import annotations

import asyncio
import math
import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from streamer.core.reasons import explain
from streamer.errors import UnreachableError
from streamer.simulator.caller import CallerScript, Playback
from streamer.simulator.dialling import connect_first, resolve
from streamer.simulator.judge import EXPECTED, Ending, Judge, Verdict
from streamer.simulator.returned import Returned
from streamer.simulator.script import EndKind
from streamer.simulator.wavsink import WavSink
from streamer.wire.audiosocket import encode_identifier

QUIET_S = 2.0
"""Seconds without a frame from either side after which the application hangs up (app_audiosocket.c)."""

_TICK_S = 0.002
_LOOK_S = 0.01
"""A call that began meanwhile waits no longer for its second frame."""

_RESET = struct.pack("ii", 1, 0)
_READ_SIZE = 65_536


@dataclass(frozen=True, slots=True)
class Caller:
    """One call to make, `starts_at` seconds after the first; `hangs_up_at` counts from its own beginning.

    With `loop` the script is played again and again; `speed` is how many times faster than real time. `has_timeout` is what
    tells the dialplan's application from the channel driver. `save_to` is a new WAV for what comes back.
    """

    script: CallerScript
    uuid: UUID
    starts_at: float = 0.0
    hangs_up_at: float | None = None
    loop: bool = False
    speed: float = 1.0
    has_timeout: bool = True
    save_to: Path | None = None


@dataclass(frozen=True, slots=True)
class CallResult:
    """How a call went: its end and why, how long it was, what was sent and what came back."""

    caller: Caller
    ending: Ending
    detail: str = ""
    seconds: float = 0.0
    frames_sent: int = 0
    lateness_s: float = 0.0
    """How late the latest frame was sent: what is wrong with the stand-in's own pace."""
    returned: Returned = Returned()
    save_error: str | None = None

    @property
    def is_expected(self) -> bool:
        """Say whether the call ended in a way that calls should, and what came back was kept."""
        return self.ending in EXPECTED and self.save_error is None

    @property
    def odd_rates(self) -> list[int]:
        """Rates of audio that came back under another label than the call's: maybe played at a wrong speed."""
        return [rate for rate in self.returned.samples if rate != self.caller.script.rate]


class AudioSocketSimulator:
    """The callers, and what became of them."""

    def __init__(
        self,
        callers: Sequence[Caller],
        *,
        clock: Callable[[], float] = time.monotonic,
        on_connected: Callable[[Caller], None] | None = None,
        on_ended: Callable[[CallResult], None] | None = None,
    ) -> None:
        self.clock = clock
        self.live: set[_Call] = set()
        """Calls that are connected and go on."""
        self.buffer = memoryview(bytearray(_READ_SIZE))
        """Where every connection's bytes land: asyncio would make room for 256 KiB at each read, which costs more than the read."""
        self._callers = callers
        self._results: dict[int, CallResult] = {}
        self._on_connected = on_connected
        self._on_ended = on_ended
        self._waiting = sorted(range(len(callers)), key=lambda n: callers[n].starts_at)[::-1]
        self._connected: set[int] = set()
        self._announced = 0
        self._open = 0
        self._began_at = 0.0
        self._refusal: UnreachableError | None = None
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._group: asyncio.TaskGroup | None = None
        self._addresses: list[Any] = []

    @property
    def results(self) -> list[CallResult]:
        """The calls that have ended, in the callers' order."""
        return [self._results[number] for number in sorted(self._results)]

    async def run(self, host: str, port: int, *, is_paced: bool = True) -> list[CallResult]:
        """Make all calls and return when the last has ended; without `is_paced` only `advance` moves them.

        Cancelling hangs up.

        Raises:
            UnreachableError: The host has no address, or the first connection of all is refused or not answered.
        """
        if not self._callers:
            return []
        self._addresses = await resolve(host, port)
        self._began_at = self.clock()
        try:
            async with asyncio.TaskGroup() as self._group:
                if is_paced:
                    self._tasks.append(self._group.create_task(self._pace()))
                self.advance(self._began_at)
                await self._over.wait()
                for task in self._tasks:
                    task.cancel()
        finally:
            self.hang_up()
        if self._refusal:
            raise self._refusal
        return self.results

    def hang_up(self) -> None:
        """End every call now, and begin no other."""
        self._waiting.clear()
        for call in self.live.copy():
            call.end(Verdict(Ending.HUNG_UP))

    def advance(self, now: float) -> float:
        """Do everything that is due at `now`; return when to come again."""
        assert self._group is not None
        while self._waiting and self._callers[self._waiting[-1]].starts_at <= now - self._began_at:
            connecting = self._connect(self._waiting.pop())
            self._tasks.append(self._group.create_task(connecting))
        again = now + _LOOK_S
        for call in list(self.live):
            if call.due <= now:
                call.advance(now)
            again = min(again, call.due)
        return again

    def begin(self, call: _Call) -> None:
        """A call is connected."""
        self.live.add(call)
        self._open += 1
        self._connected.add(call.number)
        self._announce()

    def settle(self, number: int, result: CallResult) -> None:
        """A call has ended; its connection may stay for a moment."""
        self._results[number] = result
        if self._on_ended:
            self._on_ended(result)
        self._announce()

    def forget(self) -> None:
        """A connection is gone."""
        self._open -= 1
        self._check_over()

    def _announce(self) -> None:
        """Name the callers in order, each as soon as it is connected and those before it are or never will be."""
        while self._announced < len(self._callers):
            number = self._announced
            if number in self._connected:
                if self._on_connected:
                    self._on_connected(self._callers[number])
            elif number not in self._results:
                return
            self._announced += 1

    def _check_over(self) -> None:
        if len(self._results) == len(self._callers) and not self._open:
            self._over.set()

    async def _pace(self) -> None:
        while True:
            again = self.advance(self.clock())
            await asyncio.sleep(max(_TICK_S, again - self.clock()))

    async def _connect(self, number: int) -> None:
        caller = self._callers[number]
        try:
            sock = await connect_first(self._addresses)
        except UnreachableError as refusal:
            self._refuse(number, refusal)
            return
        call = _Call(self, number, caller, sock)
        try:
            await asyncio.get_running_loop().create_connection(lambda: call, sock=sock)
        except OSError as error:
            sock.close()
            self._refuse(number, UnreachableError(f"the connection was lost: {explain(error)}"))

    def _refuse(self, number: int, refusal: UnreachableError) -> None:
        if not self._connected:
            self._refusal = refusal
            self._over.set()
        else:
            result = CallResult(self._callers[number], Ending.UNREACHABLE, str(refusal))
            self.settle(number, result)
            self._check_over()


class _Call(asyncio.BufferedProtocol):
    """One connection, from its UUID to its end."""

    def __init__(
        self, simulator: AudioSocketSimulator, number: int, caller: Caller, sock: socket.socket
    ) -> None:
        self.number = number
        self.due = 0.0
        self._simulator = simulator
        self._caller = caller
        self._sock = sock
        self._playback = Playback(caller.script, loop=caller.loop, hangs_up_at=caller.hangs_up_at)
        self._began_at = simulator.clock()
        self._sink = WavSink(caller.save_to) if caller.save_to else None
        on_audio = self._sink.write if self._sink else None
        self._judge = Judge(self._began_at, on_audio=on_audio)
        self._sent_at = self._began_at
        self._frames_sent = 0
        self._lateness_s = 0.0
        self._has_ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(encode_identifier(self._caller.uuid))
        self._simulator.begin(self)
        self.advance(self._simulator.clock())

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._simulator.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._take(bytes(self._simulator.buffer[:nbytes]))

    def eof_received(self) -> bool:
        if not self._has_ended:
            self.end(self._judge.end())
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._has_ended:
            self._read_the_rest()
        if not self._has_ended:
            self.end(Verdict(Ending.RESET) if exc else self._judge.end())
        self._simulator.forget()

    def advance(self, now: float) -> None:
        """Send what is due, then see whether the call is over."""
        if self._has_ended:
            return
        elapsed = (now - self._began_at) * self._caller.speed
        due_at = self._playback.due
        if frames := self._playback.take(elapsed):
            self._lateness_s = max(self._lateness_s, (elapsed - due_at) / self._caller.speed)
            self._send(frames, now)
        if verdict := self._find_end(now, elapsed):
            self.end(verdict)
        self.due = min(
            self._began_at + self._playback.due / self._caller.speed,
            self._quiet_until,
            self._judge.deadline,
        )

    def end(self, verdict: Verdict) -> None:
        """End as Asterisk does for this verdict, and tell the result."""
        self._has_ended = True
        self._simulator.live.discard(self)
        now = self._simulator.clock()
        if self._sink:
            self._sink.close()
        self._leave(verdict.ending)
        result = CallResult(
            self._caller,
            verdict.ending,
            verdict.detail,
            now - self._began_at,
            self._frames_sent,
            self._lateness_s,
            self.returned,
            self._sink.error if self._sink else None,
        )
        self._simulator.settle(self.number, result)

    @property
    def returned(self) -> Returned:
        """What has come back so far."""
        return self._judge.count(self._simulator.clock())

    @property
    def is_waiting_for_a_rest(self) -> bool:
        """Say whether half a frame has come."""
        return self._judge.deadline < math.inf

    @property
    def _quiet_until(self) -> float:
        if not self._caller.has_timeout:
            return math.inf
        return max(self._sent_at, self._judge.last_frame_at) + QUIET_S

    def _take(self, data: bytes) -> None:
        if self._has_ended:
            return
        if verdict := self._judge.feed(data, self._simulator.clock()):
            self.end(verdict)
        self.due = min(self.due, self._judge.deadline)

    def _send(self, frames: list[bytes], now: float) -> None:
        self._transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
        self._frames_sent += len(frames)
        self._sent_at = now

    def _find_end(self, now: float, elapsed: float) -> Verdict | None:
        if self._transport.get_write_buffer_size():
            return Verdict(
                Ending.DROPPED,
                "the server does not read: the connection has no room for another frame",
            )
        if self._playback.is_over(elapsed):
            is_broken = self._caller.script.end is EndKind.BREAK
            return Verdict(Ending.BROKEN_OFF if is_broken else Ending.HUNG_UP)
        if now >= self._quiet_until:
            return Verdict(Ending.TIMED_OUT)
        return self._judge.check(now)

    def _leave(self, ending: Ending) -> None:
        if ending is Ending.BROKEN_OFF:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        if ending in (Ending.BROKEN_OFF, Ending.DROPPED, Ending.RESET):
            self._transport.abort()
            return
        # A close alone is a reset, if the server has sent bytes that have not been read.
        with suppress(OSError):
            self._transport.write_eof()
        self._transport.close()

    def _read_the_rest(self) -> None:
        """Judge what came before a reset: a write that fails must not hide that the server had hung up."""
        with suppress(OSError):
            while not self._has_ended and (data := self._sock.recv(_READ_SIZE)):
                self._take(data)


async def run_callers(
    callers: Sequence[Caller],
    *,
    host: str,
    port: int,
    on_connected: Callable[[Caller], None] | None = None,
    on_ended: Callable[[CallResult], None] | None = None,
) -> list[CallResult]:
    """Make calls to an AudioSocket server in real time and return how each went, in their order; cancelling hangs up.

    Raises:
        UnreachableError: The host has no address, or the first connection of all is refused or not answered.
    """
    simulator = AudioSocketSimulator(callers, on_connected=on_connected, on_ended=on_ended)
    return await simulator.run(host, port)
