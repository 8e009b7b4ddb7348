"""Calls to export: spoken ones, written in a line, and such as nobody would think of."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from streamer.core.audio import Leg
from streamer.core.events import Segment, Word
from streamer.core.transcript import Transcript

SECOND = 16_000
STARTED_AT = datetime(2025, 3, 1, 14, 30, tzinfo=timezone(timedelta(hours=2)))
CALLER, AGENT = Leg("caller", "PJSIP/1-0001"), Leg("agent", "PJSIP/2-0002")


def say(text: str, *, leg: str = "caller", at: float = 0.0, pace: float = 0.4) -> Segment:
    """Say a word each `pace` seconds from `at` on."""
    times = [round((at + index * pace) * SECOND) for index in range(len(text.split()) + 1)]
    words = tuple(
        Word(token, start, end, 0.9)
        for token, start, end in zip(text.split(), times, times[1:], strict=False)
    )
    return Segment(leg, 1, times[0], times[-1], words)


def call(
    *segments: Segment,
    legs: tuple[Leg, ...] = (CALLER, AGENT),
    names: Mapping[str, str] | None = None,
) -> Transcript:
    return Transcript(
        "20250301T143000-ab12", "stream-channel", STARTED_AT, legs, segments, names or {}
    )


NOTHING_SAID = call()

hostile = st.sampled_from(
    [
        *("-->", "--", ">", "<v agent>", "<i>", "{\\an8}", "&", "&amp;", "&#x3c;", "=1+1", "@x"),
        *("\x1b[2J", "\n\n", "\r\n", "a\u2028b", "\u202e", "\u200d", "NOTE", "WEBVTT", "STYLE"),
        *("1", "00:00:01,000", "00:00:01.000 --> 00:00:02.000", '"', ";=x"),
        *("\ufeff", "世界", "\xa0"),
        *("x" * 100, "世" * 50, "two words", "ends.", "or,", "\udc80"),
    ]
)
texts = hostile | st.text(max_size=20)
times = st.integers(0, 20 * SECOND) | st.integers(-SECOND, 200 * 3600 * SECOND)
words = st.builds(Word, texts, times, times, st.floats(0, 1), st.booleans())
labels = st.sampled_from(["caller", "agent"]) | texts
segments = st.builds(
    Segment, labels, st.integers(1, 99), times, times, st.lists(words, max_size=8).map(tuple)
)
legs = st.builds(Leg, labels, texts, st.sampled_from([8000, 16000]))
moments = st.datetimes(timezones=st.just(UTC))
transcripts = st.builds(
    Transcript,
    texts,
    texts,
    st.none() | moments,
    st.lists(legs, max_size=3).map(tuple),
    st.lists(segments, max_size=4).map(tuple),
    st.dictionaries(labels, texts, max_size=2),
)
"""Calls with any text at any times."""


def letters(text: str) -> Counter[str]:
    """Count the characters that are no blanks."""
    return Counter("".join(text.split()))


def said(transcript: Transcript) -> str:
    return " ".join(segment.text for segment in transcript.segments)


def is_harmless(text: str) -> bool:
    """Say whether nothing in a document steers a terminal or turns its text around."""
    unsafe = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
    return all(c in "\r\n\u200c\u200d" or unicodedata.category(c) not in unsafe for c in text)
