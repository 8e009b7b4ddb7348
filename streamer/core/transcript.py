"""What was said on a call, as exporters take it: the call, its legs and what is settled, in order and harmless."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from streamer.core.alert import Alert
from streamer.core.audio import AudioLoss, Leg, show_leg
from streamer.core.events import SPEECH_RATE, Dtmf, Hold, Segment, Unclear, Word
from streamer.core.mark import Mark
from streamer.core.untrusted import one_line

DOUBTFUL = 0.5
"""Probability below which a settled word is shown as doubtful; about one in seven words of the bundled call."""

UNCLEAR = "[unclear]"
"""What stands for speech without words."""

ON_HOLD, OFF_HOLD = "[on hold]", "[off hold]"
"""What stands where a party was put on hold, and where it was taken back."""

UNNAMED = "unknown"
"""Label of a leg whose own has nothing to show."""

_POSITION = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,4}):)?(\d{1,6}(?:\.\d{1,6})?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Transcript:
    """One call with its settled segments; `started_at` knows its offset, and is None where nobody knows, as for a file.

    However it is built, segments stand by start time, those that start together in the order of their legs, and every
    string is one line without controls or direction overrides; a word of which nothing is left is gone.
    """

    call_id: str
    source: str
    started_at: datetime | None
    legs: tuple[Leg, ...]
    segments: tuple[Segment, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    """What a user calls speakers, by label."""
    losses: Mapping[str, AudioLoss] = field(default_factory=dict)
    """What the recording of each leg lacks, by label; of a leg that is not in it, nobody knows."""
    unclear: tuple[Unclear, ...] = ()
    """Where somebody spoke and no words could be made of it, by start time."""
    zero_at: datetime | None = None
    """When position 0 was, with its offset; None where nobody knows."""
    holds: tuple[Hold, ...] = ()
    """When a party was put on hold, or taken back, by time."""
    alerts: tuple[Alert, ...] = ()
    """Rules that have fired, by when their words were said."""
    marks: tuple[Mark, ...] = ()
    """What a user has marked, by place."""

    caller: str = ""
    """The number of who called, and below of who was called; empty where nobody knows."""
    called: str = ""
    dtmf: tuple[Dtmf, ...] = ()
    """The keys of the telephone that were pressed, by time."""

    def __post_init__(self) -> None:
        legs = tuple(_clean_leg(leg) for leg in self.legs)
        segments = [_clean_segment(segment) for segment in self.segments]
        ranks = {leg.label: rank for rank, leg in reversed([*enumerate(legs)])}
        segments.sort(key=lambda s: (s.start, ranks.get(s.leg, len(legs)), s.leg, s.utterance))
        object.__setattr__(self, "call_id", one_line(self.call_id))
        object.__setattr__(self, "source", one_line(self.source))
        object.__setattr__(self, "legs", legs)
        object.__setattr__(self, "segments", tuple(segments))
        unclear = [replace(span, leg=_clean_label(span.leg)) for span in self.unclear]
        object.__setattr__(self, "unclear", tuple(sorted(unclear, key=lambda span: span.start)))
        holds = [replace(hold, leg=_clean_label(hold.leg)) for hold in self.holds]
        object.__setattr__(self, "holds", tuple(sorted(holds, key=lambda hold: hold.start_s)))
        object.__setattr__(self, "caller", one_line(self.caller))
        object.__setattr__(self, "called", one_line(self.called))
        alerts = tuple(map(_clean_alert, sorted(self.alerts, key=lambda alert: alert.at)))
        object.__setattr__(self, "alerts", alerts)
        marks = map(_clean_mark, sorted(self.marks, key=lambda mark: mark.start))
        object.__setattr__(self, "marks", tuple(marks))
        object.__setattr__(self, "names", dict(_clean_names(self.names)))

    @property
    def speakers(self) -> tuple[str, ...]:
        """Return the labels of the legs in the call's order, then those that only segments know."""
        labels = [leg.label for leg in self.legs] + [segment.leg for segment in self.segments]
        return tuple(dict.fromkeys(labels))

    def name(self, label: str) -> str:
        """Return what the speaker with a label is called, see `show_leg`."""
        return show_leg(label, self.legs, self.names)

    @property
    def spoken(self) -> Iterator[Segment]:
        """Yield the segments that have words."""
        return (segment for segment in self.segments if segment.words)

    @property
    def lines(self) -> list[Segment]:
        """Return the segments that have words, and between them `[unclear]` where there are none, and holds, by start time."""
        unclear = [
            Segment(span.leg, 0, span.start, span.end, (_mark(span),), "") for span in self.unclear
        ]
        holds = [Segment(hold.leg, 0, *mark_hold(hold), "") for hold in self.holds]
        return sorted([*self.spoken, *unclear, *holds], key=lambda segment: segment.start)

    @property
    def duration(self) -> float:
        """Return how far what was said reaches, in seconds of the call."""
        return max((segment.end for segment in self.segments), default=0) / SPEECH_RATE


