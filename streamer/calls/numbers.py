"""The numbers of a call, from what is settled of it (pure): who spoke how long, silence, overlaps, interruptions, pace, response."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streamer.core.events import SPEECH_RATE, Segment

INTERRUPTED_S = 0.5
"""Who begins to speak is interrupting if the other goes on for so long; a shorter overlap is a change of turns."""

LONGEST_RESPONSE_S = 10.0
"""A longer pause is a pause, not the time that an answer took."""

_LEAST_TALK_S = 1.0
"""Speech that says something of a pace."""


@dataclass(frozen=True, slots=True)
class LegNumbers:
    """The numbers of one leg; times in seconds, None where there is nothing to measure."""

    leg: str
    talk_s: float
    share: float | None
    """The part of all speech that is this leg's, 0 to 1."""
    longest_s: float
    """The longest speech in a row without the other speaking."""
    words: int
    words_a_minute: float | None
    interruptions: int
    """How often it began while the other was speaking and went on."""
    response_s: float | None
    """How long it took on average to answer."""


@dataclass(frozen=True, slots=True)
class CallNumbers:
    """The numbers of one call; without a duration there is no silence."""

    duration_s: float | None
    talk_s: float
    """How long somebody was speaking; several at once count once."""
    silence_s: float | None
    longest_silence_s: float | None
    overlap_s: float
    overlaps: int
    legs: tuple[LegNumbers, ...]


def measure_call(
    segments: Iterable[Segment], legs: Sequence[str], *, duration_s: float | None
) -> CallNumbers:
    """Return the numbers of a call with these legs."""
    ordered = sorted(segments, key=lambda each: (each.start, each.end))
    talk_s, silences, overlaps = _sweep(ordered, duration_s)
    labels = dict.fromkeys([*legs, *(each.leg for each in ordered)])
    talked = {leg: _talk_s([each for each in ordered if each.leg == leg]) for leg in labels}
    whole = sum(talked.values())
    return CallNumbers(
        duration_s,
        talk_s,
        None if duration_s is None else max(0.0, duration_s - talk_s),
        None if duration_s is None else max(silences, default=0.0),
        sum(overlaps),
        len(overlaps),
        tuple(_measure_leg(leg, ordered, talked[leg], whole) for leg in labels),
    )


def _sweep(
    ordered: Sequence[Segment], duration_s: float | None
) -> tuple[float, list[float], list[float]]:
    """Return for how long somebody spoke, each silence, and for how long each time two spoke at once."""
    until, talk_s = 0.0, 0.0
    silences: list[float] = []
    overlaps: list[float] = []
    speaking: dict[str, float] = {}
    for each in ordered:
        if each.start_s > until:
            silences.append(each.start_s - until)
        others = max((end for leg, end in speaking.items() if leg != each.leg), default=0.0)
        if others > each.start_s:
            overlaps.append(min(others, each.end_s) - each.start_s)
        talk_s += max(0.0, each.end_s - max(each.start_s, until))
        until = max(until, each.end_s)
        speaking[each.leg] = max(speaking.get(each.leg, 0.0), each.end_s)
    if duration_s is not None and duration_s > until:
        silences.append(duration_s - until)
    return talk_s, silences, overlaps


def _talk_s(segments: Iterable[Segment]) -> float:
    until, talked = 0, 0
    for each in segments:
        talked += max(0, each.end - max(each.start, until))
        until = max(until, each.end)
    return talked / SPEECH_RATE


def _measure_leg(leg: str, ordered: Sequence[Segment], talk_s: float, whole_s: float) -> LegNumbers:
    words = sum(len(each.words) for each in ordered if each.leg == leg)
    responses = list(_list_responses(leg, ordered))
    return LegNumbers(
        leg,
        talk_s,
        talk_s / whole_s if whole_s else None,
        max(_list_monologues(leg, ordered), default=0.0),
        words,
        words * 60 / talk_s if talk_s >= _LEAST_TALK_S else None,
        _count_interruptions(leg, ordered),
        sum(responses) / len(responses) if responses else None,
    )


def _list_monologues(leg: str, ordered: Sequence[Segment]) -> Iterable[float]:
    run: list[Segment] = []
    for each in ordered:
        if each.leg == leg:
            run.append(each)
        else:
            yield _talk_s(run)
            run = []
    yield _talk_s(run)


def _count_interruptions(leg: str, ordered: Sequence[Segment]) -> int:
    count = 0
    speaking: dict[str, float] = {}
    for each in ordered:
        others = max((end for other, end in speaking.items() if other != leg), default=0.0)
        own = speaking.get(leg, 0.0)
        if each.leg == leg and others - each.start_s >= INTERRUPTED_S and own <= each.start_s:
            count += 1
        speaking[each.leg] = max(speaking.get(each.leg, 0.0), each.end_s)
    return count


def _list_responses(leg: str, ordered: Sequence[Segment]) -> Iterable[float]:
    for before, each in zip(ordered, ordered[1:], strict=False):
        pause_s = each.start_s - before.end_s
        if each.leg == leg != before.leg and 0 <= pause_s <= LONGEST_RESPONSE_S:
            yield pause_s
