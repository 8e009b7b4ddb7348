"""Words that a model invents, and how they are removed; pure.

Whisper invents text where there is no speech, repeats itself, and repeats what it was prompted with. Each rule here takes away
one of these and leaves what stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from streamer.core.events import SPEECH_RATE, Word
from streamer.core.untrusted import strip_controls
from streamer.speech.audio.segmenter import SILENCE
from streamer.speech.base import (
    FRAME,
    LEAST_LOGPROB,
    MOST_COMPRESSION,
    MOST_NO_SPEECH,
    Hypothesis,
    Suspicion,
    Window,
)
from streamer.speech.words.agreement import normalise
from streamer.speech.words.spoken import Span, drop_repeats, is_said_apart

LEAST_COVERAGE = 0.3
"""Share of a word that must lie on speech."""

SLACK = SPEECH_RATE // 10
"""Samples around speech that count as speech: word times are that wrong."""

LONGEST_CONTEXT_PAUSE = SPEECH_RATE * 3
MOST_HINT_NO_SPEECH = 0.8
"""Doubt beyond which a word of the hints was not said. On silence and noise it was 0.85 to 0.98 where hints came out, on beeps 0.71 to 0.78; on
short prompts that were hints themselves 0.6 at most with tiny.en (292 of them) and 0.73 with base (60)."""

_ECHO_WORDS = 3
_ECHO_COVERAGE = 0.5


def may_carry_context(last_end: int, start: int) -> bool:
    """Say whether what was said until `last_end` may still hint at what begins at `start`."""
    return start - last_end <= LONGEST_CONTEXT_PAUSE


def find_speech(
    probabilities: Sequence[float], *, position: int, threshold: float = SILENCE
) -> list[Span]:
    """Return where the frames from `position` on hold speech, in samples."""
    spans: list[Span] = []
    for index, probability in enumerate(probabilities):
        start = position + index * FRAME
        if probability < threshold:
            continue
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], start + FRAME)
        else:
            spans.append((start, start + FRAME))
    return spans


def coverage(span: Span, speech: Sequence[Span], *, slack: int = SLACK) -> float:
    """Return the share of a span that lies on speech, 0 to 1; `slack` samples around speech count as speech."""
    start, end = span[0], max(span[1], span[0] + 1)
    covered = 0
    for first, last in speech:
        low, high = max(start, first - slack), min(end, last + slack)
        if high > low:
            covered += high - low
            start = high  # neighbours that overlap by their slack count once
    return covered / (end - span[0])


def drop_unspoken(words: Sequence[Word], speech: Sequence[Span]) -> list[Word]:
    """Return the words that lie on speech by at least `LEAST_COVERAGE`."""
    return [w for w in words if coverage((w.start, w.end), speech) >= LEAST_COVERAGE]


def is_silence(hypothesis: Hypothesis) -> bool:
    """Say whether the model itself doubts that anybody spoke."""
    return hypothesis.no_speech_prob > MOST_NO_SPEECH and hypothesis.avg_logprob < LEAST_LOGPROB


def is_echo(words: Sequence[Word], hint: str, speech: Sequence[Span]) -> bool:
    """Say whether all words only repeat a stretch of the hint.

    People repeat themselves too, so a short one is an echo only where little was spoken.
    """
    said = [normalise(word.text) for word in words]
    hinted = [normalise(token) for token in hint.split()]
    if len(said) < _ECHO_WORDS or not _contains(hinted, said):
        return False
    spoken = coverage((words[0].start, words[-1].end), speech, slack=0)
    return spoken < _ECHO_COVERAGE


def is_hint(words: Sequence[Word], hint: str, no_speech_prob: float) -> bool:
    """Say whether a model that hears no speech only says words of the hint, in any order.

    Voice activity finds most of it, but not all; where it does not, the model's own doubt does. See `MOST_HINT_NO_SPEECH`.
    """
    said = {normalise(word.text) for word in words} - {""}
    hinted = {normalise(token) for token in hint.split()}
    return no_speech_prob > MOST_HINT_NO_SPEECH and bool(said) and said <= hinted


def _contains(texts: Sequence[str], part: Sequence[str]) -> bool:
    return any(texts[i : i + len(part)] == part for i in range(len(texts) - len(part) + 1))


def drop_inventions(hypothesis: Hypothesis, window: Window, speech: Sequence[Span]) -> Hypothesis:
    """Return the hypothesis with the words that may be believed.

    `speech` is where the window holds speech, on the leg's time line. Where a rule takes everything, `suspicion` names it.
    """
    cleaned = [replace(w, text=strip_controls(w.text)) for w in hypothesis.words]
    words = [w for w in cleaned if w.text]
    if is_silence(hypothesis):
        return replace(hypothesis, words=(), suspicion=Suspicion.SILENCE)
    if is_echo(words, window.prompt, speech) or is_echo(words, window.context, speech):
        return replace(hypothesis, words=(), suspicion=Suspicion.ECHO)
    if is_hint(words, window.prompt, hypothesis.no_speech_prob):
        return replace(hypothesis, words=(), suspicion=Suspicion.ECHO)
    words, heard = drop_unspoken(words, speech), words
    kept = drop_repeats(words, speech)
    is_repetitive = hypothesis.compression_ratio > MOST_COMPRESSION and len(kept) == len(heard)
    if is_repetitive and not (kept and is_said_apart(kept, speech)):
        return replace(hypothesis, words=(), suspicion=Suspicion.REPETITIVE)
    return replace(hypothesis, words=tuple(kept))


def hold_back(tentative: tuple[Word, ...], end: int, least: float) -> tuple[Word, ...]:
    """Return the tentative words that are worth showing.

    A word that ends behind `end`, being said still, is left out, because its end is a guess, and what stands from the first word on whose
    probability is below `least`, because half of such words change.
    """
    shown = tuple(takewhile(lambda word: word.probability >= least, tentative))
    return shown[:-1] if shown and shown[-1].end > end else shown
