"""Our own streaming path on a call at real time, outcome word by word."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamer.core.events import Event, Final, Lagging, Partial
from streamer.speech.engine.models import resolve_model
from streamer.speech.words.agreement import normalise
from tools.bench.gold import LEGS, GoldCall, GoldWord, align, count_errors
from tools.bench.playing import LiveCall, play_calls

LONG_TURN_S = 3.0


@dataclass
class Measures:
    """What was measured over one or more calls; seconds."""

    commit: list[float] = field(default_factory=list)
    first_partial: list[float] = field(default_factory=list)
    final: list[float] = field(default_factory=list)
    errors: int = 0
    words: int = 0
    shown: int = 0
    changed: int = 0
    revisions: int = 0
    early: int = 0
    """Words of long turns that were committed before their turn ended."""
    long_words: int = 0
    cpu_s: float = 0.0
    audio_s: float = 0.0
    lags: list[tuple[float, float]] = field(default_factory=list)
    """What a leg said of its lag: when, and how much."""
    lost: int = 0
    """Samples that were sent and are not on disk."""

    @property
    def wer(self) -> float:
        """Return word errors in percent."""
        return 100 * self.errors / max(1, self.words)


def quantile(values: Sequence[float], percent: int) -> float:
    """Return a percentile, nan for nothing."""
    return (
        statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
        if len(values) > 1
        else float("nan")
    )


@dataclass
class _LegLog:
    """When each committed word of one leg was first seen, and what was shown before."""

    committed: list[tuple[str, float]] = field(default_factory=list)
    firsts: dict[int, float] = field(default_factory=dict)
    finals: list[tuple[float, float, float]] = field(default_factory=list)
    open_words: list[str] = field(default_factory=list)
    open_committed: list[str] = field(default_factory=list)
    starts: dict[int, float] = field(default_factory=dict)


class Watcher:
    """Takes a call's events with the second of each."""

    def __init__(self, measures: Measures) -> None:
        self._measures = measures
        self._legs = {leg: _LegLog() for leg in LEGS}

    def take(self, event: Event, at: float) -> None:
        """Take note of a partial or a final."""
        if isinstance(event, Partial):
            log = self._legs[event.leg]
            log.firsts.setdefault(event.utterance, at)
            log.starts.setdefault(event.utterance, event.start / 16_000)
            self._show(
                log, [w.text for w in event.committed], [w.text for w in event.tentative], at
            )
        elif isinstance(event, Final):
            log = self._legs[event.segment.leg]
            self._show(log, [w.text for w in event.segment.words], [], at)
            log.finals.append((event.segment.start_s, event.segment.words[-1].end_s, at))
            log.open_words, log.open_committed = [], []
        elif isinstance(event, Lagging):
            self._measures.lags.append((at, event.lag_s))

    def _show(self, log: _LegLog, committed: list[str], tentative: list[str], at: float) -> None:
        measures = self._measures
        words = committed + tentative
        before = log.open_words
        measures.changed += sum(
            n >= len(words) or normalise(words[n]) != normalise(w) for n, w in enumerate(before)
        )
        measures.shown += max(0, len(words) - len(before))
        measures.revisions += committed[: len(log.open_committed)] != log.open_committed
        log.committed += [(normalise(word), at) for word in committed[len(log.open_committed) :]]
        log.open_words, log.open_committed = words, committed

    def judge(self, gold: GoldCall) -> None:
        """Compare with what was said, when the call is over."""
        for number, leg in enumerate(LEGS):
            log, said, turns = self._legs[leg], gold.words[number], gold.turns(number)
            heard = [word for word, _ in log.committed]
            self._measures.words += len(said)
            self._measures.errors += count_errors([w.text for w in said], heard)
            for a, b in align([w.text for w in said], heard):
                if a is not None and b is not None and said[a].text == heard[b]:
                    self._judge_word(said[a].end, turns[said[a].turn], log.committed[b][1])
            for utterance, at in log.firsts.items():
                begun = [
                    start
                    for start, end in turns
                    if start - 0.5 <= log.starts[utterance] + 0.3 <= end
                ]
                self._measures.first_partial += [
                    at - start for start in begun[-1:] if at - start < 5
                ]
            for start, _, at in log.finals:
                ended = [end for begin, end in turns if begin - 0.5 <= start + 0.3 <= end]
                self._measures.final += [at - end for end in ended[-1:]]

    def _judge_word(self, end: float, turn: tuple[float, float], at: float) -> None:
        self._measures.commit.append(at - end)
        if turn[1] - turn[0] > LONG_TURN_S:
            self._measures.long_words += 1
            self._measures.early += at < turn[1]


async def measure(
    gold: GoldCall,
    *,
    calls: int = 1,
    seconds: float | None = None,
    beside: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> Measures:
    """Play `calls` copies of a call at real time through tap, recording and transcriber, and run `beside` meanwhile."""
    measures = Measures()
    size = int(seconds * 16_000) * 2 if seconds else None
    tracks = (gold.tracks[0][:size], gold.tracks[1][:size])
    watchers = [Watcher(measures) for _ in range(calls)]
    played = [LiveCall(dict(zip(LEGS, tracks, strict=True)), watcher.take) for watcher in watchers]
    cost = await play_calls(played, resolve_model("demo"), beside=beside)
    measures.cpu_s, measures.lost = cost.cpu_s, cost.lost
    measures.audio_s = calls * sum(len(track) for track in tracks) / 32_000
    said = GoldCall(tracks, tuple(_until(words, seconds) for words in gold.words))
    for watcher in watchers:
        watcher.judge(said)
    return measures


def _until(words: Sequence[GoldWord], seconds: float | None) -> tuple[GoldWord, ...]:
    return tuple(word for word in words if seconds is None or word.end <= seconds)


def cores() -> int:
    """Return how many cores the machine has."""
    return os.cpu_count() or 1
