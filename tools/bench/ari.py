"""Taps through ARI by `serve --ari`: 20 calls at once, and calls that are noticed one after the other; the stand-in is a process of its own."""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from streamer.bus import Bus
from streamer.config import Settings
from streamer.core.audio import AudioChunk, Leg
from streamer.simulator.ari.server import PASSWORD, USER
from streamer.sources.ari import call as ari_call
from streamer.sources.base import Inbox, StreamItem
from streamer.tap.inbound import Listener
from streamer.tap.inbound_kinds import list_inbound
from streamer.tap.listen_plan import ListenAddress, ListenPlan
from tools.bench.machine import pin, show, show_table

CALLS = 20
STEADY_S = 10.0
EVERY_S = 0.25
_PATIENCE_S = 60.0


@dataclass
class _Heard:
    """When the first sample of each channel came, by its name."""

    first: dict[str, float] = field(default_factory=dict)

    async def wait_for(self, taps: int) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while len(self.first) < taps:  # noqa: ASYNC110 - a figure comes by itself
                await asyncio.sleep(0.01)

    def listen(self) -> type[Inbox]:
        heard = self.first

        class TimedInbox(Inbox):
            def __init__(self, legs: tuple[Leg, ...]) -> None:
                super().__init__(legs)
                self._channels = [leg.channel for leg in legs]

            def put(self, item: StreamItem) -> None:
                if isinstance(item, AudioChunk) and item.leg < len(self._channels):
                    heard.setdefault(self._channels[item.leg], time.monotonic())
                super().put(item)

        return TimedInbox


@dataclass
class _Pbx:
    """The stand-in's process."""

    process: asyncio.subprocess.Process
    port: int

    def call(self) -> None:
        assert self.process.stdin
        self.process.stdin.write(b"call\n")

    async def end(self) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(b"end\n")
        await asyncio.sleep(2.0)  # cleaning up
        self.process.stdin.close()
        told: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return told


@asynccontextmanager
async def _open_pbx() -> AsyncIterator[_Pbx]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.bench.ari_pbx", stdin=pipe, stdout=pipe
    )
    assert process.stdout
    try:
        yield _Pbx(process, int(await process.stdout.readline()))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def _watch(pbx: _Pbx, recordings: Path) -> AsyncIterator[None]:
    """Tap every call, as the listener of `serve --ari` does."""
    url = f"http://127.0.0.1:{pbx.port}"
    settings = Settings(
        ari_url=url, ari_user=USER, ari_password=PASSWORD, recordings=str(recordings), watch=[{}]
    )
    address = ListenAddress("ari", "127.0.0.1", pbx.port)
    plan = ListenPlan(
        (address,),
        recordings,
        admit=lambda _: "no",
        new_playback=lambda: None,
        fills_silence=False,
        format=None,
        most_calls=500,
        grace_s=1.0,
        keeper_patience_s=10.0,
        runtime_dir=None,
    )
    inbound = list_inbound(settings, plan.addresses)
    listener = Listener(plan, Bus(), clock=time.monotonic, inbound=inbound)
    running = asyncio.ensure_future(listener.run(lambda *_: None))
    try:
        yield
    finally:
        listener.stopping.set()
        await running


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _show_spread(what: str, goal_ms: int, seconds: list[float]) -> list[str]:
    """Return a row: p50, p95 and the longest."""
    ms = sorted(one * 1000 for one in seconds)
    p95 = statistics.quantiles(ms, n=20)[18]
    return [what, f"{statistics.median(ms):.0f}", f"{p95:.0f}", f"{ms[-1]:.0f}", str(goal_ms)]


async def _at_once(recordings: Path) -> tuple[list[str], str]:
    """Let 20 calls be answered in one moment, and tap all."""
    heard = _Heard()
    with mock.patch.object(ari_call, "Inbox", heard.listen()):
        async with _open_pbx() as pbx, _watch(pbx, recordings):
            await asyncio.sleep(1.0)
            begun = _cpu_s()
            for _ in range(CALLS):
                pbx.call()
            await heard.wait_for(2 * CALLS)
            before = _cpu_s()
            setting_up = before - begun
            await asyncio.sleep(STEADY_S)
            steady = (_cpu_s() - before) / STEADY_S
            told = await pbx.end()
    took = [heard.first[name] - asked for name, asked in told["asked"].items() if asked]
    row = _show_spread("40 taps at once: first request to first sample, ms", 300, took)
    share = f"{steady / (2 * CALLS) * 100:.2f} % of a core a tap ({steady * 100:.0f} % for all)"
    each = f"to set one up took {setting_up / (2 * CALLS) * 1000:.1f} ms of CPU"
    return row, f"{share}; {each}; the stand-in used {told['cpu_s']:.1f} s of CPU in all"


async def _one_by_one(recordings: Path) -> list[str]:
    """Let calls be answered one after the other beside those that are tapped, and measure from the answer."""
    heard = _Heard()
    with mock.patch.object(ari_call, "Inbox", heard.listen()):
        async with _open_pbx() as pbx, _watch(pbx, recordings):
            await asyncio.sleep(1.0)
            for _ in range(CALLS):
                pbx.call()
                await asyncio.sleep(EVERY_S)
            await heard.wait_for(2 * CALLS)
            told = await pbx.end()
    took = [heard.first[name] - answered for name, answered in told["answered"].items()]
    return _show_spread("a call is noticed: answer to first sample, ms", 200, took)


async def run() -> None:
    """Measure, and show the figures."""
    pin(0)
    show("## Taps through ARI")
    show()
    with tempfile.TemporaryDirectory() as folder:
        at_once, cpu = await _at_once(Path(folder) / "at-once")
        one_by_one = await _one_by_one(Path(folder) / "one-by-one")
    show_table(["", "p50", "p95", "most", "goal (p95)"], [at_once, one_by_one])
    show(f"CPU while 40 taps record: {cpu}.")
    show()
