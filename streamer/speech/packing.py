"""Utterances of a leg that nobody waits for, read several at once.

A recogniser hears better what stands in a sentence or two than a word alone, and a short encoder window costs as much for one word as
for three seconds, so utterances that have been said already are put one behind the other into a window. The words that are found in
it are given back to their utterances by their times.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.events import SPEECH_RATE, Word
from streamer.speech.audio.segmenter import Closed
from streamer.speech.base import Hypothesis, Suspicion, Window
from streamer.speech.scheduler import Scheduler, Urgency
from streamer.speech.words.filters import Span

LONGEST_LEAD_PAUSE = SPEECH_RATE * 10
"""Samples of silence across which what was said before still helps to hear what is said now."""

LEAST_LEAD = SPEECH_RATE // 2
"""Samples of what was said before that are worth being read again."""


@dataclass(frozen=True, slots=True)
class PackedUtterance:
    """An utterance with its audio, and where in it somebody speaks, on the leg's time line."""

    closed: Closed
    pcm: bytes
    speech: Sequence[Span]

    @property
    def samples(self) -> int:
        """Count the samples."""
        return len(self.pcm) // SAMPLE_WIDTH

    @property
    def end(self) -> int:
        """Return the position behind its last sample."""
        return self.closed.start + self.samples

    def tail(self, most: int) -> PackedUtterance:
        """Return its end, of so many samples at most."""
        start = max(self.closed.start, self.end - most)
        pcm = self.pcm[(start - self.closed.start) * SAMPLE_WIDTH :]
        return replace(self, closed=replace(self.closed, start=start), pcm=pcm)


@dataclass(slots=True)
class Pack:
    """Utterances in order, as one stretch of audio that begins with the first."""

    utterances: list[PackedUtterance] = field(default_factory=list)

    @property
    def samples(self) -> int:
        """Count the samples of all."""
        return sum(utterance.samples for utterance in self.utterances)

    @property
    def pcm(self) -> bytes:
        """Return the audio of all."""
        return b"".join(utterance.pcm for utterance in self.utterances)

    @property
    def position(self) -> int:
        """Return where the window begins on the leg's time line; from its second utterance on it lies before the true place."""
        return self.utterances[0].closed.start

    def split(self, hypothesis: Hypothesis) -> list[Hypothesis]:
        """Return each utterance's part of what is heard in the whole, its words at their places in the leg."""
        parts = []
        begin = self.position
        words = list(hypothesis.words)
        for utterance in self.utterances:
            end = begin + utterance.samples
            is_last = utterance is self.utterances[-1]
            count = len(words) if is_last else _count_before(end, words)
            moved = tuple(_move(word, begin, utterance) for word in words[:count])
            del words[:count]
            parts.append(
                replace(hypothesis, start=utterance.closed.start, end=utterance.end, words=moved)
            )
            begin = end
        return parts


def _count_before(end: int, words: Sequence[Word]) -> int:
    """Return how many words come before the first whose middle lies behind `end`."""
    return sum(1 for _ in takewhile(lambda word: (word.start + word.end) // 2 < end, words))


def _move(word: Word, begin: int, utterance: PackedUtterance) -> Word:
    """Put a word that was heard in the utterance's part of the window, which begins at `begin`, to its place in the leg."""
    offset = utterance.closed.start - begin
    start = min(max(word.start + offset, utterance.closed.start), utterance.end)
    end = min(max(word.end + offset, start), utterance.end)
    return replace(word, start=start, end=end)


class LeadIn:
    """The last utterances of a leg, up to `most` samples, which go in front of what is read next."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._utterances: list[PackedUtterance] = []

    def append(self, utterance: PackedUtterance) -> None:
        """Take the utterance that has just ended; the oldest give way."""
        self._utterances.append(utterance)
        while self._utterances and sum(u.samples for u in self._utterances[1:]) >= self._most:
            del self._utterances[0]

    def lead(self, window: Window, most: int) -> Pack:
        """Return a window behind what was said before it, as far as that is near, and `most` samples in all."""
        closed = Closed(window.utterance, window.position, window.end)
        pack = [PackedUtterance(closed, window.pcm, ())]
        room = min(most, self._most) - window.samples
        for before in reversed(self._utterances):
            is_near = pack[0].closed.start - before.end <= LONGEST_LEAD_PAUSE
            if not is_near or room < LEAST_LEAD:
                break
            pack.insert(0, before.tail(room))
            room -= pack[0].samples
        return Pack(pack)


class PackReader:
    """The packs of one leg: the one that is being filled, and those that are being read, at most as many as the recogniser works on.

    `make_window` makes the window of an utterance number, a position and audio; `settle` is given each utterance's part in order.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        most: int,
        make_window: Callable[[int, int, bytes], Window],
        settle: Callable[[PackedUtterance, Window, Hypothesis], Awaitable[None]],
    ) -> None:
        self._scheduler = scheduler
        self._most = most
        self._make_window = make_window
        self._settle = settle
        self._filling = Pack()
        self._reading: deque[tuple[Pack, Window, asyncio.Future[Hypothesis]]] = deque()

    async def add(self, utterance: PackedUtterance) -> None:
        """Put an utterance into the pack; a pack of `most` samples is read."""
        if self._filling.samples + utterance.samples > self._most:
            await self._send()
        self._filling.utterances.append(utterance)

    async def settle_all(self) -> None:
        """Read what is left, and settle everything."""
        await self._send()
        while self._reading:
            await self._settle_oldest()

    def cancel(self) -> None:
        """Let nothing be read any more."""
        for _, _, hypothesis in self._reading:
            hypothesis.cancel()

    async def _send(self) -> None:
        pack, self._filling = self._filling, Pack()
        if not pack.utterances:
            return
        while len(self._reading) >= self._scheduler.slots:
            await self._settle_oldest()
        number = pack.utterances[-1].closed.number
        window = self._make_window(number, pack.position, pack.pcm)
        reading = asyncio.ensure_future(self._scheduler.transcribe(window, Urgency.FINAL))
        self._reading.append((pack, window, reading))

    async def _settle_oldest(self) -> None:
        pack, whole, reading = self._reading.popleft()
        hypothesis = await reading
        is_skipped = hypothesis.suspicion is Suspicion.SKIPPED and len(pack.utterances) > 1
        for utterance, part in zip(pack.utterances, pack.split(hypothesis), strict=True):
            closed = utterance.closed
            window = replace(
                whole, utterance=closed.number, position=closed.start, pcm=utterance.pcm
            )
            if is_skipped:  # perhaps not for this one
                part = await self._scheduler.transcribe(window, Urgency.FINAL)
            await self._settle(utterance, window, part)
