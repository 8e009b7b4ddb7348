"""How long a search, a page of calls and a final take in a store of a million segments, with another process reading."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.core.encoding import encode_time
from streamer.core.events import SPEECH_RATE, Call, Segment, Word
from streamer.errors import StoreError
from streamer.store import Filter, Reader, Store, open_reader, open_store
from tools.bench.machine import show, show_table

CALLS = 20_000
SEGMENTS_A_CALL = 50
VOCABULARY = 20_000
ROUNDS = 15
FINALS = 2000
PAUSE_S = 0.005
BATCH = 1000
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
LONGEST_PAUSE_S = 3600


@dataclass(frozen=True, slots=True)
class _Case:
    """A kind of search: its name, and a new one of its kind for each round."""

    name: str
    query: Callable[[], str]
    filter: Filter = Filter()


def _make_vocabulary(rng: random.Random) -> list[str]:
    """Return words from the most to the least common; the common ones are short, as in any language."""
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        syllables = 1 + (len(words) > 30) + (len(words) > 2000)
        words[
            "".join(
                rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") + rng.choice("nrst ")
                for _ in range(syllables)
            ).replace(" ", "")
        ] = None
    return list(words)


def _fill(path: Path, vocabulary: Sequence[str], numbers: np.random.Generator) -> datetime:
    """Insert the calls in large transactions, as the store would have one by one; return when the last one ended."""
    weights = 1 / (np.arange(VOCABULARY) + 2.7)
    words = np.array(vocabulary)
    now = BEGIN
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        for first in range(0, CALLS, BATCH):
            spoken = numbers.choice(words, BATCH * SEGMENTS_A_CALL * 20, p=weights / weights.sum())
            stream = iter(spoken.tolist())
            db.execute("BEGIN")
            for number in range(first, first + BATCH):
                now = _insert_call(db, number, now, stream, numbers)
            db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return now


def _insert_call(
    db: sqlite3.Connection,
    number: int,
    began: datetime,
    words: Iterator[str],
    numbers: np.random.Generator,
) -> datetime:
    """Insert a call of two legs that take turns; return when the next one begins."""
    call = f"{began:%Y%m%d-%H%M%S}-{number:05d}"
    fields = (call, "stream-channel", encode_time(began), f"/recordings/{call}")
    db.execute("INSERT INTO call (id, source, started_at, folder) VALUES (?, ?, ?, ?)", fields)
    for leg, label in enumerate(("caller", "agent")):
        channel = f"PJSIP/{100 + number % 400}-{number:08x}" if leg else f"PJSIP/trunk-{number:08x}"
        fields_of_leg = (number * 2 + leg, call, leg, label, channel, SPEECH_RATE, f"{label}.wav")
        db.execute(
            "INSERT INTO leg (id, call, number, label, channel, rate, recording) VALUES (?, ?, ?, ?, ?, ?, ?)",
            fields_of_leg,
        )
    rows, at_ms, zero_ms = [], 0, round(began.timestamp() * 1000)
    pauses = numbers.integers(1500, 7000, SEGMENTS_A_CALL).tolist()
    lengths = numbers.integers(2, 21, SEGMENTS_A_CALL).tolist()
    for i, (pause, length) in enumerate(zip(pauses, lengths, strict=True)):
        said = [next(words) for _ in range(length)]
        start = at_ms * SPEECH_RATE // 1000
        spoken = json.dumps(
            [[w, start + 4000 * j, start + 4000 * j + 3500, 0.987, 0] for j, w in enumerate(said)],
            separators=(",", ":"),
        )
        place = (zero_ms + at_ms, number * 2 + i % 2, i // 2 + 1, start, start + 4000 * length)
        rows.append((*place, " ".join(said), spoken))
        at_ms += pause
    db.executemany(
        """
        INSERT INTO segment (id, leg, utterance, start, end, language, text, words)
        VALUES (?, ?, ?, ?, ?, 'en', ?, ?)
        """,
        rows,
    )
    return began + timedelta(milliseconds=at_ms + int(numbers.integers(1, LONGEST_PAUSE_S * 1000)))


def _cases(vocabulary: Sequence[str], rng: random.Random, end: datetime) -> list[_Case]:
    def pick(first: int, last: int) -> Callable[[], str]:
        return lambda: rng.choice(vocabulary[first:last])

    common, usual, rare = pick(0, 10), pick(50, 1000), pick(5000, VOCABULARY)
    half = Filter(until=BEGIN + (end - BEGIN) / 2)
    return [
        _Case("a common word (in up to half of all)", common),
        _Case("a usual word", usual),
        _Case("a rare word", rare),
        _Case("a common and a usual word", lambda: f"{common()} {usual()}"),
        _Case("a common and a rare word", lambda: f"{common()} {rare()}"),
        _Case("a common word, not another", lambda: f"{common()} NOT {common()}"),
        _Case("a common or a rare word", lambda: f"{common()} OR {rare()}"),
        _Case("a phrase of two common words", lambda: f'"{common()} {common()}"'),
        _Case("a phrase of three usual words", lambda: f'"{usual()} {common()} {usual()}"'),
        _Case("a prefix of 1 letter", lambda: common()[:1] + "*"),
        _Case("a prefix of 2 letters", lambda: usual()[:2] + "*"),
        _Case("a prefix of 3 letters", lambda: usual()[:3] + "*"),
        _Case("a prefix of 4 letters", lambda: usual()[:4] + "*"),
        _Case("a common word, one agent's channel", common, Filter(channel="pjsip/123-")),
        _Case("a rare word, one agent's channel", rare, Filter(channel="pjsip/123-")),
        _Case("a common word, a channel of a quarter", common, Filter(channel="PJSIP/1")),
        _Case("a usual word, a channel of every call", usual, Filter(channel="trunk")),
        _Case("a common word, the last week", common, Filter(since=end - timedelta(days=7))),
        _Case("a usual word, the older half", usual, half),
    ]


async def _time(action: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await action()
    return (time.perf_counter() - began) * 1000


def _row(name: str, times: Sequence[float]) -> list[str]:
    return [
        name,
        *(f"{np.percentile(times, part):.1f}" for part in (50, 95, 99)),
        f"{max(times):.1f}",
    ]


async def _bench_search(reader: Reader, cases: Sequence[_Case], rng: random.Random) -> None:
    times: dict[str, list[float]] = {case.name: [] for case in cases}
    for _ in range(ROUNDS):
        for case in rng.sample(cases, len(cases)):
            query = case.query()
            times[case.name].append(
                await _time(lambda case=case, query=query: reader.search(query, case.filter))  # type: ignore[misc]
            )
    everything = [each for some in times.values() for each in some]
    rows = [_row(name, some) for name, some in times.items()]
    rows.append(_row("**all searches** (goal: p95 <= 100)", everything))
    hits = await reader.search(cases[0].query())
    beside = [await _time(lambda: reader.read_around(hits, lines=1)) for _ in range(ROUNDS)]
    rows.append(_row("the lines before and after a common word's", beside))
    show_table(["first 50 hits of", "p50 ms", "p95", "p99", "max"], rows)


async def _bench_calls(reader: Reader, vocabulary: Sequence[str], rng: random.Random) -> None:
    kinds: dict[str, Callable[[], Awaitable[object]]] = {
        "**first page** (goal: p95 <= 50)": reader.list_calls,
        "of one agent's channel": lambda: reader.list_calls(Filter(channel="pjsip/123-")),
        "in which a common word was said": lambda: reader.list_calls(text=vocabulary[3]),
        "in which a rare word was said": lambda: reader.list_calls(
            text=rng.choice(vocabulary[5000:])
        ),
    }
    rows = [_row(name, [await _time(kind) for _ in range(30)]) for name, kind in kinds.items()]
    show_table(["50 calls", "p50 ms", "p95", "p99", "max"], rows)


async def _bench_finals(store: Store, path: Path, vocabulary: Sequence[str], end: datetime) -> None:
    call = Call("29990101-000000-live", "stream-channel", (Leg("caller", "PJSIP/1"),), end)
    await store.keep_call(call, path.parent, [path.parent / "caller.wav"])
    reader = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tools.bench.store",
        str(path),
        *vocabulary[:3],
        stdout=asyncio.subprocess.PIPE,
    )
    assert reader.stdout is not None
    await reader.stdout.readline()
    rng, times = random.Random(3), []
    for number in range(1, FINALS + 1):
        segment = _make_final(number, rng.choices(vocabulary[:2000], k=rng.randint(2, 20)))
        keep = store.keep_segment(
            call.id, "caller", segment, position=segment.end, utterance=number
        )
        times.append(await _time(lambda keep=keep: keep))  # type: ignore[misc]
        await asyncio.sleep(PAUSE_S)
    reader.send_signal(signal.SIGTERM)
    out, _ = await reader.communicate()
    rows = [_row("**a final is committed** (goal: p99 <= 20)", times)]
    show_table(["with a process that searches and follows", "p50 ms", "p95", "p99", "max"], rows)
    show(
        f"Meanwhile the other process made {len(out.splitlines())} rounds of a search and a look at the live call."
    )
    show()


def _make_final(number: int, words: Sequence[str]) -> Segment:
    start = number * 5 * SPEECH_RATE
    spoken = tuple(
        Word(w, start + 4000 * j, start + 4000 * j + 3500, 0.9) for j, w in enumerate(words)
    )
    return Segment("caller", number, start, spoken[-1].end, spoken)


async def _bench_deletion(store: Store, path: Path, calls: int) -> None:
    rows = await store.list_calls(limit=calls + 1)
    async with open_store(Settings(db=str(path))) as other:
        waits: list[float] = []
        writing = asyncio.create_task(_write_on(other, rows[0].id, waits))
        took = await _time(lambda: store.delete_calls([row.id for row in rows[1:]]))
        writing.cancel()
    show(
        f"{calls} calls deleted, and the file cleared of their words: {took / 1000:.1f} s (SQLite {sqlite3.sqlite_version});"
        f" meanwhile the longest wait of {len(waits)} finals was {max(waits) / 1000:.1f} s."
    )
    show()


async def _write_on(store: Store, call_id: str, waits: list[float]) -> None:
    """Keep finals until cancelled, again and again those that the database does not take."""
    number = FINALS
    while True:
        number += 1
        segment = _make_final(number, ["ten", "words"] * 5)
        waits.append(await _time(lambda segment=segment: _insist(store, call_id, segment)))  # type: ignore[misc]
        await asyncio.sleep(0.05)


async def _insist(store: Store, call_id: str, segment: Segment) -> None:
    number = segment.utterance
    while True:
        try:
            await store.keep_segment(
                call_id, "caller", segment, position=segment.end, utterance=number
            )
        except StoreError as error:
            if not error.is_temporary:
                raise
        else:
            return


async def run() -> None:
    """Generate the store in a temporary folder, measure, and remove it."""
    show("## Store")
    show()
    rng, numbers = random.Random(1), np.random.default_rng(1)
    vocabulary = _make_vocabulary(rng)
    with tempfile.TemporaryDirectory(prefix="streamer-bench-") as folder:
        path = Path(folder) / "streamer.sqlite3"
        async with open_store(Settings(db=str(path))):
            pass
        began = time.perf_counter()
        end = _fill(path, vocabulary, numbers)
        show(
            f"{CALLS * SEGMENTS_A_CALL:,} segments of {CALLS:,} calls from {BEGIN:%Y-%m} to {end:%Y-%m}, 11 words each of"
            f" {VOCABULARY:,}, generated in {time.perf_counter() - began:.0f} s: {path.stat().st_size / 1e6:.0f} MB."
        )
        show()
        async with open_store(Settings(db=str(path))) as store:
            await _bench_search(store, _cases(vocabulary, rng, end), rng)
            await _bench_calls(store, vocabulary, rng)
            await _bench_finals(store, path, vocabulary, end)
            await _bench_deletion(store, path, 10)


async def _read_on(path: Path, words: Sequence[str]) -> None:
    """Search and follow until somebody ends this process; print a line a round."""
    async with open_reader(Settings(db=str(path))) as reader:
        seen = 0
        for number in range(1_000_000):
            await reader.search(words[number % len(words)])
            if fresh := await reader.read_segments("29990101-000000-live", after={"caller": seen}):
                seen = fresh[-1].utterance
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(_read_on(Path(sys.argv[1]), sys.argv[2:]))
