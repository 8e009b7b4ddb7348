"""Windows that are read as one, and what is heard given back to each; pure.

Whisper hears better what stands in a sentence or two than a word alone, and a short encoder window costs as much for one word as for
three seconds. So a window is read behind its lead, and utterances of a pack are put one behind the other. The words that are found go
back to their windows by their times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, takewhile

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.events import Word
from streamer.speech.base import Hypothesis, Window


def group_windows(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """Yield the windows in order, those of one pack together."""
    keys = [(w.leg, w.pack) if w.pack else (w.leg, -number) for number, w in enumerate(windows, 1)]
    for _, group in groupby(zip(keys, windows, strict=True), key=lambda pair: pair[0]):
        yield [window for _, window in group]


def join_windows(windows: Sequence[Window]) -> Window:
    """Return a pack, with the lead of its first window, as one window; past the first window's end its positions are not the leg's."""
    first, last = windows[0], windows[-1]
    pcm = b"".join([first.lead, *(window.pcm for window in windows)])
    position = first.position - len(first.lead) // SAMPLE_WIDTH
    return replace(first, utterance=last.utterance, position=position, pcm=pcm, lead=b"")


def split_hypothesis(hypothesis: Hypothesis, windows: Sequence[Window]) -> list[Hypothesis]:
    """Return each window's part of what is heard in all of them, its words at their places in the leg; the lead's words are left out."""
    words = list(hypothesis.words)
    del words[: _count_before(windows[0].position, words)]
    parts = []
    begin = windows[0].position
    for window in windows:
        end = begin + window.samples
        count = len(words) if window is windows[-1] else _count_before(end, words)
        moved = tuple(_move(word, begin, window) for word in words[:count])
        del words[:count]
        parts.append(replace(hypothesis, start=window.position, end=window.end, words=moved))
        begin = end
    return parts


def _count_before(end: int, words: Sequence[Word]) -> int:
    """Return how many words come before the first whose middle lies behind `end`."""
    return sum(1 for _ in takewhile(lambda word: (word.start + word.end) // 2 < end, words))


def _move(word: Word, begin: int, window: Window) -> Word:
    """Put a word that was heard in a window's part of the whole, which begins at `begin`, to its place in the leg."""
    offset = window.position - begin
    start = min(max(word.start + offset, window.position), window.end)
    end = min(max(word.end + offset, start), window.end)
    return replace(word, start=start, end=end)
