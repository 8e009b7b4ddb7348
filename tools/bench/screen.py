"""How soon the screen is there, how soon it answers a key, and what it costs, in a real terminal beside a call that goes on.

The call has 10,000 lines already and two legs that speak the bundled call over and over, which the screen's own backend transcribes.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import tempfile
import time
from pathlib import Path

import psutil

from streamer.cli.demo import demo_call
from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.core.events import SPEECH_RATE, EndReason, Segment, Word
from streamer.media.decode import decode_tracks
from streamer.media.timeline import Silence
from streamer.recording.writer import Recording, create_recording
from streamer.store import Store, open_store
from tools.bench.live import quantile
from tools.bench.machine import show, show_table
from tools.terminal import Terminal, open_terminal

LINES = 10_000
LEGS = (Leg("caller", "Bench/call;1"), Leg("agent", "Bench/call;2"))
STARTS = 9
KEYS = 100
WATCHED_S = 30.0
_LINE_S = 4
_FRAME_S = 0.1
_MARK = re.compile(rb"mark(\d{5})")


async def _measure_start(recordings: Path, *arguments: str, sign: bytes) -> list[float]:
    found = []
    for _ in range(STARTS):
        began = time.monotonic()
        async with open_terminal(*arguments) as terminal:
            found.append(await terminal.until(lambda written: sign in written) - began)
            terminal.type(b"q")
            await terminal.process.wait()
    return found


async def _keep_lines(store: Store, recording: Recording) -> None:
    call = recording.call
    await store.keep_call(call, recording.folder, recording.paths)
    for number in range(1, LINES // 2 + 1):
        for rank, leg in enumerate(LEGS):
            line = 2 * number + rank
            start = (number * 2 + rank) * _LINE_S // 2 * SPEECH_RATE
            texts = [
                f"mark{line:05}",
                *[
                    "and",
                    "some",
                    "more",
                    "words",
                    "that",
                    "make",
                    "a",
                    "line",
                    "of",
                    "usual",
                    "length",
                ],
            ]
            words = tuple(
                Word(text, start + n * 3000, start + n * 3000 + 2900, 0.9)
                for n, text in enumerate(texts)
            )
            segment = Segment(leg.label, number, start, words[-1].end, words)
            await store.keep_segment(
                call.id, leg.label, segment, position=segment.end, utterance=number
            )


async def _speak(recording: Recording, tracks: list[bytes]) -> None:
    """Append the bundled call to the recording in real time, over and over."""
    size = round(_FRAME_S * SPEECH_RATE) * 2
    began = time.monotonic()
    number = 0
    while True:
        for leg, track in enumerate(tracks):
            at = number * size % (len(track) - size)
            recording.append(leg, [track[at - at % 2 : at - at % 2 + size]])
        number += 1
        await asyncio.sleep(max(0.0, began + number * _FRAME_S - time.monotonic()))


async def _measure_keys(terminal: Terminal) -> tuple[list[float], list[float]]:
    """Return how long a jump from the newest to the first line takes, and how long the next page."""
    jumps, pages = [], []
    for _ in range(KEYS // 2):
        terminal.type(b"G")
        await asyncio.sleep(0.1)
        began = time.monotonic()
        terminal.type(b"g")
        jumps.append(await terminal.until(lambda written: b"mark00002" in written) - began)
        await asyncio.sleep(0.05)
    seen = max(int(mark) for mark in _MARK.findall(terminal.written))
    for _ in range(KEYS):
        began = time.monotonic()
        terminal.type(b"\x1b[6~")
        last = seen
        pages.append(
            await terminal.until(
                lambda written, last=last: any(int(m) > last for m in _MARK.findall(written))  # type: ignore[misc]
            )
            - began
        )
        await asyncio.sleep(0.05)
        seen = max(int(mark) for mark in _MARK.findall(terminal.written))
    return jumps, pages


async def _measure_live(folder: Path) -> tuple[list[float], list[float], float]:
    recordings = folder / "recordings"
    recording = create_recording(recordings, source="bench", url="", legs=LEGS)
    tracks = [bytes(track) for track in decode_tracks(demo_call())]
    for leg in range(len(LEGS)):
        recording.count(leg, b"\0\0", arrival=0.0)
        recording.append(leg, [Silence((LINES + 4) * _LINE_S // 2 * SPEECH_RATE)])
    async with open_store(Settings(recordings=str(recordings))) as store:
        await _keep_lines(store, recording)
    speaking = asyncio.ensure_future(_speak(recording, tracks))
    try:
        arguments = ["watch", "--recordings", str(recordings), "--model", "demo"]
        async with open_terminal(*arguments) as terminal:
            await terminal.until(lambda written: b"1 live" in written)
            await asyncio.sleep(0.5)
            terminal.type(b"\r")
            await terminal.until(lambda written: b"technical" in written)
            process = psutil.Process(terminal.process.pid)
            before = process.cpu_times()
            await asyncio.sleep(WATCHED_S)
            after = process.cpu_times()
            share = (after.user + after.system - before.user - before.system) / WATCHED_S
            jumps, pages = await _measure_keys(terminal)
    finally:
        speaking.cancel()
        await asyncio.wait([speaking])
        recording.finish(EndReason.STOPPED)
    return jumps, pages, share


def _row(what: str, values: list[float], goal: str) -> list[str]:
    half, most = 1000 * statistics.median(values), 1000 * quantile(values, 95)
    return [what, f"{half:.0f} ms", f"{most:.0f} ms", f"{1000 * max(values):.0f} ms", goal]


async def run() -> None:
    """Measure and print."""
    show("## Screen")
    show()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        empty = str(folder / "empty")
        hello = await _measure_start(folder, "demo", sign=b"opening")
        demo = await _measure_start(folder, "demo", sign=b"Demo/call")
        calls = await _measure_start(folder, "watch", "--recordings", empty, sign=b"calls")
        jumps, pages, share = await _measure_live(folder)
    show_table(
        ["", "half", "95 of 100", "most", "goal"],
        [
            _row("first word, `demo`", hello, "300 ms"),
            _row("first screen, `demo`", demo, "1 s"),
            _row("first screen, `watch`", calls, "1 s"),
            _row(f"`g` from the newest of {LINES:,} lines to the first", jumps, "50 ms"),
            _row("`PgDn` among them", pages, "50 ms"),
        ],
    )
    show(
        f"CPU of the screen's process during two live legs, its backend included and its engine not: {share:.1%} of a core (goal <= 10 %)."
    )
    show()
