"""Parts of a leg that are noise, as its recording knows: nothing is said in them; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from streamer.core.audio import SAMPLE_WIDTH
from streamer.speech.base import Hypothesis
from streamer.speech.words.spoken import Span

FindNoise = Callable[[], Sequence[Span]]
"""Returns where a leg is noise, as far as that is known by now; what it is told late may have been heard already."""


def silence(pcm: bytes, *, position: int, noise: Sequence[Span]) -> bytes:
    """Return audio that begins at a position with silence in place of what is noise."""
    for start, end in noise:
        first, last = (max(0, at - position) * SAMPLE_WIDTH for at in (start, end))
        last = min(last, len(pcm))
        if first < last:
            pcm = pcm[:first] + bytes(last - first) + pcm[last:]
    return pcm


def drop_noise(hypothesis: Hypothesis, noise: Sequence[Span]) -> Hypothesis:
    """Return what was read without the words that were read in noise."""
    if not noise:
        return hypothesis
    words = tuple(w for w in hypothesis.words if not lies_in((w.start, w.end), noise))
    return replace(hypothesis, words=words)


def lies_in(span: Span, noise: Sequence[Span]) -> bool:
    """Say whether the middle of a span is noise."""
    middle = (span[0] + span[1]) // 2
    return any(start <= middle < end for start, end in noise)
