"""Calls and segments to keep, and processes that keep them."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import streamer
from streamer.core.audio import Leg
from streamer.core.events import SPEECH_RATE, Call, Segment, Word
from streamer.store.sqlite.store import open_store

ROOT = Path(streamer.__file__).parents[1]
ZERO = datetime(2026, 11, 20, 13, 5, 38, 250_000, tzinfo=UTC)
LEGS = (Leg("caller", "PJSIP/100-00000001"), Leg("agent", "PJSIP/200-00000002", 8000))


def make_call(number=1, *, legs=LEGS, started_at=None, rings_s=None):
    """Calls begin an hour after each other."""
    moment = started_at or ZERO + timedelta(hours=number)
    zero_at = None if rings_s is None else moment + timedelta(seconds=rings_s)
    return Call(f"{moment:%Y%m%d-%H%M%S}-{number:04d}", "stream-channel", legs, moment, zero_at)


def say(text, *, leg="caller", utterance=1, at=1.0):
    """A segment whose words last a quarter of a second each."""
    start, step = round(at * SPEECH_RATE), SPEECH_RATE // 4
    words = tuple(
        Word(word, start + i * step, start + (i + 1) * step, 0.5)
        for i, word in enumerate(text.split())
    )
    return Segment(leg, utterance, start, start + len(words) * step, words)


async def keep_call(store, call):
    folder = Path("/recordings") / call.id
    await store.keep_call(call, folder, [folder / f"{leg.label}.wav" for leg in call.legs])
    return call


async def keep(store, call, *segments):
    """Keep a call with its segments."""
    await keep_call(store, call)
    for segment in segments:
        kept = await store.keep_segment(
            call.id, segment.leg, segment, position=segment.end, utterance=segment.utterance
        )
        assert kept
    return call


@asynccontextmanager
async def filled(path, *texts):
    """A store with one call of the caller's texts."""
    async with open_store(path) as store:
        lines = [say(text, utterance=i, at=i) for i, text in enumerate(texts, start=1)]
        yield store, await keep(store, make_call(), *lines)


def start_child(code, *arguments, **options):
    """Run Python code that can import the package, in a process of its own; its pipes are text."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **options,
    )


READER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN")
db.execute("SELECT count(*) FROM segment").fetchone()
print("reading", flush=True)
sys.stdin.read()
"""
"""A program that reads until its stdin ends."""
