"""What was said as subtitles: short enough to read, at the times of their words, at most one of each leg at a time.

Theory of operation. An utterance is cut into cues between words. Every cut has a price - a cue more to read, a cut within a
clause, a cue on screen for less than `SHORTEST`, cues of uneven length - and of all ways to cut, the cheapest is taken.
A cue never has more than two lines, nor more than `LONGEST` from its first word to its last. A cue stays to
the end of its last word, or for `SHORTEST` if the next cue of its leg leaves the time. Times that run backwards or
fall together are moved as little as keeps a leg's cues apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile, zip_longest

from streamer.core.events import SPEECH_RATE, Segment, Word
from streamer.core.transcript import Transcript
from streamer.exporters.lines import LINE_WIDTH, Ruler, measure, shorten, split_word

SHORTEST = 1 * SPEECH_RATE
LONGEST = 7 * SPEECH_RATE
"""Samples that a cue is on screen, at least if there is time, and at most (Netflix, "Timed Text Style Guide")."""

NAME_WIDTH = 16
"""Characters of a speaker's name that a cue has room for."""

TICK = SPEECH_RATE // 1000
"""Samples in a millisecond, the finest step of a subtitle's times."""

_PAUSE = SPEECH_RATE * 3 // 10
_CUE_PRICE = 1000
_SHORT_PRICE = 1500
_FULL_PRICE = 300
_CUT_IN_CLAUSE_PRICE = 600
_CUT_AT_PAUSE_PRICE = 200
_FULL_WIDTH = 2 * LINE_WIDTH
_SENTENCE_ENDS = tuple(".?!…。？！")
_CLAUSE_ENDS = tuple(",;:–—、，；：")
_CLOSING = "\"'”’»)"
"""What may stand behind the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One or two lines on screen; `start` and `end` are samples at `SPEECH_RATE`, at least a `TICK` apart."""

    leg: str
    start: int
    end: int
    lines: tuple[str, ...]


def build_cues(transcript: Transcript, *, is_labelled: bool = False) -> list[Cue]:
    """Return the transcript as cues in order of start; if labelled, each begins with `speaker: `."""
    cues: list[Cue] = []
    for leg in transcript.speakers:
        prefix = f"{shorten(transcript.name(leg), width=NAME_WIDTH)}: " if is_labelled else ""
        segments = [segment for segment in transcript.lines if segment.leg == leg]
        cues += _set_apart(_cut_segments(segments, prefix))
    return sorted(cues, key=lambda cue: cue.start)


def format_time(samples: int, *, point: str) -> str:
    """Return a position as `hh:mm:ss` and milliseconds behind the decimal point of the format."""
    seconds, ticks = divmod(samples // TICK, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{ticks:03}"


def _cut_segments(segments: Sequence[Segment], prefix: str) -> Iterator[Cue]:
    room = LINE_WIDTH - measure(prefix)
    follows = [segment.start for segment in segments[1:]]
    for segment, until in zip_longest(segments, follows):
        ruler = Ruler(_pieces(segment.words, width=room), prefix=prefix)
        for start, end in _find_cuts(ruler, until):
            first, last = ruler.words[start], ruler.words[end - 1]
            yield Cue(segment.leg, first.start, last.end, ruler.lay_out(start, end))


def _pieces(words: Sequence[Word], *, width: int) -> list[Word]:
    """Return the words in pieces that fit on a line, none starting before the one in front of it."""
    pieces: list[Word] = []
    start = 0
    for word in words:
        start = max(start, word.start)
        ordered = replace(word, start=start, end=max(start, word.end))
        pieces += split_word(ordered, width=width)
    return pieces


def _find_cuts(ruler: Ruler, until: int | None) -> list[tuple[int, int]]:
    """Return the cheapest cuts as stretches of words, found by the cheapest way to each word."""
    # By end: the price of all cues up to there, and where the last of them starts.
    cheapest = {0: (0, 0)}
    count = len(ruler.words)
    for start in range(count):
        for end in _possible_ends(ruler, start):
            way = (cheapest[start][0] + _price(ruler, start, end, until), start)
            cheapest[end] = min(way, cheapest.get(end, way))
    cuts = []
    while count:
        cuts.append((cheapest[count][1], count))
        count = cheapest[count][1]
    return cuts[::-1]


def _possible_ends(ruler: Ruler, start: int) -> Iterator[int]:
    latest = ruler.words[start].start + LONGEST
    ends = range(start + 2, ruler.reach(start) + 1)
    yield start + 1
    yield from takewhile(lambda end: ruler.words[end - 1].end <= latest, ends)


def _price(ruler: Ruler, start: int, end: int, until: int | None) -> int:
    words, is_last = ruler.words, end == len(ruler.words)
    price = _CUE_PRICE + _FULL_PRICE * ruler.width(start, end) ** 2 // _FULL_WIDTH**2
    follows = until if is_last else words[end].start
    if follows is not None and follows - words[start].start < SHORTEST:
        price += _SHORT_PRICE
    return price if is_last else price + _price_of_cut(words[end - 1], words[end])


def _price_of_cut(before: Word, behind: Word) -> int:
    text = before.text.rstrip(_CLOSING)
    if text.endswith(_SENTENCE_ENDS):
        return 0
    if text.endswith(_CLAUSE_ENDS) or behind.start - before.end >= _PAUSE:
        return _CUT_AT_PAUSE_PRICE
    return _CUT_IN_CLAUSE_PRICE


def _set_apart(cues: Iterable[Cue]) -> Iterator[Cue]:
    """Yield one leg's cues at times at which each can be seen alone."""
    ordered = sorted(cues, key=lambda cue: cue.start)
    starts: list[int] = []
    for cue in ordered:
        starts.append(max(cue.start, starts[-1] + TICK if starts else 0))
    for cue, start, follows in zip_longest(ordered, starts, starts[1:]):
        end = min(max(cue.end, start + SHORTEST), start + LONGEST)
        yield replace(cue, start=start, end=end if follows is None else min(end, follows))
