"""How soon an alert is on the board and with a webhook, with fifty calls at once, and what the board costs.

This process stands in for who records and transcribes: it holds the locks of fifty live calls, and stores lines with alerts, all calls at
once. `serve` begins to follow them, all at once; then `watch` shows them in a real terminal, and delivers. What a webhook is late by counts
from the time of its transaction; for the board, from the return of the commit.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
from aiohttp import web

from streamer.config import Settings
from streamer.core.alert import Alert, Severity
from streamer.core.audio import Leg
from streamer.core.encoding import parse_time
from streamer.core.events import SPEECH_RATE, EndReason, Segment, Word
from streamer.recording.folder import CallFolder
from streamer.recording.locks import Lock
from streamer.recording.writer import Recording, create_recording
from streamer.store import NewAlert, Store, open_store
from tools.bench.live import quantile
from tools.bench.machine import show, show_table
from tools.terminal import Terminal, open_terminal

CALLS = 50
BURSTS = 5
_PAUSE_S = 4.0
_WATCHED_S = 30.0
_FRAME_S = 0.5
_SIZE = (200, 70)
_LINE_S = 3
_RULE = re.compile(rb"w\dq\d\d")
_FRAME = b"\x10\x01" * round(SPEECH_RATE * _FRAME_S)


class _Receiver:
    """Takes webhooks, and says how late each was."""

    def __init__(self) -> None:
        self.late: dict[str, list[float]] = {"alert": [], "call_started": []}

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        now = time.time()
        body = json.loads(await request.read())
        self.late[body["type"]].append(now - parse_time(body["timestamp"]).timestamp())
        return web.Response()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        runner = web.ServerRunner(web.Server(self.take))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
        finally:
            await runner.cleanup()


class _Calls:
    """Calls that are recorded here, and settled here."""

    def __init__(self, recordings: Path, store: Store) -> None:
        self._recordings = recordings
        self._store = store
        self._made: list[Recording] = []
        self._locks: list[Lock | None] = []
        self._lines = 0

    def begin(self) -> None:
        """Begin all at once."""
        for number in range(CALLS):
            legs = (Leg("caller", f"PJSIP/{100 + number}-1"), Leg("agent", f"PJSIP/{number}-2"))
            recording = create_recording(
                self._recordings, source="audiosocket", url="audiosocket://bench", legs=legs
            )
            self._locks.append(CallFolder(recording.folder).take_transcriber_lock())
            self._made.append(recording)
        self._append()

    async def speak(self) -> None:
        """Go on recording until cancelled, and keep a line of a call now and then."""
        began, number = time.monotonic(), 0
        while True:
            self._append()
            number += 1
            if number % 2 == 0:
                for each in self._made[number // 2 % 4 :: 4]:
                    await self._say(each, ())
            await asyncio.sleep(max(0.0, began + number * _FRAME_S - time.monotonic()))

    async def alert(self, burst: int) -> dict[str, float]:
        """Keep a line with an alert in every call; return when each was committed, by its rule."""
        committed = {}
        for number, each in enumerate(self._made):
            rule = f"w{burst}q{number:02}"
            alert = Alert(each.call.id, rule, Severity.CRITICAL, datetime.now(UTC))
            await self._say(each, (NewAlert(alert, 0.0),))
            committed[rule] = time.monotonic()
        return committed

    def end(self) -> None:
        """End all."""
        for each in self._made:
            each.finish(EndReason.HANG_UP)
        for lock in self._locks:
            if lock is not None:
                lock.release()

    def _append(self) -> None:
        for each in self._made:
            for leg in range(2):
                each.append(leg, [_FRAME])

    async def _say(self, recording: Recording, alerts: tuple[NewAlert, ...]) -> None:
        self._lines += 1
        start = self._lines * SPEECH_RATE
        words = tuple(
            Word(text, start + n * 4000, start + n * 4000 + 3900, 0.9)
            for n, text in enumerate(f"this is line {self._lines} of a call".split())
        )
        segment = Segment("caller", self._lines, start, words[-1].end, words)
        await self._store.keep_segment(
            recording.call.id,
            "caller",
            segment,
            position=segment.end,
            utterance=self._lines,
            alerts=alerts,
        )


async def _find_alerts(terminal: Terminal, calls: _Calls) -> list[float]:
    """Return after how many seconds each alert was on the screen."""
    late = []
    for burst in range(BURSTS):
        terminal.written = b""
        watch = _Watch({f"w{burst}q{number:02}".encode() for number in range(CALLS)})
        committing = asyncio.ensure_future(calls.alert(burst))
        await terminal.until(watch.look)
        committed = await committing
        late += [max(0.0, watch.seen[rule.encode()] - at) for rule, at in committed.items()]
        await asyncio.sleep(_PAUSE_S)
    return late


class _Watch:
    """Looks for names in what is written, and notes when each is there; reads nothing twice, since that would count."""

    def __init__(self, names: set[bytes]) -> None:
        self.seen: dict[bytes, float] = {}
        self._names = names
        self._read = 0

    def look(self, written: bytes) -> bool:
        """Say whether all were there."""
        now, new = time.monotonic(), written[max(0, self._read - 8) :]
        self._read = len(written)
        for name in _RULE.findall(new):
            if name in self._names:
                self.seen.setdefault(name, now)
        return len(self.seen) == len(self._names)


async def _measure(folder: Path) -> tuple[_Receiver, list[float], float]:
    recordings, receiver = folder / "recordings", _Receiver()
    config = folder / "config.toml"
    async with (
        receiver.listening() as url,
        open_store(Settings(recordings=str(recordings))) as store,
    ):
        secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
        events = '["alert", "call_started"]'
        config.write_text(f'[[webhook]]\nurl = "{url}"\nsecret = "{secret}"\nevents = {events}\n')
        config.chmod(0o600)
        shared = ["--recordings", str(recordings), "--config", str(config), "--model", "demo"]
        calls = _Calls(recordings, store)
        serve = ("serve", "--audiosocket", "127.0.0.1:0", *shared)
        async with open_terminal(*serve, size=_SIZE) as terminal:
            await terminal.until(lambda written: b"0 live" in written)
            await asyncio.sleep(3)
            calls.begin()
            speaking = asyncio.ensure_future(calls.speak())
            await terminal.until(lambda written: f"{CALLS} live".encode() in written)
            await asyncio.sleep(3)
        async with open_terminal("watch", *shared, size=_SIZE) as terminal:
            await terminal.until(lambda written: f"{CALLS} live".encode() in written)
            await asyncio.sleep(5)
            share = await _measure_cpu(psutil.Process(terminal.process.pid))
            late = await _find_alerts(terminal, calls)
        speaking.cancel()
        await asyncio.wait([speaking])
        calls.end()
    return receiver, late, share


async def _measure_cpu(process: psutil.Process) -> float:
    before = process.cpu_times()
    await asyncio.sleep(_WATCHED_S)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / _WATCHED_S


def _row(what: str, late: list[float], goal: str) -> list[str]:
    shown = [
        f"{1000 * each:.0f} ms" for each in (quantile(late, 50), quantile(late, 95), max(late))
    ]
    return [what, str(len(late)), *shown, goal]


async def run() -> None:
    """Measure and print."""
    show("## The board")
    show()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        receiver, late, share = await _measure(Path(name))
    show_table(
        [f"{CALLS} calls at once", "", "half", "95 of 100", "most", "goal"],
        [
            _row("an alert on the board, after its commit", late[CALLS:], "300 ms"),
            _row("its webhook", receiver.late["alert"][CALLS:], "500 ms"),
            _row("the first of each call, all at once", late[:CALLS], "300 ms"),
            _row("its webhook", receiver.late["alert"][:CALLS], "500 ms"),
            _row(
                "the webhook of `call_started`, by `serve`", receiver.late["call_started"], "500 ms"
            ),
        ],
    )
    show(
        f"CPU of the board, a `watch` of {CALLS} live calls: {share:.1%} of a core (goal <= 15 %)."
    )
    load = ", ".join(f"{each:.1f}" for each in psutil.getloadavg())
    show(f"Load of the machine by then (1, 5, 15 min): {load}.")
    show()
