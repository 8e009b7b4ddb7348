"""What the store keeps and gives back, and how untrusted strings and words get into columns and out again.

Whatever a PBX, a model or a file name holds can be stored. Words and paths come back as they went in. In other strings lone
surrogates and NUL become escapes, as `\\ud800`: SQLite's text is UTF-8, and its functions stop at a NUL.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from streamer.core.audio import Leg
from streamer.core.events import SPEECH_RATE, EndReason, Segment, Word, parse_time
from streamer.core.untrusted import one_line

_SAMPLES_PER_MS = SPEECH_RATE // 1000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a leg is settled: up to which sample at `SPEECH_RATE`, and the number of its last utterance.

    The number counts utterances without words too; `is_complete` if the leg has been read to its end.
    """

    position: int = 0
    utterance: int = 0
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class LegRow:
    """One leg of a stored call, the first of its WAVs, and how far it is settled."""

    leg: Leg
    recording: Path
    progress: Progress


@dataclass(frozen=True, slots=True)
class CallRow:
    """One stored call; `duration` is in samples at `SPEECH_RATE`, and None, like `reason` and `ended_at`, until it has ended."""

    id: str
    source: str
    started_at: datetime
    ended_at: datetime | None
    reason: EndReason | None
    duration: int | None
    folder: Path
    legs: tuple[LegRow, ...]
    segments: int
    """How many segments are settled."""
    last_words: str
    """The end of the last of them, one harmless line of at most `LAST_WORDS` characters."""

    @property
    def is_complete(self) -> bool:
        """Say whether every leg has been turned into words to its end."""
        return all(row.progress.is_complete for row in self.legs)

    @property
    def duration_s(self) -> float | None:
        """Return how long it was, in seconds."""
        return None if self.duration is None else self.duration / SPEECH_RATE


@dataclass(frozen=True, slots=True)
class TroubleRow:
    """Something that went wrong; an untrusted line. `call_id` is None where no single stored call is concerned."""

    call_id: str | None
    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A segment that a search has found; `start` and `end` are samples of the leg at `SPEECH_RATE`.

    `text` is one harmless line; `spans` are the parts of it that were looked for, as character offsets in order.
    """

    call_id: str
    leg: str
    channel: str
    utterance: int
    start: int
    end: int
    spoken_at: datetime
    """When the utterance began."""
    text: str
    spans: tuple[tuple[int, int], ...]
    folder: Path
    """Of the recording, when it was stored."""

    @property
    def start_s(self) -> float:
        """Return where it begins in the leg's WAV, in seconds."""
        return self.start / SPEECH_RATE


def encode_words(words: Sequence[Word]) -> str:
    """Return words as JSON in ASCII, which can hold every character."""
    rows = [[w.text, w.start, w.end, round(w.probability, 3), int(w.is_joined)] for w in words]
    return json.dumps(rows, separators=(",", ":"))


def parse_words(text: str) -> tuple[Word, ...]:
    """Return the words of `encode_words`."""
    return tuple(
        Word(text, start, end, probability, bool(is_joined))
        for text, start, end, probability, is_joined in json.loads(text)
    )


def parse_segment(row: Sequence[Any]) -> Segment:
    """Return the segment of a row: label, utterance, start, end, language, words."""
    label, utterance, start, end, language, words = row
    return Segment(label, utterance, start, end, parse_words(words), language)


def shown_text(segment: Segment) -> str:
    """Return what is searched and shown of a segment: one line without controls, so that control characters can mark hits."""
    return one_line(segment.text)


def encode_text(text: str) -> str:
    """Return a string that a column of text can hold."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


def encode_path(path: Path) -> str | bytes:
    """Return a path as text, or as its bytes if they are not UTF-8."""
    raw = os.fsencode(path)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw


def parse_path(value: str | bytes) -> Path:
    """Return the path of `encode_path`."""
    return Path(os.fsdecode(value if isinstance(value, bytes) else value.encode("utf-8")))


def parse_time_or_none(text: str | None) -> datetime | None:
    """Return a stored moment, None where there is none yet."""
    return None if text is None else parse_time(text)


def to_ms(moment: datetime) -> int:
    """Return a moment as milliseconds in UTC, the unit of segment ids."""
    return round(moment.timestamp() * 1000)


def samples_to_ms(samples: int) -> int:
    """Return a position in a leg as milliseconds, rounded down."""
    return samples // _SAMPLES_PER_MS
