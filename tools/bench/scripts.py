"""How long the migration and searches take, and how large the database gets, in scripts whose characters are indexed one by one."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from streamer.config import Settings
from streamer.store import Reader, open_reader, open_store
from streamer.store.sqlite import migrations
from tools.bench.machine import show, show_table

SEGMENTS = 100_000
WORDS_A_SEGMENT = 11
VOCABULARY = 10_000
ROUNDS = 40
LEG_MS = 1_000_000_000

_NUMBER_WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "twenty",
    "thirty",
    "hundred",
]

_Spell = Callable[[random.Random], str]


def _spell_chinese(rng: random.Random) -> str:
    """A word of one or two of 3,000 characters, the first of which are common."""
    count = 1 + (rng.random() < 0.7)
    return "".join(chr(0x4E00 + int(3000 * rng.random() ** 3)) for _ in range(count))


def _spell_thai(rng: random.Random) -> str:
    count = rng.randint(1, 3)
    return "".join(
        chr(0x0E01 + int(44 * rng.random() ** 2))
        + rng.choice(("", "\u0e31", "\u0e35", "\u0e48", "\u0e32"))
        for _ in range(count)
    )


def _spell_korean(rng: random.Random) -> str:
    stem = "".join(
        chr(0xAC00 + 28 * int(399 * rng.random() ** 2)) for _ in range(rng.randint(1, 3))
    )
    return stem + rng.choice(("", "을", "이", "에서", "는")) + " "


def _spell_arabic(rng: random.Random) -> str:
    letters = "اليمونرتبةعدسفهكقحجشطصزخضذثءظغ"
    root = "".join(letters[int(len(letters) * rng.random() ** 2)] for _ in range(rng.randint(2, 5)))
    return rng.choice(("", "ال", "وال", "ب")) + root + " "


def _spell_english(rng: random.Random) -> str:
    syllables = (
        rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") for _ in range(rng.randint(1, 4))
    )
    return "".join(syllables) + " "


def _spell_english_numbers(rng: random.Random) -> str:
    """Every tenth word of the common ones is a number, in words or in figures."""
    if rng.random() < 0.9:
        return _spell_english(rng)
    return rng.choice((*_NUMBER_WORDS, str(rng.randint(0, 99)))) + " "


SPELLINGS: dict[str, _Spell] = {
    "English": _spell_english,
    "English, numbers": _spell_english_numbers,
    "Chinese": _spell_chinese,
    "Thai": _spell_thai,
    "Korean": _spell_korean,
    "Arabic": _spell_arabic,
}


async def _fill(path: Path, vocabulary: Sequence[str], language: str) -> None:
    """Make a database as an older streamer left it."""
    newest = migrations.MIGRATIONS
    migrations.MIGRATIONS = tuple(m for m in newest if m.__name__ < "m006")
    try:
        async with open_store(Settings(db=str(path))):
            pass
    finally:
        migrations.MIGRATIONS = newest
    weights = 1 / (np.arange(VOCABULARY) + 2.7)
    shape = (SEGMENTS, WORDS_A_SEGMENT)
    spoken = np.random.default_rng(1).choice(np.array(vocabulary), shape, p=weights / weights.sum())
    rows = [
        (LEG_MS + 4000 * n, n, 64_000 * n, language, "".join(said).strip())
        for n, said in enumerate(spoken)
    ]
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO call (id, source, started_at, folder) VALUES ('c', 'file', '1970-01-12T13:46:40.000Z', '/c')"
        )
        db.execute(
            "INSERT INTO leg (id, call, number, label, channel, rate, recording) VALUES (1, 'c', 0, 'caller', 'x', 8000, 'c.wav')"
        )
        db.executemany(
            """
            INSERT INTO segment (id, leg, utterance, start, end, language, text, words)
            VALUES (?, 1, ?, ?, 0, ?, ?, '[]')
            """,
            rows,
        )


async def _time_searches(reader: Reader, queries: Sequence[str]) -> list[float]:
    times = []
    for query in queries:
        began = time.perf_counter()
        await reader.search(query)
        times.append((time.perf_counter() - began) * 1000)
    return times


def _show_times(times: Sequence[float]) -> str:
    median, high = np.percentile(times, (50, 95))
    return f"{median:.1f}, {high:.1f}, {max(times):.1f}"


async def _bench(folder: Path, name: str, spell: _Spell) -> list[str]:
    rng = random.Random(1)
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        words[spell(rng)] = None
    vocabulary, path = list(words), folder / f"{name}.sqlite3"
    await _fill(path, vocabulary, "en" if name.startswith("English") else "")
    before = path.stat().st_size
    began = time.perf_counter()
    async with open_store(Settings(db=str(path))):
        took = time.perf_counter() - began
    async with open_reader(Settings(db=str(path))) as reader:
        common = await _time_searches(reader, rng.choices(vocabulary[:10], k=ROUNDS))
        rare = await _time_searches(reader, rng.choices(vocabulary[5000:], k=ROUNDS))
        both = [
            a + " " + b
            for a, b in zip(rng.choices(vocabulary[:50], k=ROUNDS), vocabulary[2000:], strict=False)
        ]
        pairs = await _time_searches(reader, both)
    sizes = f"{before / 1e6:.0f}", f"{path.stat().st_size / 1e6:.0f}"
    return [name, f"{took:.1f}", *sizes, *map(_show_times, (common, rare, pairs))]


async def run() -> None:
    """Generate a database a script in a temporary folder, measure, and remove them."""
    show(f"## Scripts without blanks: {SEGMENTS:,} segments of {WORDS_A_SEGMENT} words each")
    show()
    with tempfile.TemporaryDirectory(prefix="streamer-bench-") as folder:
        rows = [await _bench(Path(folder), *spelling) for spelling in SPELLINGS.items()]
    headings = [
        "",
        "migration s",
        "MB before",
        "MB after",
        "a common word: p50, p95, max ms",
        "a rare word",
        "both",
    ]
    show_table(headings, rows)
