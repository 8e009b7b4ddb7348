"""Words beside speech: which repeats were said, and what was said without a word; pure.

Voice activity knows when somebody spoke, alignment where words lie; what stands in one and not in the other is wrong. A model that
loops repeats a phrase more often than somebody spoke: some repeats are *squeezed* into no time or lie where nobody speaks. People who
count, spell or say no again and again pause between, so that each word has an *island* of speech of its own. Where the speech has no
pauses, repeats cannot be counted, and a long run of them is taken for a loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from streamer.core.events import SPEECH_RATE, Word
from streamer.speech.words.agreement import normalise

Span = tuple[int, int]
"""First sample of something, and the one behind its last."""

LOOP_REPEATS = 3
LOOP_WORDS = 12
"""Repeats, and words in all, that make a loop where the speech has no pauses."""

LEAST_SPOKEN = SPEECH_RATE * 8 // 100
"""Samples of speech that a word has at least."""

LONGEST_ISLAND = SPEECH_RATE * 3 // 2
"""Samples of speech without a pause up to which an island is a word or a short phrase."""

LONGEST_WORD = SPEECH_RATE * 6 // 5
"""Samples from its beginning on that a word covers: an alignment stretches words across what they do not say."""

LEAST_UNREAD = SPEECH_RATE * 3 // 2
"""Samples of speech without words that are worth being read again."""

_REACH = SPEECH_RATE * 3 // 10
"""Samples from a word to its island; the times of words that are all alike are that wrong."""

_SLACK = SPEECH_RATE // 10
_DOUBTED = 0.5


def own_speech(span: Span, speech: Sequence[Span]) -> int:
    """Count the samples of a span that are speech."""
    return sum(max(0, min(span[1], last) - max(span[0], first)) for first, last in speech)


def drop_repeats(words: Sequence[Word], speech: Sequence[Span]) -> list[Word]:
    """Return the words without the repeats for which there is no speech; a loop ends them, since what follows it is not believed."""
    kept: list[Word] = []
    texts = [normalise(word.text) for word in words]
    start = 0
    while start < len(words):
        period, repeats = find_run(texts, start)
        run = words[start : start + period * repeats]
        start += len(run)
        if repeats == 1:
            kept += run
            continue
        spoken = _keep_spoken(run, period, speech)
        kept += spoken or cut_loop(run)
        if not spoken:
            return kept
    return _drop_doubled(kept, speech)


def cut_loop(words: Sequence[Word]) -> list[Word]:
    """Return the words up to a loop: a phrase said `LOOP_REPEATS` times in a row, `LOOP_WORDS` words in all, is kept once."""
    texts = [normalise(word.text) for word in words]
    for start in range(len(texts)):
        for period in range(1, (len(texts) - start) // LOOP_REPEATS + 1):
            repeats = count_repeats(texts, start, period)
            if repeats >= LOOP_REPEATS and repeats * period >= LOOP_WORDS:
                return list(words[: start + period])
    return list(words)


def find_run(texts: Sequence[str], start: int) -> tuple[int, int]:
    """Return length and number of the repeats that begin there and cover most words; (1, 1) if there are none."""
    best = (1, 1)
    for period in range(1, (len(texts) - start) // 2 + 1):
        repeats = count_repeats(texts, start, period)
        if repeats > 1 and period * repeats > best[0] * best[1]:
            best = (period, repeats)
    return best


def count_repeats(texts: Sequence[str], start: int, period: int) -> int:
    """Return how often the phrase of `period` words is said in a row from `start` on."""
    phrase = texts[start : start + period]
    end = start + period
    while texts[end : end + period] == phrase:
        end += period
    return (end - start) // period


def is_said_apart(words: Sequence[Word], speech: Sequence[Span]) -> bool:
    """Say whether each word, or two, has an island of speech of its own."""
    islands = _islands(words, speech)
    return (
        _has_pauses(islands)
        and 2 * len(islands) >= len(words)
        and not any(_is_squeezed([word], speech) for word in words)
    )


def find_unread(
    speech: Sequence[Span], words: Sequence[Word], *, least: int = LEAST_UNREAD
) -> list[Span]:
    """Return the stretches that hold `least` of speech between two words, or beside the first or last; in order."""
    unread = []
    for begin, end in _gaps(words):
        pieces = [
            (max(first, begin), min(last, end))
            for first, last in speech
            if min(last, end) > max(first, begin)
        ]
        if sum(last - first for first, last in pieces) >= least:
            unread.append((pieces[0][0], pieces[-1][1]))
    return unread


def _gaps(words: Sequence[Word]) -> Iterator[Span]:
    """Yield what lies between words, and before and behind them."""
    begin = 0
    for word in sorted(words, key=lambda word: word.start):
        yield begin, word.start - _SLACK
        begin = max(begin, min(word.end, word.start + LONGEST_WORD) + _SLACK)
    yield begin, 1 << 62


def _keep_spoken(run: Sequence[Word], period: int, speech: Sequence[Span]) -> list[Word]:
    """Return the repeats that were said; none if it is a loop."""
    islands = _islands(run, speech)
    if _has_pauses(islands) and len(islands) > 1:
        is_whole = not any(_is_squeezed([word], speech) for word in run)
        return list(run) if is_whole else _place(run, period, islands)
    if len(cut_loop(run)) < len(run):
        return []
    rounds = [run[n : n + period] for n in range(0, len(run), period)]
    said = [each for each in rounds if not _is_squeezed(each, speech)]
    return [word for each in said or rounds[:1] for word in each]


def _place(run: Sequence[Word], period: int, islands: Sequence[Span]) -> list[Word]:
    """Return as many whole repeats as there are islands for, placed on them."""
    units = 1 if len(islands) * 2 > len(run) or period == 1 else period
    spans = [(run[n].start, run[n + units - 1].end) for n in range(0, len(run), units)]
    found = list(_match(spans, islands))
    missing = round((len(spans) - len(found)) * units / period) * period
    kept = run[: max(period, len(run) - missing)]
    if units > 1 or len(found) < len(kept):
        return list(kept)
    return [
        replace(word, start=start, end=end) for word, (start, end) in zip(kept, found, strict=False)
    ]


def _match(spans: Sequence[Span], islands: Sequence[Span]) -> Iterator[Span]:
    """Yield the islands that the spans reach, each for one of them, in order."""
    left = list(islands)
    for start, end in spans:
        while left and left[0][1] < start - _REACH:
            left.pop(0)
        if left and left[0][0] <= end + _REACH:
            yield left.pop(0)


def _drop_doubled(words: Sequence[Word], speech: Sequence[Span]) -> list[Word]:
    """Return the words without doubted ones that only repeat the word in front, on speech that is the next word's as well."""
    kept = list(words[:1])
    for before, word, behind in zip(words, words[1:], [*words[2:], None], strict=False):
        is_again = normalise(word.text) == normalise(before.text) and word.probability < _DOUBTED
        shared = _islands([word, behind], speech) if is_again and behind else []
        if len(shared) != 1 or shared[0][0] < before.end - _SLACK:
            kept.append(word)
    return kept


def _is_squeezed(words: Sequence[Word], speech: Sequence[Span]) -> bool:
    spoken = sum(own_speech((word.start, word.end), speech) for word in words)
    return spoken < LEAST_SPOKEN * len(words)


def _islands(words: Sequence[Word], speech: Sequence[Span]) -> list[Span]:
    """Return the speech under the words that is long enough for one."""
    start, end = words[0].start, words[-1].end
    return [
        span
        for span in speech
        if span[1] - span[0] >= LEAST_SPOKEN
        and own_speech((start - _SLACK, end + _SLACK), [span]) >= LEAST_SPOKEN
    ]


def _has_pauses(islands: Sequence[Span]) -> bool:
    return bool(islands) and max(last - first for first, last in islands) <= LONGEST_ISLAND