def say_hold(*, held: bool) -> str:
    """Return what stands for a hold, or its end."""
    return ON_HOLD if held else OFF_HOLD


def mark_hold(hold: Hold) -> tuple[int, int, tuple[Word, ...]]:
    """Return where a hold stands in a transcript, as start and end, and the words of its line."""
    at = round(hold.start_s * SPEECH_RATE)
    return at, at, (Word(say_hold(held=hold.held), at, at, 1.0),)


def format_position(seconds: float) -> str:
    """Return a position in a call, or a length, as m:ss or h:mm:ss."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def show_alert(alert: Alert) -> str:
    """Return an alert as one line: where it is, its rule and severity, and the words."""
    head = f"{alert.rule} ({alert.severity.value})"
    if alert.start is None:
        return f"{head}: not said"
    return f"[{format_position(alert.start / SPEECH_RATE)}] {alert.leg}: {head}: {alert.text}"


def show_mark(mark: Mark) -> str:
    """Return a mark as one line: where it is, the words, and the note."""
    head = f"[{format_position(mark.start / SPEECH_RATE)}] {mark.leg}: {mark.text or '-'}"
    return f"{head} ({mark.note})" if mark.note else head


def parse_position(text: str) -> float | None:
    """Return the seconds of a position as `format_position` writes it, or in seconds; None if it is none."""
    if (found := _POSITION.fullmatch(text)) is None:
        return None
    hours, minutes, seconds = found.groups("0")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _mark(span: Unclear) -> Word:
    return Word(UNCLEAR, span.start, span.end, 0.0)


def _clean_leg(leg: Leg) -> Leg:
    return replace(
        leg,
        label=_clean_label(leg.label),
        channel=one_line(leg.channel),
        number=one_line(leg.number),
        name=one_line(leg.name),
    )


def _clean_alert(alert: Alert) -> Alert:
    leg = None if alert.leg is None else _clean_label(alert.leg)
    text = None if alert.text is None else one_line(alert.text)
    return replace(alert, rule=one_line(alert.rule), leg=leg, text=text)


def _clean_mark(mark: Mark) -> Mark:
    note, text = one_line(mark.note), one_line(mark.text)
    return replace(mark, leg=_clean_label(mark.leg), note=note, text=text)


def _clean_segment(segment: Segment) -> Segment:
    return replace(
        segment,
        leg=_clean_label(segment.leg),
        words=_clean_words(segment.words),
        language=one_line(segment.language),
    )


def _clean_label(label: str) -> str:
    return one_line(label) or UNNAMED


def _clean_names(names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for label, name in names.items():
        if cleaned := one_line(name):
            yield _clean_label(label), cleaned


def _clean_words(words: Sequence[Word]) -> tuple[Word, ...]:
    cleaned = (replace(word, text=one_line(word.text)) for word in words)
    return tuple(word for word in cleaned if word.text)


def measure_talk(segments: Iterable[Segment]) -> float:
    """Return for how many seconds somebody was talking; where several talk at once, once."""
    talked, until = 0, 0
    for segment in sorted(segments, key=lambda one: one.start):
        talked += max(0, segment.end - max(segment.start, until))
        until = max(until, segment.end)
    return talked / SPEECH_RATE
