"""How untrusted strings, paths, times and words get into columns and out again.

Whatever a PBX, a model or a file name holds can be stored. Words and paths come back as they went in. In other strings lone
surrogates and NUL become escapes, as `\\ud800`: SQLite's text is UTF-8, and its functions stop at a NUL.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streamer.core.encoding import parse_time
from streamer.core.events import SPEECH_RATE, Segment, Word
from streamer.core.untrusted import one_line
from streamer.core.words import STORED_DIGITS, encode_words, parse_words

_SAMPLES_PER_MS = SPEECH_RATE // 1000


def encode_word_column(words: Sequence[Word]) -> str:
    """Return words as JSON in ASCII, which can hold every character."""
    return json.dumps(encode_words(words, digits=STORED_DIGITS), separators=(",", ":"))


def parse_word_column(text: str) -> tuple[Word, ...]:
    """Return the words of `encode_word_column`."""
    return parse_words(json.loads(text))


def parse_segment(row: Sequence[Any]) -> Segment:
    """Return the segment of a row: label, utterance, start, end, language, words."""
    label, utterance, start, end, language, words = row
    return Segment(label, utterance, start, end, parse_word_column(words), language)


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


def from_ms(milliseconds: int) -> datetime:
    """Return the moment of `to_ms`."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def samples_to_ms(samples: int) -> int:
    """Return a position in a leg as milliseconds, rounded down."""
    return samples // _SAMPLES_PER_MS
