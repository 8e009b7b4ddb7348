"""Read one leg's WAV from a position on, also while another process is still writing it.

The recording is the queue between tap and transcriber: nothing is held in memory, and what has not been read waits on disk.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import Protocol

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.reasons import explain
from streamer.errors import RecordingError
from streamer.media.wav import HEADER_SIZE, MAX_DATA
from streamer.recording.description import MOST_FILES
from streamer.recording.disk import continued_path
from streamer.recording.private_files import is_regular, open_regular
from streamer.speech.audio.sound import find_sound

POLL_S = 0.03
"""Seconds between two looks at a file that has not grown."""

STALL_S = 0.8
"""Seconds without growth that count as silence while the tap lives."""

PIECE = 32_000
"""Samples read at once at most, 2 s at 16 kHz."""


class Pause(Enum):
    """Why there is no audio."""

    STALLED = auto()
    ENDED = auto()


class LegAudio(Protocol):
    """One leg's audio in order as a transcriber takes it: 16-bit PCM, mono, at `SPEECH_RATE`."""

    @property
    def unread(self) -> int:
        """Samples on disk that have not been read."""

    async def read(self) -> bytes | Pause:
        """Return the next audio, or why there is none."""

    def close(self) -> None:
        """Close what it reads; idempotent."""


class Follower:
    """One leg's audio in order, at the rate of its WAV; `position` is the sample behind what was read.

    `is_live` says whether the file may still grow. `count_recorded` returns, at the end, how many samples there should be.
    """

    def __init__(
        self,
        path: Path,
        *,
        is_live: Callable[[], bool],
        count_recorded: Callable[[], int] = lambda: 0,
        position: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.position = position
        self._path = path
        self._is_live = is_live
        self._count_recorded = count_recorded
        self._clock = clock
        self._number = 1
        self._file: int | None = None
        self._file_start = 0
        self._last_growth = clock()
        self._has_stalled = False
        self._silence = (0, 0)
        """From where to where there is known to be none but digital silence."""

    @property
    def unread(self) -> int:
        """Samples on disk that have not been read, not counting files after this one."""
        return max(0, self._count_samples() - (self.position - self._file_start))

    @property
    def waiting(self) -> int:
        """What is unread, from its first sound on: nobody waits for the words of digital silence."""
        end = self.position + self.unread
        with suppress(OSError):  # whoever reads it says so
            return end - min(end, self._find_sound(end))
        return self.unread

    async def read(self, most: int = PIECE) -> bytes | Pause:
        """Return the next audio, or why there is none; waits for more while the tap lives.

        Raises:
            RecordingError: It cannot be read, or ends before what was recorded does.
        """
        while True:
            if audio := self._read_more(most):
                return audio
            if not self._is_live():
                if audio := self._read_more(most):  # written between the two
                    return audio
                self._check_end()
                return Pause.ENDED
            if not self._has_stalled and self._clock() - self._last_growth >= STALL_S:
                self._has_stalled = True
                return Pause.STALLED
            await asyncio.sleep(POLL_S)

    def close(self) -> None:
        """Close the file; idempotent."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _find_sound(self, end: int) -> int:
        """Return where the first sound is that was not read; what is known to be silent is not looked at again."""
        if self._file is None or self.position >= end:
            return end
        begin, known = self._silence
        known = known if begin <= self.position <= known else self.position
        first = self._file_start
        sound = first + find_sound(
            self._file, offset=HEADER_SIZE, begin=known - first, end=end - first
        )
        self._silence = self.position, sound
        return sound

    def _check_end(self) -> None:
        recorded = self._count_recorded()
        if self.position < recorded:
            raise RecordingError(
                f"{self._path} is missing or too short: it has {self.position} of {recorded} samples; restore the file"
            )

    def _read_more(self, most: int) -> bytes:
        try:
            audio = self._read_parts(most)
        except OSError as error:
            raise RecordingError(f"{self._path} cannot be read: {explain(error)}") from error
        if audio:
            self._last_growth = self._clock()
            self._has_stalled = False
        return audio

    def _read_parts(self, most: int) -> bytes:
        while self._open():
            assert self._file is not None
            offset = (self.position - self._file_start) * SAMPLE_WIDTH
            wanted = min(most, self._count_samples() - (self.position - self._file_start))
            if wanted > 0:
                audio = os.pread(self._file, wanted * SAMPLE_WIDTH, HEADER_SIZE + offset)
                audio = audio[: len(audio) - len(audio) % SAMPLE_WIDTH]
                self.position += len(audio) // SAMPLE_WIDTH
                return audio
            if not self._advance():
                break
        return b""

    def _open(self) -> bool:
        if self._file is None:
            with suppress(FileNotFoundError):
                self._file = open_regular(continued_path(self._path, self._number))
        return self._file is not None

    def _advance(self) -> bool:
        """Go on to the leg's next file, if there is one; the file before it does not grow any more."""
        if self._number >= MOST_FILES or not is_regular(
            continued_path(self._path, self._number + 1)
        ):
            return False
        samples = self._count_samples()
        if self.position < self._file_start + samples:
            return True
        self.close()
        self._number += 1
        self._file_start += samples
        return True

    def _count_samples(self) -> int:
        if self._file is None:
            return 0
        size = os.fstat(self._file).st_size - HEADER_SIZE
        return min(max(0, size), MAX_DATA) // SAMPLE_WIDTH
