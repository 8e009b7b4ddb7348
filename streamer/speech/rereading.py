"""Speech without words is read again another way; what stays without is said, never dropped silently.

What a final leaves unread is read as a window of its own, so that the cut is another, and then once more at a higher temperature. Only
speech of which voice activity is sure counts: laughter, coughs and music that it takes for speech have few such frames.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.events import SPEECH_RATE, Word
from streamer.speech.base import Hypothesis, Suspicion, Window
from streamer.speech.words.filters import drop_inventions
from streamer.speech.words.spoken import LEAST_UNREAD, Span, find_unread

SURE_SPEECH = 0.8
"""Probability from which voice activity is sure."""

LEAST_BEHIND_LOOP = SPEECH_RATE * 6 // 10
"""Samples of speech worth being read again where words were taken away: a loop hides what follows it."""

MARGIN = SPEECH_RATE * 3 // 10
"""Samples around what is read again."""

TEMPERATURES = ((0.0,), (0.4,))
MOST_READINGS = 6
"""Windows that one final may be read again in."""

Read = Callable[[Window], Awaitable[Hypothesis]]


async def read_again(
    believed: Hypothesis,
    window: Window,
    *,
    settled: Sequence[Word],
    speech: Sequence[Span],
    sure: Sequence[Span],
    is_looped: bool,
    read: Read,
) -> Hypothesis:
    """Return the hypothesis with the words that other readings find; one that is `Suspicion.SKIPPED` where none could be made.

    `speech` and `sure` are where voice activity hears some and is sure of it. In front of the end of what is `settled` nothing can be
    put any more.
    """
    words = list(believed.words)
    sure = _clip(sure, (max(window.position, *(word.end for word in settled), 0), window.end))
    left = MOST_READINGS
    least = LEAST_BEHIND_LOOP if is_looped else LEAST_UNREAD
    tried: set[Span] = set()
    while left and (
        spans := [s for s in find_unread(sure, [*settled, *words], least=least) if s not in tried]
    ):
        tried.add(spans[0])
        for temperatures in TEMPERATURES[:left]:
            left -= 1
            again = replace(_cut(window, spans[0]), temperatures=temperatures)
            found = await read(again)
            if found.suspicion is Suspicion.SKIPPED:
                return replace(believed, words=tuple(words), suspicion=Suspicion.SKIPPED)
            heard = drop_inventions(found, again, speech).words
            if fresh := [word for word in heard if _lies_in(word, spans[0])]:
                words = sorted([*words, *fresh], key=lambda word: word.start)
                break
    return replace(believed, words=tuple(words))


def find_unclear(window: Window, words: Sequence[Word], sure: Sequence[Span]) -> list[Span]:
    """Return where a window holds speech that is in none of an utterance's words."""
    return find_unread(_clip(sure, (window.position, window.end)), words)


def _clip(spans: Sequence[Span], within: Span) -> list[Span]:
    clipped = [(max(a, within[0]), min(b, within[1])) for a, b in spans]
    return [(a, b) for a, b in clipped if b > a]


def _cut(window: Window, span: Span) -> Window:
    start = max(window.position, span[0] - MARGIN)
    end = min(window.end, span[1] + MARGIN)
    first, last = ((at - window.position) * SAMPLE_WIDTH for at in (start, end))
    return replace(window, pcm=window.pcm[first:last], position=start, context="", lead=b"", pack=0)


def _lies_in(word: Word, span: Span) -> bool:
    return span[0] <= (word.start + word.end) // 2 <= span[1]
