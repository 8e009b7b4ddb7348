"""How many two-way calls a listener bears on one core, and how even its 20 ms are, beside the server that everybody writes first."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from streamer.config import Settings
from streamer.tap.listen_plan import ListenAddress, ListenOptions
from streamer.tap.messages import ListeningBegun, parse_message
from streamer.wire.protocols import AUDIOSOCKET
from tools.bench.machine import show, show_table
from tools.bench.pbx import noise
from tools.bench.recording import check_wavs, last_line, start

MANY_CALLS = 200
LOAD_CALLS = 50
SECONDS = 60.0


@dataclass
class Server:
    """A process to which calls come, on one core, and what it had used before the first."""

    process: psutil.Process
    ports: tuple[int, ...]
    rss_idle_mb: float
    cpu_idle_s: float


async def _begin(process: asyncio.subprocess.Process, *ports: int) -> Server:
    outcome = psutil.Process(process.pid)
    if hasattr(outcome, "cpu_affinity"):
        outcome.cpu_affinity([0])
    rss, cpu = outcome.memory_info().rss / 2**20, sum(outcome.cpu_times()[:2])
    return Server(outcome, ports, rss, cpu)


@asynccontextmanager
async def listening(folder: Path, *sources: str, **options: Any) -> AsyncIterator[Server]:
    """Run our listener, with a port for each of the protocols, while the block lasts."""
    addresses = tuple(ListenAddress(source, "127.0.0.1", 0) for source in sources)
    module = [sys.executable, "-m", "streamer.tap.inbound_process"]
    process = await start(module, stdin=asyncio.subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    plan = {
        "settings": asdict(Settings(recordings=str(folder))),
        "options": asdict(ListenOptions(addresses, accepts_unknown=True, **options)),
    }
    process.stdin.write(json.dumps(plan).encode())
    process.stdin.close()
    ports = []
    for _ in sources:
        said = parse_message(await process.stdout.readline())
        assert isinstance(said, ListeningBegun)
        ports.append(int(said.address.rpartition(":")[2]))
    try:
        yield await _begin(process, *ports)
    finally:
        process.terminate()
        await process.communicate()


@asynccontextmanager
async def hello(module: str, folder: Path) -> AsyncIterator[Server]:
    """Run the server that everybody writes first while the block lasts."""
    process = await start([sys.executable, "-m", module, str(folder)])
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    try:
        yield await _begin(process, port)
    finally:
        process.kill()
        await process.communicate()


async def _load(server: Server, calls: int) -> dict[str, Any]:
    """Call the server, and return what the callers saw and what it cost."""
    arguments = [str(server.ports[0]), str(calls), str(SECONDS)]
    callers = await start([sys.executable, "-m", "tools.bench.callers", *arguments])
    await asyncio.sleep(SECONDS * 0.8)
    rss = server.process.memory_info().rss / 2**20
    report = await last_line(callers)
    cpu = sum(server.process.cpu_times()[:2]) - server.cpu_idle_s
    return {
        **report,
        "rss_mb": rss,
        "cpu": cpu / SECONDS * 100,
        "per_call": rss - server.rss_idle_mb,
    }


async def bench_many(folder: Path) -> None:
    """Make 200 calls at once, to our listener and then to the other."""
    sent = noise(SECONDS / 2)
    async with listening(folder, AUDIOSOCKET.name) as server:
        ours = await _load(server, MANY_CALLS)
    exact, silence = check_wavs(folder, sent=sent)
    raw = folder / "raw"
    raw.mkdir()
    async with hello("tools.bench.hello_audiosocket", raw) as server:
        theirs = await _load(server, MANY_CALLS)
    exact_too = 0
    for path in raw.glob("*.wav"):
        with wave.open(str(path)) as wav:
            exact_too += wav.readframes(wav.getnframes()) == sent
    show(f"{MANY_CALLS} two-way calls at real time for {SECONDS:.0f} s, the server on one core:")
    show()
    show_table(
        ["", "streamer's listener", "hello world, a task a direction"],
        [
            ["calls with every sample that was sent", f"{exact} of {MANY_CALLS}", f"{exact_too}"],
            ["most silence put into a call", f"{silence:.2f} s", "no clock"],
            ["ends of the calls", _ends(ours), _ends(theirs)],
            ["frames sent back, of those that were due", _share(ours), _share(theirs)],
            ["mean spacing of the calls", _means(ours), _means(theirs)],
            ["spacing p99, median call / worst call", _p99(ours), _p99(theirs)],
            ["longest spacing", f"{ours['most_ms']:.0f} ms", f"{theirs['most_ms']:.0f} ms"],
            ["latest frame of the callers themselves", _late(ours), _late(theirs)],
            ["CPU", f"{ours['cpu']:.0f} % of a core", f"{theirs['cpu']:.0f} % of a core"],
            ["memory", _memory(ours), _memory(theirs)],
        ],
    )


async def bench_tone(folder: Path) -> None:
    """Send a tone back to 50 calls for 60 s."""
    async with listening(folder, AUDIOSOCKET.name, tone_hz=440) as server:
        report = await _load(server, LOAD_CALLS)
    whole = sum(report["owed"] - 2 <= count <= report["owed"] + 1 for count in report["returned"])
    show(
        f"{SECONDS:.0f} s of tone sent back to {LOAD_CALLS} calls: {whole} got all of it, mean spacing {_means(report)}, p99"
        f" {_p99(report)}, ends {_ends(report)}"
    )
    show()


def _ends(report: dict[str, Any]) -> str:
    return ", ".join(f"{count} {name.lower()}" for name, count in report["endings"].items())


def _share(report: dict[str, Any]) -> str:
    return f"{sum(report['returned']) / report['owed'] / len(report['returned']) * 100:.2f} %"


def _means(report: dict[str, Any]) -> str:
    return f"{min(report['mean_ms']):.2f} to {max(report['mean_ms']):.2f} ms"


def _p99(report: dict[str, Any]) -> str:
    return f"{report['p99_ms']:.1f} / {report['worst_p99_ms']:.1f} ms"


def _late(report: dict[str, Any]) -> str:
    return f"{report['lateness_ms']:.0f} ms"


def _memory(report: dict[str, Any]) -> str:
    return f"{report['rss_mb']:.0f} MB ({report['per_call'] / MANY_CALLS:.2f} a call)"


async def run() -> None:
    """Print the report."""
    show("## Listening")
    show()
    for bench in (bench_many, bench_tone):
        with tempfile.TemporaryDirectory(prefix="streamer-bench-") as folder:
            await bench(Path(folder))
