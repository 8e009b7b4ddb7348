"""What a transcriber still holds of one leg: its newest audio, and how likely each frame of it is speech."""

from __future__ import annotations

from streamer.core.audio import SAMPLE_WIDTH
from streamer.speech.audio.segmenter import SILENCE
from streamer.speech.base import FRAME
from streamer.speech.words.filters import find_speech
from streamer.speech.words.spoken import Span


class Heard:
    """A stretch of a leg that grows at its end and is forgotten at its beginning; positions are samples of the leg."""

    def __init__(self, position: int) -> None:
        self._pcm = bytearray()
        self._from = position
        self._probabilities: list[float] = []
        self._frames_from = position

    @property
    def until(self) -> int:
        """Return the position behind the last sample."""
        return self._from + len(self._pcm) // SAMPLE_WIDTH

    def append(self, pcm: bytes) -> None:
        """Take the next audio."""
        self._pcm += pcm

    def judge(self, probability: float) -> None:
        """Take the speech probability of the next frame."""
        self._probabilities.append(probability)

    def cut(self, start: int, end: int) -> bytes:
        """Return the audio from `start` to `end`, as far as it is held."""
        first, last = ((at - self._from) * SAMPLE_WIDTH for at in (start, end))
        return bytes(self._pcm[max(0, first) : max(0, last)])

    def find_speech(self, start: int, *, threshold: float = SILENCE) -> list[Span]:
        """Return where somebody speaks from `start` on, by frames of at least the threshold."""
        first = max(0, (start - self._frames_from) // FRAME)
        position = self._frames_from + first * FRAME
        return find_speech(self._probabilities[first:], position=position, threshold=threshold)

    def forget(self, until: int) -> None:
        """Let go of what lies before a position, in whole frames."""
        frames = max(0, (until - self._frames_from) // FRAME)
        if not frames:
            return
        del self._probabilities[:frames]
        self._frames_from += frames * FRAME
        del self._pcm[: (self._frames_from - self._from) * SAMPLE_WIDTH]
        self._from = self._frames_from
