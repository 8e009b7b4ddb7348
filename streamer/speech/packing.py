"""Utterances of a leg that nobody waits for, read several at once; pure.

A recogniser hears better what stands in a sentence or two than a word alone, and a short encoder window costs as much for one word as
for three seconds, so utterances that have been said already are put one behind the other into a window. The words that are found in
it are given back to their utterances by their times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.events import Word
from streamer.speech.audio.segmenter import Closed
from streamer.speech.base import Hypothesis
from streamer.speech.words.filters import Span


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
            mine = [w for w in words if is_last or (w.start + w.end) // 2 < end]
            del words[: len(mine)]
            moved = tuple(_move(word, begin, utterance) for word in mine)
            parts.append(
                replace(hypothesis, start=utterance.closed.start, end=utterance.end, words=moved)
            )
            begin = end
        return parts


def _move(word: Word, begin: int, utterance: PackedUtterance) -> Word:
    """Put a word that was heard in the utterance's part of the window, which begins at `begin`, to its place in the leg."""
    offset = utterance.closed.start - begin
    start = min(max(word.start + offset, utterance.closed.start), utterance.end)
    end = min(max(word.end + offset, start), utterance.end)
    return replace(word, start=start, end=end)
