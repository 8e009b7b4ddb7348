"""One call over a WebSocket, from its first message to its end, whoever has connected."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed

from streamer.simulator.returned import Returned
from streamer.simulator.script import EndKind
from streamer.simulator.wavsink import WavSink
from streamer.simulator.websocket.heard import EXPECTED, Ending, Heard, Peer, Verdict
from streamer.simulator.websocket.peers import make_peer
from streamer.simulator.websocket.script import TimedMessage, WebScript, play

WRITE_S = 0.5
"""Seconds that a server may leave us without room for a message; Asterisk allows 0.1, on a machine of its own."""

_NORMAL = 1000
_TOO_BIG = 1009


@dataclass(frozen=True, slots=True)
class WebCall:
    """One call to make, `starts_at` seconds after the first; `hangs_up_at` counts from its own beginning.

    With `loop` the script is played again and again; `speed` is how many times faster than real time. `save_to` is a new WAV for
    what comes back.
    """

    source: str
    script: WebScript
    url: str = ""
    starts_at: float = 0.0
    hangs_up_at: float | None = None
    loop: bool = False
    speed: float = 1.0
    save_to: Path | None = None
    asks_first: bool = False
    """A context is asked for over HTTP first, as Rapida's dialplans do; see `rapida`."""


@dataclass(frozen=True, slots=True)
class WebResult:
    """How a call went: its end and why, how long it was, what came back and what of it was ignored."""

    call: WebCall
    ending: Ending
    detail: str = ""
    seconds: float = 0.0
    lateness_s: float = 0.0
    """How late the latest message was sent: what is wrong with the stand-in's own pace."""
    returned: Returned = Returned()
    notes: tuple[str, ...] = ()
    save_error: str | None = None

    @property
    def is_expected(self) -> bool:
        """Say whether the call ended as calls should, nothing was ignored, and what came back was kept."""
        return self.ending in EXPECTED and not self.notes and self.save_error is None


class Conversation:
    """One connection, from its first message to its end."""

    def __init__(self, call: WebCall, connection: Connection) -> None:
        self._call = call
        self._connection = connection
        self._began_at = time.monotonic()
        self._sink = WavSink(call.save_to) if call.save_to else None
        script = call.script
        on_audio = self._sink.write if self._sink else None
        heard = Heard(script.format, self._began_at, on_audio=on_audio)
        self._peer: Peer = make_peer(
            call.source,
            heard,
            call=script.call,
            format=script.format,
            now=self._began_at,
            is_json=script.is_json,
        )
        self._lateness_s = 0.0

    async def run(self) -> WebResult:
        """Send and take until one of both is over."""
        sending = asyncio.create_task(self._send_all())
        taking = asyncio.create_task(self._take_all())
        try:
            await asyncio.wait({sending, taking}, return_when=asyncio.FIRST_COMPLETED)
            over = taking if taking.done() else sending
            verdict = over.result()
        finally:
            sending.cancel()
            taking.cancel()
            await asyncio.gather(sending, taking, return_exceptions=True)
        await self._leave(verdict)
        return self._sum_up(verdict)

    async def _send_all(self) -> Verdict:
        script = self._call.script
        until = math.inf if self._call.hangs_up_at is None else self._call.hangs_up_at
        try:
            for text in script.opening:
                await self._send(text)
            for one in play(script, loop=self._call.loop):
                if one.at >= until:
                    break
                await self._send_in_time(one)
            await self._wait(
                self._time_of(until if self._call.loop else min(script.ends_at, until))
            )
            if script.end is not EndKind.BREAK:
                for text in script.closing:
                    await self._send(text)
        except ConnectionClosed as closed:
            return self._judge_close(closed)
        except TimeoutError:
            return Verdict(Ending.DROPPED, "the server does not read: it has no room for a message")
        is_broken = script.end is EndKind.BREAK
        return Verdict(Ending.BROKEN_OFF if is_broken else Ending.HUNG_UP)

    async def _send_in_time(self, one: TimedMessage) -> None:
        due = self._time_of(one.at)
        await self._wait(due)
        self._lateness_s = max(self._lateness_s, time.monotonic() - due)
        await self._send(one.message)

    async def _wait(self, until: float) -> None:
        """Wait, and play meanwhile what has come back."""
        while (now := time.monotonic()) < until:
            if self._peer.due <= now:
                await self._answer(self._peer.advance(now))
            soonest = min(until, self._peer.due)
            await asyncio.sleep(max(0.0, soonest - time.monotonic()))

    def _time_of(self, at: float) -> float:
        return self._began_at + at / self._call.speed

    async def _send(self, message: str | bytes) -> None:
        async with asyncio.timeout(WRITE_S):
            await self._connection.send(message)

    async def _answer(self, answers: Iterator[str]) -> None:
        for text in answers:
            await self._send(text)

    async def _take_all(self) -> Verdict:
        try:
            while True:
                message = await self._connection.recv()
                await self._answer(self._peer.take(message, time.monotonic()))
                if self._peer.verdict:
                    return self._peer.verdict
        except ConnectionClosed as closed:
            return self._judge_close(closed)
        except TimeoutError:
            return Verdict(Ending.DROPPED, "the server does not read: it has no room for a message")

    def _judge_close(self, closed: ConnectionClosed) -> Verdict:
        if closed.rcvd is None:
            return Verdict(Ending.LOST, "without a close frame")
        code, reason = closed.rcvd.code, closed.rcvd.reason
        if code == _NORMAL:
            return Verdict(Ending.CLOSED)
        return Verdict(Ending.REFUSED, f"close code {code}{': ' if reason else ''}{reason}")

    async def _leave(self, verdict: Verdict) -> None:
        if verdict.ending is Ending.BROKEN_OFF:
            self._connection.transport.abort()
        code = _TOO_BIG if verdict.ending is Ending.DROPPED else _NORMAL
        with suppress(ConnectionClosed, OSError):
            await self._connection.close(code)

    def _sum_up(self, verdict: Verdict) -> WebResult:
        now = time.monotonic()
        if self._sink:
            self._sink.close()
        return WebResult(
            self._call,
            verdict.ending,
            verdict.detail,
            now - self._began_at,
            self._lateness_s,
            self._peer.count(now),
            tuple(self._peer.notes),
            self._sink.error if self._sink else None,
        )
