"""Which words are settled while the utterance is still being said; pure.

Theory of operation. Each newer hypothesis is first *aligned* with what is committed: its words up to the cut are the committed ones
heard again, those behind it are the continuation. The cut is the one with the least cost of an edit distance, in which committed
words that lie before the hypothesis's audio are free, plus, for each word, the share of it that lies on the wrong side of the last
committed word's end. So neither a word that is heard again after the audio was trimmed is doubled, nor a repeated word lost.

Of the continuation the longest beginning is committed in which every word is settled in one of two ways:

- it stood in the same place in the hypothesis before, compared without case and punctuation (LocalAgreement-2: Liu et al.,
  "Low-Latency Sequence-to-Sequence Speech Recognition", Interspeech 2020; Machacek et al., "Turning Whisper into Real-Time
  Transcription System", 2023);
- it ends `LOOKAHEAD` before the end of the audio and the model is sure of it (the idea of AlignAtt: Papi et al., Interspeech 2023).

Readings that lie close together agree on the same mistake, so for stock weights agreement must have lasted while the audio grew
(`STEADY`), and audio must lie behind the word, more of it behind one that the model doubts.

The last word of a hypothesis waits for its successor, since its end and its punctuation are still guesses; only one that closes a
sentence, heard the same twice or followed by a pause, is taken as it stands. What is committed keeps its text for ever.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from streamer.core.events import SPEECH_RATE, Word
from streamer.speech.base import Hypothesis

LOOKAHEAD = SPEECH_RATE // 2
"""Samples of audio behind a word after which a sure word is committed at first sight."""

SURE = 0.9
"""Probability from which a word is sure."""

STEADY = SPEECH_RATE * 4 // 10
"""Samples by which the audio must have grown between two readings that agree, for stock weights."""

HOLD = SPEECH_RATE * 3 // 10
"""Samples of audio that must lie behind a word on which readings agree, for stock weights."""

DOUBTFUL = 0.8
DOUBTFUL_HOLD = SPEECH_RATE
"""Probability below which a word is doubtful, and the audio that must lie behind it then, for stock weights. Of 349 words that base
settled early in short prompts, 22 % of those between 0.3 and 0.8 were wrong, and 2.4 % of those above."""

KEPT_IN_FRONT = SPEECH_RATE * 3 // 2
"""Samples of committed audio that stay in front of a trimmed window: the first new word is whole, and the model hears how the
sentence goes. On the bundled model and windows trimmed at 2.5 s, 0.3 s cost 4 points of word errors that 1.5 s did not."""

_TIME_WEIGHT = 0.5
"""Cost of a word on the wrong side of the cut in time, where an edit costs 1: the model moves words more often than it drops them."""

_CLOSING = frozenset(".?!…。?！？｡।؟")


def normalise(text: str) -> str:
    """Return a word as it is compared: NFKC, case folded, letters and digits only; what has none stays as it is."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LNM") or folded


@dataclass(frozen=True, slots=True)
class _Tentative:
    """A word that is not settled; `since` is how far the audio reached when it was first heard so, `readings` how often it was."""

    word: Word
    since: int
    readings: int = 1


