"""How a window is transcribed: the attempts, the shapes that share a batch, and when a result looks wrong; pure.

A window is transcribed in *attempts*, each an encoder window and a temperature, cheapest first; the next one is made where the last looks
wrong. What looks wrong is what Whisper's authors found (a text that compresses too well, a model that doubts itself), a token cap
that was hit, and words that find no audio.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from streamer.core.events import SPEECH_RATE, Word
from streamer.speech.base import (
    LEAST_LOGPROB,
    MOST_COMPRESSION,
    MOST_NO_SPEECH,
    EncoderWindow,
    Hypothesis,
    Suspicion,
    Window,
    WindowKind,
)

HOP = SPEECH_RATE // 100
"""Samples of a mel frame."""

TIMESTAMP = SPEECH_RATE // 50
"""Samples from one timestamp token to the next."""

FULL_FRAMES = 3000
"""Mel frames that Whisper was trained on, 30 s."""

MARGIN = 128
BUCKET = 100
LEAST_FRAMES = 500
"""A short encoder window: mel frames behind the audio, the step to which it is rounded, so that windows can share a batch, and
the least it may be."""

TOKEN_BUCKET = 32
"""Step to which token caps are rounded, so that windows can share a batch; divides `MOST_NEW_TOKENS`."""

END_SLACK = SPEECH_RATE * 35 // 100
"""Samples before the end of the audio from which a timestamp means that nothing more is said."""

_END = SPEECH_RATE // 50
_CRAMMED_WORDS = 3
_CRAMMED = SPEECH_RATE * 12 // 100
"""Samples in which nobody says `_CRAMMED_WORDS` words."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to transcribe a window."""

    encoder_window: EncoderWindow
    temperature: float


@dataclass(frozen=True, slots=True)
class Shape:
    """What all windows of a batch must share."""

    frames: int
    hint_tokens: int
    language: str | None
    beam: int
    temperature: float
    token_cap: int
    has_timestamps: bool


def short_frames(audio_frames: int) -> int:
    """Return how many mel frames the encoder gets for that many of audio, rounded up to a bucket."""
    wanted = max(audio_frames + MARGIN, LEAST_FRAMES)
    return min(_round_up(wanted, BUCKET), FULL_FRAMES)


def _round_up(number: int, step: int) -> int:
    return -(-number // step) * step


def list_attempts(window: Window) -> Iterator[Attempt]:
    """Yield the ways to transcribe a window, cheapest first."""
    first, *others = window.temperatures
    if window.encoder_window is EncoderWindow.SHORT:
        yield Attempt(EncoderWindow.SHORT, first)
        if window.has_timestamps and window.kind is WindowKind.PARTIAL:
            return  # the next partial comes sooner than a full window would be read
    yield Attempt(EncoderWindow.FULL, first)
    for temperature in others:
        yield Attempt(EncoderWindow.FULL, temperature)


def choose_shape(
    window: Window, attempt: Attempt, *, audio_frames: int, hint_tokens: int, language: str | None
) -> Shape:
    """Return the shape in which an attempt transcribes a window."""
    is_short = attempt.encoder_window is EncoderWindow.SHORT
    return Shape(
        short_frames(audio_frames) if is_short else FULL_FRAMES,
        hint_tokens,
        language,
        window.beam,
        attempt.temperature,
        _round_up(window.token_cap, 1 if window.max_new_tokens else TOKEN_BUCKET),
        window.has_timestamps,
    )


def max_length(prompt: int, new_tokens: int) -> int:
    """Return the `max_length` that lets CTranslate2 make `new_tokens`: it allows min(max_length / 2, max_length - prompt)."""
    return max(2 * new_tokens, prompt + new_tokens)


def compression_ratio(text: str) -> float:
    """Return how many bytes of text there are to one when zlib has compressed it; repetition makes it high."""
    raw = text.encode("utf-8")
    return len(raw) / len(zlib.compress(raw))


def suspect_text(compression: float, *, made_tokens: int, token_cap: int) -> Suspicion:
    """Suspect a text that repeats itself, or that was cut off."""
    if compression > MOST_COMPRESSION:
        return Suspicion.REPETITIVE
    return Suspicion.TOKEN_CAP if made_tokens >= token_cap else Suspicion.NONE


def end_text(tokens: Sequence[int], *, first_timestamp: int, samples: int) -> list[int]:
    """Return the tokens of the text up to the timestamp that says that the audio is over; a decoder may not stop by itself there."""
    text = []
    for token in tokens:
        if token < first_timestamp:
            text.append(token)
        elif (token - first_timestamp) * TIMESTAMP >= samples - END_SLACK:
            break
    return text


def count_uncrammed(spans: Sequence[tuple[int, int]]) -> int:
    """Return how many words there are before the first of those that the alignment squeezes into no time, found in no audio."""
    for index in range(len(spans) - _CRAMMED_WORDS + 1):
        if spans[index + _CRAMMED_WORDS - 1][1] - spans[index][0] < _CRAMMED:
            return index
    return len(spans)


def suspect_end(words: Sequence[Word], end: int) -> Suspicion:
    """Suspect words that find no more audio: the alignment crams them into its last frame."""
    crammed = [word for word in words if word.start >= end - _END]
    return Suspicion.PAST_END if len(crammed) >= _CRAMMED_WORDS else Suspicion.NONE


def is_wrong(hypothesis: Hypothesis, window: Window) -> bool:
    """Say whether a window is worth another attempt; a final is also if the model itself doubts it."""
    if hypothesis.suspicion:
        return True
    is_doubted = hypothesis.avg_logprob < LEAST_LOGPROB
    is_silence = hypothesis.no_speech_prob > MOST_NO_SPEECH
    return window.kind is WindowKind.FINAL and is_doubted and not is_silence


def choose_better(before: Hypothesis | None, now: Hypothesis) -> Hypothesis:
    """Return what is less suspect, then more probable; the work of both is counted."""
    if before is None:
        return now
    spent = {
        name: getattr(before, name) + getattr(now, name)
        for name in ("encode_s", "generate_s", "align_s")
    }
    best = max(before, now, key=lambda h: (not h.suspicion, h.avg_logprob))
    return replace(best, **spent)
