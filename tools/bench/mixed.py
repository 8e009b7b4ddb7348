"""How many two-way calls of chan_websocket one `serve` bears beside AudioSocket and Yeastar, next to the server that everybody writes
first."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import wave
from pathlib import Path
from typing import Any

from streamer.wire.protocols import AUDIOSOCKET
from tools.bench.callers import RATE
from tools.bench.listening import Server, hello, listening
from tools.bench.machine import show, show_table
from tools.bench.pbx import noise
from tools.bench.recording import check_wavs, last_line, start

SECONDS = 30.0
BESIDE = {"audiosocket": 20, "yeastar": 10}
"""Calls of other protocols beside those of chan_websocket."""

STEPS = (80, 120, 160, 200)
"""Calls of chan_websocket at once; the last that the other server holds is where it ends."""

EVEN_MS = 40.0
"""A server holds as many calls as get a frame at least so often, at the 99th percentile of the median call."""


async def _load(server: Server, calls: dict[str, int], wav: Path) -> dict[str, dict[str, Any]]:
    """Call the server in all ways at once, and return what the callers saw of each way, and under `server` what it cost."""
    callers = {}
    for source, count in calls.items():
        if source == AUDIOSOCKET.name:
            arguments = ["tools.bench.callers", str(server.ports[1]), str(count), str(SECONDS)]
        else:
            path = "yeastar" if source == "yeastar" else "media"
            url = f"ws://127.0.0.1:{server.ports[0]}/{path}"
            arguments = ["tools.bench.web_callers", url, source, str(count), str(wav)]
        callers[source] = await start([sys.executable, "-m", *arguments])
    await asyncio.sleep(SECONDS * 0.8)
    rss = server.process.memory_info().rss / 2**20
    reports = {source: await last_line(process) for source, process in callers.items()}
    cpu = sum(server.process.cpu_times()[:2]) - server.cpu_idle_s
    count = sum(calls.values())
    cost = {
        "cpu": f"{cpu / SECONDS * 100:.0f} % of a core ({cpu / SECONDS * 100 / count:.2f} a call)",
        "rss": f"{rss:.0f} MB ({(rss - server.rss_idle_mb) / count:.2f} a call)",
    }
    return {**reports, "server": cost}


def _holds(report: dict[str, Any], calls: int) -> bool:
    return bool(report["p99_ms"] <= EVEN_MS) and len(report["returned"]) == calls


async def _step(calls: int, wav: Path) -> tuple[bool, list[str], list[str]]:
    """Make so many calls to either server; return whether the other holds them, and a row for each."""
    sent = noise(SECONDS / 2)
    with tempfile.TemporaryDirectory(prefix="streamer-bench-") as name:
        folder = Path(name)
        async with listening(folder, "websocket", AUDIOSOCKET.name, tone_hz=440) as server:
            ours = await _load(server, {"chan-websocket": calls, **BESIDE}, wav)
        exact, silence = check_wavs(folder, sent=sent)
    with tempfile.TemporaryDirectory(prefix="streamer-bench-") as name:
        raw = Path(name)
        async with hello("tools.bench.hello_websocket", raw) as server:
            theirs = await _load(server, {"chan-websocket": calls}, wav)
        exact_too = _count_whole(raw, sent)
    total = calls + sum(BESIDE.values())
    beside = " + ".join(map(str, (calls, *BESIDE.values())))
    holds = _holds(theirs["chan-websocket"], calls) and exact_too == calls
    return (
        holds,
        [f"streamer, {beside}", f"{exact} of {total}", f"{silence:.2f} s", *_row(ours)],
        [f"hello world, {calls}", f"{exact_too} of {calls}", "no clock", *_row(theirs)],
    )


def _count_whole(folder: Path, sent: bytes) -> int:
    whole = 0
    for path in folder.glob("*.wav"):
        with wave.open(str(path)) as wav:
            whole += wav.readframes(wav.getnframes()) == sent
    return whole


def _row(reports: dict[str, dict[str, Any]]) -> list[str]:
    seen, cost = reports["chan-websocket"], reports["server"]
    ends = ", ".join(f"{count} {name.lower()}" for name, count in seen["endings"].items())
    return [
        f"{seen['p99_ms']:.1f} / {seen['worst_p99_ms']:.1f} / {seen['most_ms']:.0f} ms",
        f"{seen['lateness_ms']:.0f} ms",
        cost["cpu"],
        cost["rss"],
        ends,
    ]


async def run() -> None:
    """Print the report."""
    show("## Calls over WebSockets")
    show()
    rows = []
    with tempfile.TemporaryDirectory(prefix="streamer-bench-") as folder:
        path = Path(folder) / "noise.wav"
        with wave.open(str(path), "wb") as wav:
            wav.setparams((1, 2, RATE, 0, "NONE", ""))
            wav.writeframes(noise(SECONDS / 2))
        for calls in STEPS:
            holds, ours, theirs = await _step(calls, path)
            rows += [ours, theirs]
            if not holds:
                break
    show(
        f"Calls at real time for {SECONDS:.0f} s, the server on one core, the callers on the other; chan_websocket and AudioSocket"
        " both ways, beside them Yeastar's:"
    )
    show()
    show_table(
        [
            "",
            "calls with every sample that was sent",
            "most silence put into one",
            "spacing p99 of the median / worst call / longest",
            "latest message of the callers",
            "CPU",
            "memory",
            "ends",
        ],
        rows,
    )