class LocalAgreement:
    """The commit policy of one utterance.

    `lookahead`, `steady` and `hold` are in samples: a word that is not `sure` is settled when it has been heard the same while the audio
    grew by `steady`, and when it ends `hold` before the end of the audio; `doubtful_hold` if its probability is below `doubtful`. Without
    `settles_last` the last word waits for its successor or the utterance's end even if it closes a sentence.
    """

    def __init__(
        self,
        *,
        lookahead: int = LOOKAHEAD,
        sure: float = SURE,
        steady: int = 0,
        hold: int = 0,
        doubtful: float = 0.0,
        doubtful_hold: int = 0,
        settles_last: bool = True,
    ) -> None:
        self._lookahead = lookahead
        self._sure = sure
        self._steady = steady
        self._hold = hold
        self._doubtful = doubtful
        self._doubtful_hold = doubtful_hold
        self._settles_last = settles_last
        self._committed: list[Word] = []
        self._tentative: list[_Tentative] = []

    @property
    def committed(self) -> tuple[Word, ...]:
        """All words settled so far; only grows."""
        return tuple(self._committed)

    @property
    def tentative(self) -> tuple[Word, ...]:
        """What the newest hypothesis says behind them."""
        return tuple(waiting.word for waiting in self._tentative)

    @property
    def trim_point(self) -> int | None:
        """Where the next window may begin: a committed word's start, a little before the end of what is committed."""
        starts = [word.start for word in self._committed]
        end = self._committed[-1].end if self._committed else 0
        return max((s for s in starts if s <= end - KEPT_IN_FRONT), default=None)

    def update(self, hypothesis: Hypothesis) -> list[Word]:
        """Take a newer hypothesis and return the words that are settled by it."""
        continuation = self._continue(hypothesis)
        waiting = self._compare(continuation, hypothesis.end)
        settled = self._count_settled(waiting, hypothesis.end)
        self._tentative = waiting[settled:]
        return self._commit(continuation[:settled])

    def _compare(self, words: list[Word], audio_end: int) -> list[_Tentative]:
        """Return the words with the moments since which they have been heard so."""
        compared = []
        for index, word in enumerate(words):
            before = self._tentative[index] if index < len(self._tentative) else None
            is_last = index == len(words) - 1
            is_same = before is not None and _agree(before.word, word, exactly=is_last)
            if before and is_same:
                compared.append(_Tentative(word, before.since, before.readings + 1))
            else:
                compared.append(_Tentative(word, audio_end))
        return compared

    def finish(self, hypothesis: Hypothesis | None) -> list[Word]:
        """Settle the rest as the utterance's final hypothesis has it; None leaves what is committed."""
        self._tentative = []
        return self._commit(self._continue(hypothesis) if hypothesis else [])

    def _continue(self, hypothesis: Hypothesis) -> list[Word]:
        words = list(hypothesis.words)
        return words[find_cut(self._committed, words, audio_start=hypothesis.start) :]

    def _commit(self, words: list[Word]) -> list[Word]:
        for word in words:
            floor = self._committed[-1].end if self._committed else word.start
            start = max(word.start, floor)
            self._committed.append(replace(word, start=start, end=max(word.end, start)))
        return self._committed[len(self._committed) - len(words) :]

    def _count_settled(self, waiting: list[_Tentative], audio_end: int) -> int:
        for index, heard in enumerate(waiting):
            word = heard.word
            is_last = index == len(waiting) - 1
            hold = self._hold if word.probability >= self._doubtful else self._doubtful_hold
            agreed = (
                heard.readings > 1
                and audio_end - heard.since >= self._steady
                and word.end <= audio_end - hold
            )
            sure = word.probability >= self._sure and word.end <= audio_end - self._lookahead
            may_close = self._settles_last and word.text[-1:] in _CLOSING
            if not (agreed or sure) or (is_last and not may_close):
                return index
        return len(waiting)


def _agree(before: Word, now: Word, *, exactly: bool) -> bool:
    if exactly:
        return before.text == now.text
    return normalise(before.text) == normalise(now.text)


def find_cut(committed: Sequence[Word], words: Sequence[Word], *, audio_start: int) -> int:
    """Return how many of `words`, heard in audio from `audio_start` on, are committed ones heard again."""
    if not committed or not words:
        return 0
    edits = _edit_costs(committed, words, audio_start)
    end = committed[-1].end
    late = [_share_behind(word, end) for word in words]
    costs = [
        edits[cut] + _TIME_WEIGHT * (sum(late[:cut]) + sum(1 - share for share in late[cut:]))
        for cut in range(len(words) + 1)
    ]
    return min(range(len(costs)), key=costs.__getitem__)


def _edit_costs(committed: Sequence[Word], words: Sequence[Word], audio_start: int) -> list[float]:
    """Return for each cut what it costs to take all committed words for the words before that cut."""
    read_again = [normalise(word.text) for word in words]
    row = [float(cut) for cut in range(len(words) + 1)]
    for word in committed:
        text = normalise(word.text)
        missing = 1 - _share_before(word, audio_start)
        above, row = row, [row[0] + missing]
        for cut, other in enumerate(read_again, start=1):
            exchanged = above[cut - 1] + (text != other)
            row.append(min(exchanged, above[cut] + missing, row[cut - 1] + 1))
    return row


def _share_before(word: Word, position: int) -> float:
    return 1 - _share_behind(word, position)


def _share_behind(word: Word, position: int) -> float:
    """Return how much of a word lies behind a position, 0 to 1; a word without length lies on one side."""
    length = word.end - word.start
    if length <= 0:
        return float(word.start >= position)
    return min(max((word.end - position) / length, 0.0), 1.0)
