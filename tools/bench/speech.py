"""How late words are, how right, and how many calls a core carries; beside the policy that most live Whisper tools use."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.bus import Bus
from streamer.calls.backend import open_backend, without_partials
from streamer.calls.session import run_session
from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.core.events import EndReason, Final
from streamer.recording.writer import create_recording
from streamer.speech.engine.models import demo_path, resolve_model
from streamer.speech.words.agreement import normalise
from tools.bench.gold import RATE, GoldCall, count_errors, judge, load_gold
from tools.bench.live import Measures, cores, measure, quantile
from tools.bench.machine import show, show_table
from tools.bench.peers import list_peers, run_peer

STEPS = (2, 4, 8, 12, 16)
STEP_SECONDS = 40.0
GOAL_P95_S = 2.0
NOISE_S = 75
_EARLY = "committed before their turn ended (turns > 3 s)"


async def run() -> None:
    """Print the report."""
    show("## Speech")
    show()
    show(
        "The bundled model on the bundled call (59 s, two legs, 153 words), at real time; latency in seconds after a word's end."
    )
    show()
    for name, is_telephone in (("16 kHz", False), ("8 kHz mu-law", True)):
        await _bench_call(name, is_telephone=is_telephone)
    await _bench_inventions()
    await _bench_steps()


async def _bench_call(name: str, *, is_telephone: bool) -> None:
    gold = load_gold(is_telephone=is_telephone)
    ours = await measure(gold)
    peers = [await _follow(command, gold) for command in list_peers().values()]
    offline = await asyncio.to_thread(_transcribe_whole, gold)
    seconds = sum(len(track) for track in gold.tracks) / 2 / RATE
    show(f"{name}; `transcribe()` of each whole leg offline, beam 5, with VAD: WER {offline:.1f} %")
    show()
    commits = [ours.commit, *(peer["commit"] for peer in peers)]
    wers = [ours.wer, *(peer["wer"] for peer in peers)]
    cpus = [ours.cpu_s, *(peer["cpu_s"] for peer in peers)]
    unknown = ["-"] * len(peers)
    flicker = f"{_flicker(ours):.1f} %; {ours.revisions}"
    show_table(
        ["", "streamer", *list_peers(), "goal"],
        [
            ["commit latency p50 / p95", *map(_pair, commits), "1.2 / 2.0"],
            ["first partial p50 / p95", _pair(ours.first_partial), *unknown, "0.7 / -"],
            ["final after its utterance p50 / p95", _pair(ours.final), *unknown, "- / 1.0"],
            ["WER of committed text", *(f"{wer:.1f} %" for wer in wers), "offline + 1.0 / + 1.5"],
            ["flicker; revisions", flicker, *unknown, "10 %; 0"],
            [_EARLY, _early(ours), *unknown, "60 %"],
            ["CPU seconds per audio second", *(f"{cpu / seconds:.3f}" for cpu in cpus), ""],
        ],
    )


def _pair(values: list[float]) -> str:
    return f"{quantile(values, 50):.2f} / {quantile(values, 95):.2f}"


def _flicker(measures: Measures) -> float:
    return 100 * measures.changed / max(1, measures.shown)


def _early(measures: Measures) -> str:
    return (
        f"{100 * measures.early / max(1, measures.long_words):.0f} % of {measures.long_words} words"
    )


async def _follow(command: Sequence[str], gold: GoldCall) -> dict[str, Any]:
    heard = await run_peer(command, gold.tracks, demo_path())
    commit, wer = judge(gold, [[(normalise(w), at) for w, at in leg] for leg in heard.legs])
    return {"commit": commit, "wer": wer, "cpu_s": heard.cpu_s}


def _transcribe_whole(gold: GoldCall) -> float:
    from faster_whisper import WhisperModel

    model = WhisperModel(str(demo_path()), device="cpu", compute_type="int8", cpu_threads=1)
    errors = words = 0
    for track, said in zip(gold.tracks, gold.words, strict=True):
        audio = np.frombuffer(track, np.int16).astype(np.float32) / 32768
        segments, _ = model.transcribe(
            audio, language="en", beam_size=5, vad_filter=True, condition_on_previous_text=False
        )
        heard = [normalise(word) for segment in segments for word in segment.text.split()]
        errors, words = errors + count_errors([w.text for w in said], heard), words + len(said)
    return 100 * errors / words


async def _bench_inventions() -> None:
    rows = []
    for name, sound in _sounds().items():
        words = await _count_words((sound * 32767).astype(np.int16).tobytes())
        rows.append([name, f"{words}", f"{words / NOISE_S * 60:.2f}"])
    show(
        f"Words invented in {NOISE_S} s of each of four sounds, 5 minutes in all (goal: 0.1 a minute):"
    )
    show()
    show_table(["", "words", "a minute"], rows)


def _sounds() -> dict[str, NDArray[np.float64]]:
    time = np.arange(NOISE_S * RATE) / RATE
    random = np.random.default_rng(1)
    ring = (np.sin(2 * np.pi * 440 * time) + np.sin(2 * np.pi * 480 * time)) / 4 * (time % 6 < 2)
    notes = 220 * 2 ** (random.integers(0, 12, NOISE_S * 2) / 12)
    tune = (
        sum(np.sin(2 * np.pi * h * np.repeat(notes, RATE // 2) * time) / h for h in (1, 2, 3)) / 8
    )
    return {
        "silence": np.zeros(len(time)),
        "white noise, -30 dB": random.normal(0, 0.03, len(time)),
        "ring-back": ring,
        "melody with harmonics": np.asarray(tune),
    }


async def _count_words(pcm: bytes) -> int:
    bus = Bus()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        settings = Settings(recordings=folder)
        backend = await stack.enter_async_context(
            open_backend(settings, resolve_model("demo"), bus)
        )
        with bus.subscribe(capacity=10_000) as events:
            recording = create_recording(Path(folder), source="file", url="", legs=(Leg("a", "a"),))
            recording.append(0, [pcm])
            recording.finish(EndReason.HANG_UP)
            await run_session(recording.folder, without_partials(backend), bus)
            bus.close()
            finals = [
                event.segment for event in [e async for e in events] if isinstance(event, Final)
            ]
    return sum(len(segment.words) for segment in finals)


async def _bench_steps() -> None:
    gold, rows = load_gold(), []
    for calls in STEPS:
        measures = await measure(gold, calls=calls, seconds=STEP_SECONDS)
        p95 = quantile(measures.commit, 95)
        busy = 100 * measures.cpu_s / STEP_SECONDS / cores()
        rows.append(
            [
                str(calls),
                f"{calls / cores():.1f}",
                _pair(measures.commit),
                f"{measures.wer:.1f} %",
                f"{busy:.0f} %",
            ]
        )
        if p95 > GOAL_P95_S:
            break
    show(
        f"Two-leg calls at once, {STEP_SECONDS:.0f} s each, on {cores()} cores (goal: 4 calls a core with commit p95 <= 2.0 s):"
    )
    show()
    show_table(["calls", "per core", "commit p50 / p95", "WER", "CPU of all cores"], rows)
