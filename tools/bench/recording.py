"""How much a tap costs and whether it loses anything, beside the client that everybody writes first."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from streamer.media.wav import HEADER_SIZE
from streamer.recording.folder import CallFolder
from streamer.recording.reader import list_wavs
from tools.bench.machine import show, show_table
from tools.bench.pbx import channel_name, noise

MANY_LEGS = 400
PROCESSES = 30
SECONDS = 20.0
FROZEN_S = 120.0
STREAMER = [sys.executable, "-m", "streamer"]


async def start(arguments: Sequence[str], **options: Any) -> asyncio.subprocess.Process:
    """Start a process whose stdout is read."""
    return await asyncio.create_subprocess_exec(
        *arguments, stdout=asyncio.subprocess.PIPE, **options
    )


async def _start_pbx(channels: int, seconds: float) -> tuple[asyncio.subprocess.Process, str]:
    pbx = await start([sys.executable, "-m", "tools.bench.pbx", str(channels), str(seconds)])
    assert pbx.stdout is not None
    port = (await pbx.stdout.readline()).decode().strip()
    return pbx, f"ws://127.0.0.1:{port}/ws"


async def last_line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """Return the JSON that a process has printed last, empty if it has printed none."""
    out, _ = await process.communicate()
    lines = out.decode().splitlines()
    report: dict[str, Any] = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    return report


def check_wavs(folder: Path, *, sent: bytes) -> tuple[int, float]:
    """Return how many legs' WAVs hold every sample sent in its order, and the most silence put into one, in seconds."""
    whole, most = 0, 0.0
    for call in sorted(path.parent for path in folder.glob("*/call.json")):
        most = max(
            [most, *(leg["silence"] / leg["rate"] for leg in CallFolder(call).read()["legs"])]
        )
        whole += sum(
            _without_silence(wav.read_bytes()[HEADER_SIZE:], sent) == sent
            for wav in list_wavs(call)
        )
    return whole, most


def _without_silence(recorded: bytes, sent: bytes) -> bytes:
    """Take the silence out again that stands between the samples of `sent`, which is noise."""
    kept = b""
    while recorded and len(kept) < len(sent):
        same = _common_length(recorded, sent[len(kept) :])
        kept += recorded[:same]
        recorded = recorded[same:].lstrip(b"\x00")
        if not same and not recorded.startswith(sent[len(kept) : len(kept) + 8]):
            break
    return kept


