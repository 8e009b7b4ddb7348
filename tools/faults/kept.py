"""What is kept of calls to which something happened: their samples, their words, and every final that was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from streamer.config import Settings
from streamer.core.events import Segment
from streamer.errors import StoreError
from tools.bench.gold import GoldWord, load_gold
from tools.faults.watched import BYTES_PER_S
from tools.played import LABELS
from tools.processes import recordings_of
from tools.recorded import count_words, is_transcribed, read_calls, read_pcm, read_segments

LEAST_WORDS = 0.8
"""Of the words of a leg in its recording; the bundled model mishears some, and those at a cut are not counted."""

BEHIND_S = 0.5
"""What the death of a tap may cost: a WAV is at most so far behind."""

_CUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Sent:
    """What one party has said: all of it, or until its tap died, in seconds; what it said later may be missing."""

    leg: int
    pcm: bytes
    until_s: float | None = None

    @property
    def seconds(self) -> float:
        """Return how much it was."""
        return len(self.pcm) / BYTES_PER_S if self.until_s is None else self.until_s

    @property
    def least_s(self) -> float:
        """Return how much of it must stand in the recording."""
        return self.seconds if self.until_s is None else self.until_s - BEHIND_S


@dataclass
class Kept:
    """What was found; seconds are those of all legs."""

    published: int = 0
    lost: int = 0
    doubled: int = 0
    sent_s: float = 0.0
    recorded_s: float = 0.0
    right: int = 0
    words: int = 0
    losses: list[str] = field(default_factory=list)


def compare_audio(folder: Path, call: dict[str, Any], sent: Sequence[Sent], kept: Kept) -> None:
    """Compare what was sent of each leg with its WAV, to the byte."""
    for one, leg in zip(sent, call["legs"], strict=True):
        pcm = read_pcm(recordings_of(folder), call, leg)
        recorded_s = len(pcm) / BYTES_PER_S
        kept.sent_s += one.seconds
        kept.recorded_s += recorded_s
        if not one.pcm.startswith(pcm):
            kept.losses.append(f"{call['call']} {leg['leg']}: the WAV is not what was sent")
        elif recorded_s < one.least_s:
            missing_s = one.seconds - recorded_s
            kept.losses.append(f"{call['call']} {leg['leg']}: the WAV lacks {missing_s:.2f} s")


async def compare_words(
    folder: Path,
    sent: Sequence[tuple[str, Sequence[Sent]]],
    published: Sequence[Mapping[str, Any]],
    kept: Kept,
) -> None:
    """Find each call's words in the database, each once, and every final that was published."""
    settings, gold = Settings(recordings=str(recordings_of(folder))), load_gold()
    stored: set[tuple[str, str, int, str]] = set()
    for call_id, legs in sent:
        try:
            segments = await read_segments(settings, call_id)
            if not await is_transcribed(settings, call_id):
                kept.losses.append(f"{call_id} is not transcribed to its end")
        except StoreError as error:
            kept.losses.append(str(error))
            continue
        stored |= {(call_id, s.leg, s.utterance, s.text) for s in segments}
        if doubled := _count_doubled(segments):
            kept.doubled += doubled
            kept.losses.append(f"{call_id}: {doubled} finals stand twice")
        _compare_speech(folder, call_id, legs, segments, gold.words, kept)
    said = {(e["call"], e["leg"], e["utterance"], e["text"]) for e in published}
    kept.published += len(said)
    kept.lost += len(said - stored)
    kept.losses += [f"published and not kept: {final}" for final in said - stored]


def find_call(folder: Path, **facts: str) -> dict[str, Any]:
    """Return the one call of which `call.json` says these facts."""
    calls = read_calls(recordings_of(folder))
    (call,) = [c for c in calls if facts.items() <= c["facts"].items()]
    return call


def _count_doubled(segments: Sequence[Segment]) -> int:
    """Count utterances that begin before the one before them has ended."""
    labels = {segment.leg for segment in segments}
    legs = [sorted((s for s in segments if s.leg == leg), key=_number) for leg in labels]
    return sum(later.start < former.end for leg in legs for former, later in pairwise(leg))


def _number(segment: Segment) -> int:
    return segment.utterance


def _compare_speech(
    folder: Path,
    call_id: str,
    legs: Sequence[Sent],
    segments: Sequence[Segment],
    gold: Sequence[Sequence[GoldWord]],
    kept: Kept,
) -> None:
    (call,) = [c for c in read_calls(recordings_of(folder)) if c["call"] == call_id]
    for one, leg in zip(legs, call["legs"], strict=True):
        until_s = len(read_pcm(recordings_of(folder), call, leg)) / BYTES_PER_S - _CUT_S
        heard = [s for s in segments if s.leg == leg["leg"]]
        right, count = count_words(gold[one.leg], heard, until_s=until_s)
        kept.right, kept.words = kept.right + right, kept.words + count
        if right < LEAST_WORDS * count:
            kept.losses.append(f"{call_id} {LABELS[one.leg]}: {right} of {count} words are kept")
