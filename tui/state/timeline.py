"""Who spoke when on a call, summed up in buckets that grow with it: a call of hours costs no more to draw than one of minutes."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from math import ceil

from streamer.core.events import SPEECH_RATE, Word
from streamer.core.transcript import DOUBTFUL

BUCKETS = 4096
FINEST_S = 0.125
"""Seconds of a bucket at first; each time the call is too long for so many, two become one."""


class Talk:
    """Seconds of speech of each leg, and words that are doubtful, by bucket."""

    def __init__(self) -> None:
        self.bucket_s = FINEST_S
        self.legs: dict[str, array[float]] = {}
        self.words = _empty()
        self.doubtful = _empty()
        self._end = 0

    @property
    def end_s(self) -> float:
        """Return where the last utterance ends."""
        return self._end / SPEECH_RATE

    def add(self, leg: str, start: int, end: int, words: Iterable[Word] = ()) -> None:
        """Count an utterance in; positions are samples at `SPEECH_RATE`."""
        self._reach(max(end, *(word.start for word in words), 0) / SPEECH_RATE)
        self._end = max(self._end, end)
        talk = self.legs.setdefault(leg, _empty())
        self._spread(talk, max(0, start) / SPEECH_RATE, end / SPEECH_RATE)
        for word in words:
            bucket = int(max(0, word.start) / SPEECH_RATE / self.bucket_s)
            self.words[bucket] += 1
            self.doubtful[bucket] += word.probability < DOUBTFUL

    def share(self, leg: str, first_s: float, last_s: float) -> float:
        """Return which part of a time a leg spoke, 0 to 1."""
        begin, end = self._range(first_s, last_s)
        talked = sum(self.legs[leg][begin:end]) if leg in self.legs else 0.0
        return min(1.0, talked / ((end - begin) * self.bucket_s)) if end > begin else 0.0

    def doubt(self, first_s: float, last_s: float) -> float:
        """Return which part of the words that began in a time is doubtful, 0 to 1."""
        begin, end = self._range(first_s, last_s)
        return sum(self.doubtful[begin:end]) / max(1.0, sum(self.words[begin:end]))

    def _range(self, first_s: float, last_s: float) -> tuple[int, int]:
        begin = int(first_s / self.bucket_s)
        return begin, min(BUCKETS, max(begin + 1, ceil(last_s / self.bucket_s)))

    def _spread(self, talk: array[float], start_s: float, end_s: float) -> None:
        for bucket in range(int(start_s / self.bucket_s), ceil(end_s / self.bucket_s)):
            begins = bucket * self.bucket_s
            talk[bucket] += max(0.0, min(end_s, begins + self.bucket_s) - max(start_s, begins))

    def _reach(self, seconds: float) -> None:
        while seconds >= BUCKETS * self.bucket_s:
            self.bucket_s *= 2
            for values in (*self.legs.values(), self.words, self.doubtful):
                _fold(values)


def _empty() -> array[float]:
    return array("d", bytes(8 * BUCKETS))


def _fold(values: array[float]) -> None:
    half = [values[n] + values[n + 1] for n in range(0, BUCKETS, 2)]
    values[:] = array("d", half + [0.0] * (BUCKETS // 2))