def _common_length(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


async def bench_help() -> None:
    """Time `streamer --help`."""
    took = []
    for _ in range(10):
        began = time.perf_counter()
        process = await start([*STREAMER, "--help"])
        await process.communicate()
        took.append(time.perf_counter() - began)
    show(f"`streamer --help`: median of ten {statistics.median(took):.2f} s (goal <= 0.35 s)")
    show()


async def bench_one_tap(folder: Path) -> None:
    """Record 400 legs in one tap, then the same channels with a thread each in the hello-world client."""
    sent = noise(SECONDS)
    pbx, url = await _start_pbx(MANY_LEGS, SECONDS)
    tap = await start(
        [sys.executable, "-m", "tools.bench.one_tap", url, str(MANY_LEGS), str(folder)]
    )
    ours, judged = await last_line(tap), await last_line(pbx)
    exact, silence = check_wavs(folder, sent=sent)
    pbx, url = await _start_pbx(MANY_LEGS, SECONDS)
    raw = folder / "raw"
    raw.mkdir()
    hello = await start(
        [sys.executable, "-m", "tools.bench.hello", url, str(raw), "0", str(MANY_LEGS - 1)]
    )
    theirs, judged_too = await last_line(hello), await last_line(pbx)
    exact_too = sum(path.read_bytes() == sent for path in raw.glob("*.raw"))
    show(
        f"{MANY_LEGS} legs at real time for {SECONDS:.0f} s, one process, {MANY_LEGS * 50} frames/s:"
    )
    show()
    legs, ms = MANY_LEGS, "ms"
    show_table(
        ["", "one tap, pinned to one core", "hello world, a thread a leg"],
        [
            [
                "legs with every sample that was sent",
                f"{exact} of {legs}",
                f"{exact_too} of {legs}",
            ],
            [
                "most silence put into a leg (they begin one after the other)",
                f"{silence:.2f} s",
                "no clock",
            ],
            [
                "event-loop lag p99 / max",
                f"{ours['lag_p99_ms']:.0f} / {ours['lag_max_ms']:.0f} {ms}",
                "-",
            ],
            ["CPU per leg", f"{_share(ours):.2f} % of a core", f"{_share(theirs):.2f} % of a core"],
            ["memory", _memory(ours), _memory(theirs)],
            ["harm that the PBX saw", str(judged["reports"]), str(judged_too["reports"])],
        ],
    )


def _share(report: dict[str, Any]) -> float:
    return float(report["cpu_s"]) / SECONDS / MANY_LEGS * 100


def _memory(report: dict[str, Any]) -> str:
    return f"{report['rss_mb']:.0f} MB ({report['rss_mb'] / MANY_LEGS:.2f} a leg)"


async def bench_processes(folder: Path) -> None:
    """Run 30 `streamer record` at once, then 30 hello-world clients."""
    sent = noise(SECONDS)
    pbx, url = await _start_pbx(PROCESSES, SECONDS)
    flags = ["--url", url, "--recordings", str(folder), "--quiet"]
    processes = [
        await start([*STREAMER, "record", channel_name(n), *flags]) for n in range(PROCESSES)
    ]
    ours = await _watch(processes)
    await last_line(pbx)
    exact, _ = check_wavs(folder, sent=sent)
    pbx, url = await _start_pbx(PROCESSES, SECONDS)
    raw = folder / "raw"
    raw.mkdir()
    hello = [sys.executable, "-m", "tools.bench.hello", url, str(raw)]
    theirs = await _watch([await start([*hello, str(n), str(n)]) for n in range(PROCESSES)])
    await last_line(pbx)
    exact_too = sum(path.read_bytes() == sent for path in raw.glob("*.raw"))
    show(f"{PROCESSES} processes at once, a leg each, {SECONDS:.0f} s:")
    show()
    show_table(
        ["", "streamer record", "hello world"],
        [
            [
                "legs with every sample that was sent",
                f"{exact} of {PROCESSES}",
                f"{exact_too} of {PROCESSES}",
            ],
            [
                "CPU per process, its start apart",
                f"{ours[0]:.1f} % of a core",
                f"{theirs[0]:.1f} % of a core",
            ],
            ["memory per process (RSS)", f"{ours[1]:.0f} MB", f"{theirs[1]:.0f} MB"],
        ],
    )


async def _watch(processes: Sequence[asyncio.subprocess.Process]) -> tuple[float, float]:
    """Return the mean CPU share in percent, and the mean memory in MB, over the middle of the run."""
    await asyncio.sleep(SECONDS * 0.4)
    outcome = [psutil.Process(process.pid) for process in processes]
    before = [sum(process.cpu_times()[:2]) for process in outcome]
    began = time.monotonic()
    await asyncio.sleep(SECONDS * 0.3)
    elapsed = time.monotonic() - began
    shares = [
        (sum(process.cpu_times()[:2]) - used) / elapsed * 100
        for process, used in zip(outcome, before, strict=True)
    ]
    memory = [process.memory_info().rss / 2**20 for process in outcome]
    await asyncio.gather(*(process.communicate() for process in processes))
    return statistics.mean(shares), statistics.mean(memory)


async def bench_frozen(folder: Path) -> None:
    """Stop a recorder for 120 s with SIGSTOP and see whether its call is read on."""
    pbx, url = await _start_pbx(1, FROZEN_S + 20)
    flags = ["--url", url, "--recordings", str(folder), "--quiet"]
    recorder = await start(
        [*STREAMER, "record", channel_name(0), *flags], stderr=asyncio.subprocess.PIPE
    )
    await asyncio.sleep(5)
    os.kill(recorder.pid, signal.SIGSTOP)
    await asyncio.sleep(FROZEN_S)
    os.kill(recorder.pid, signal.SIGCONT)
    await recorder.communicate()
    judged = await last_line(pbx)
    verdict = "unharmed" if judged["reports"] == 0 else f"harmed {judged['reports']} times"
    show(
        f"SIGSTOP for {FROZEN_S:.0f} s: the call is {verdict}, the recorder ends with {recorder.returncode} (lost)"
    )
    show()


async def run() -> None:
    """Print the report."""
    show("## Recording")
    show()
    await bench_help()
    for bench in (bench_one_tap, bench_processes, bench_frozen):
        with tempfile.TemporaryDirectory(prefix="streamer-bench-") as folder:
            await bench(Path(folder))
