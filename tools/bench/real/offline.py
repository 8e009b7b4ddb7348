"""Whole files: `streamer transcribe` beside faster-whisper's `transcribe()` and its batched pipeline, each a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.events import SPEECH_RATE
from tools.bench.machine import show, show_table
from tools.bench.real.leg_sets import ALL_PROMPTS, ANSWERS, SENTENCES, LegSet
from tools.bench.real.legs import SpokenLeg
from tools.bench.real.materials import fetch_model
from tools.bench.real.measures import bootstrap_difference, count_by_utterance
from tools.bench.real.results import Results

OURS = "streamer transcribe"
THEIRS = "faster-whisper"
BATCHED = "faster-whisper, batched"
_SETS = (SENTENCES, ANSWERS, ALL_PROMPTS)


async def run(results: Results, models: Sequence[str]) -> None:
    """Print the table."""
    rows = [await _row(results, model, leg_set) for model in models for leg_set in _SETS]
    show("Whole files, as processes with start and loading; in brackets the work alone:")
    show()
    show_table(
        [
            "model, legs",
            "audio s",
            *(f"{who}: WER, s" for who in (OURS, THEIRS, BATCHED)),
            "WER - faster-whisper's (95 %)",
            "time / its",
        ],
        rows,
    )


async def _row(results: Results, model: str, leg_set: LegSet) -> list[str]:
    legs = leg_set.legs(results.limit_s)
    read = {who: [await read_whole(results, who, model, leg) for leg in legs] for who in _READERS}
    ours, theirs = (count_all(legs, [one["text"] for one in read[who]]) for who in (OURS, THEIRS))
    took = {who: sum(one["process_s"] for one in read[who]) for who in read}
    return [
        f"{model}, {leg_set.title}",
        f"{sum(leg.seconds for leg in legs):.0f}",
        *(_describe(legs, read[who]) for who in read),
        explain_difference(ours, theirs),
        f"{took[OURS] / took[THEIRS]:.2f}",
    ]


def _describe(legs: Sequence[SpokenLeg], read: Sequence[dict[str, Any]]) -> str:
    wer = rate(count_all(legs, [one["text"] for one in read]))
    alone = sum(one["alone_s"] or 0.0 for one in read)
    work = f" ({alone:.1f})" if alone else ""
    return f"{wer:.1f} %, {sum(one['process_s'] for one in read):.1f}{work}"


def count_all(legs: Sequence[SpokenLeg], texts: Sequence[str]) -> list[tuple[int, int]]:
    """Return errors and words of each utterance of several legs."""
    return [
        one for leg, text in zip(legs, texts, strict=True) for one in count_by_utterance(leg, text)
    ]


def rate(counts: Sequence[tuple[int, int]]) -> float:
    """Return the word error rate in percent."""
    return 100 * sum(errors for errors, _ in counts) / max(1, sum(words for _, words in counts))


def explain_difference(ours: Sequence[tuple[int, int]], theirs: Sequence[tuple[int, int]]) -> str:
    """Return a difference in points with its interval."""
    points, low, high = bootstrap_difference(ours, theirs)
    return f"{points:+.1f} ({low:+.1f} to {high:+.1f})"


async def read_whole(results: Results, who: str, model: str, leg: SpokenLeg) -> dict[str, Any]:
    """Return what one of the readers makes of a leg: its text and how long it took."""

    async def read() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{leg.name}.wav"
            write_wav(path, leg)
            return await _READERS[who](fetch_model(model), path, leg.language)

    read_by: dict[str, Any] = await results.take(
        "offline", who.replace(",", ""), model, leg.name, make=read
    )
    return read_by


def write_wav(path: Path, leg: SpokenLeg) -> None:
    """Write a leg as a WAV of its rate."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, SAMPLE_WIDTH, SPEECH_RATE, 0, "NONE", ""))
        file.writeframes(leg.audio.tobytes())


async def _read_ours(model: Path, wav: Path, language: str) -> dict[str, Any]:
    config = wav.with_suffix(".toml")
    config.touch()
    flags = ["--format", "json", "--language", language, "--config", str(config)]
    out, took = await _time("-m", "streamer", "transcribe", *flags, "--model", str(model), str(wav))
    text = " ".join(segment["text"] for segment in json.loads(out)["segments"])
    return {"text": text, "process_s": took, "alone_s": None}


async def _read_theirs(model: Path, wav: Path, language: str, *flags: str) -> dict[str, Any]:
    module = ["-m", "tools.bench.real.whole"]
    out, took = await _time(*module, str(model), str(wav), language, *flags)
    return {**json.loads(out.splitlines()[-1]), "process_s": took}


async def _read_batched(model: Path, wav: Path, language: str) -> dict[str, Any]:
    return await _read_theirs(model, wav, language, "batched")


async def _time(*arguments: str) -> tuple[str, float]:
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} has ended with {process.returncode}")
    return out.decode(), time.perf_counter() - began


_READERS = {OURS: _read_ours, THEIRS: _read_theirs, BATCHED: _read_batched}
