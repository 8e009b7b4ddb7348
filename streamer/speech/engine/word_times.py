"""From the model's alignment of tokens with frames to words with times.

The alignment is a path of pairs (token, frame), a frame being `FRAME_SAMPLES`. It has no way to say "nothing is said here", so
words beside a pause are stretched across it; `tighten` takes the pause away from them by loudness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.events import SPEECH_RATE, Word
from streamer.speech.base import Window

FRAME_SAMPLES = SPEECH_RATE // 50
"""Samples that one position of the encoder stands for, 20 ms."""

_STEP = SPEECH_RATE // 100
_QUIET_SHARE = 0.02
"""A hundredth of a second with less than this share of a loud one's energy is a pause (-17 dB)."""

_LONG = SPEECH_RATE * 3 // 10
_EDGE = SPEECH_RATE * 5 // 100

_BEFORE = "\"'“¿([{-"
_AFTER = "\"'.。,，!！?？:：”)]}、"
"""Punctuation that belongs to the word behind it, and to the one in front."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class TimedWord:
    """One word of the tokenizer, blank in front included, in samples of its window."""

    text: str
    start: int
    end: int
    probability: float


def place_words(
    texts: Sequence[str],
    token_counts: Sequence[int],
    path: Sequence[tuple[int, int]],
    probabilities: Sequence[float],
) -> list[TimedWord]:
    """Return where each word lies: from the frame at which its first token begins to the one of its successor's.

    `path` and `probabilities` are the model's, for the tokens of all words in order; what the path does not reach ends with it.
    """
    first_frames: dict[int, int] = {}
    for token, frame in path:
        first_frames.setdefault(token, frame)
    last_frame = path[-1][1] + 1 if path else 0
    borders = np.cumsum([0, *token_counts]).tolist()
    words = []
    for text, (begin, end) in zip(texts, pairwise(borders), strict=True):
        start_frame = first_frames.get(begin, last_frame)
        end_frame = first_frames.get(end, last_frame)
        probability = float(np.mean(probabilities[begin:end])) if end > begin else 0.0
        words.append(
            TimedWord(text, start_frame * FRAME_SAMPLES, end_frame * FRAME_SAMPLES, probability)
        )
    return words


def find_loudness(pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    """Return the mean energy of each hundredth of a second."""
    whole = pcm[: len(pcm) // _STEP * _STEP].astype(np.float32).reshape(-1, _STEP)
    return np.asarray(np.mean(whole * whole, axis=1), dtype=np.float32)


def tighten(span: Span, loudness: NDArray[np.float32]) -> Span:
    """Return a word's span without the pause at its ends; only long words are touched.

    Loud is what the loudest tenth of the window is, so neither a click nor a quiet line moves it far.
    """
    start, end = span
    if end - start <= _LONG or not len(loudness):
        return span
    threshold = _QUIET_SHARE * float(np.quantile(loudness, 0.9))
    loud = np.flatnonzero(loudness[start // _STEP : -(-end // _STEP)] > threshold)
    if not len(loud):
        return span
    first = start // _STEP * _STEP + int(loud[0]) * _STEP - _EDGE
    last = start // _STEP * _STEP + (int(loud[-1]) + 1) * _STEP + _EDGE
    return max(start, first), min(end, last)


def time_words(
    window: Window, tokens: list[int], tokenizer: Any, alignment: Any
) -> list[TimedWord]:
    """Return the words of a row of tokens with their times in the window, by what the model's `align` gave for them."""
    if not tokens:
        return []
    texts, groups = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    texts, groups = _join_punctuation(texts[:-1], groups[:-1])
    counts = [len(group) for group in groups]
    samples = window.samples
    words = place_words(texts, counts, alignment.alignments, alignment.text_token_probs)
    loudness = find_loudness(np.frombuffer(window.pcm, np.int16))
    spans = [(min(word.start, samples), min(word.end, samples)) for word in words]
    tight = [tighten(span, loudness) for span in spans]
    return [
        replace(word, start=span[0], end=span[1]) for word, span in zip(words, tight, strict=True)
    ]


def _join_punctuation(
    texts: list[str], groups: list[list[int]]
) -> tuple[list[str], list[list[int]]]:
    from faster_whisper.transcribe import merge_punctuations

    parts: list[dict[str, Any]] = [
        {"word": text, "tokens": group} for text, group in zip(texts, groups, strict=True)
    ]
    merge_punctuations(parts, _BEFORE, _AFTER)
    whole = [part for part in parts if part["word"]]
    return [part["word"] for part in whole], [part["tokens"] for part in whole]


def as_words(timed_words: list[TimedWord], window: Window) -> tuple[Word, ...]:
    """Return the words on the leg's time line."""
    return tuple(
        Word(
            word.text.strip(),
            window.position + word.start,
            window.position + max(word.start, word.end),
            word.probability,
            is_joined=not word.text.startswith(" "),
        )
        for word in timed_words
        if word.text.strip()
    )
