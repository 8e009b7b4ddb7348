"""What came back to one caller, as a WAV to listen to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.reasons import find_cause
from streamer.media.wav import WavHeader, encode_header
from streamer.wire.audiosocket import Audio


class WavSink:
    """Writes frames one after another, without their pauses, as a new file that only its owner can read.

    The first frame decides on the rate; frames of another are left out. A disk that does not take it ends the writing, never
    the call: `error` says so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rate = 0
        self._size = 0
        self._failure: str | None = None

    @property
    def error(self) -> str | None:
        """Why the file is not whole, or None."""
        return self._failure and f"{self._path} cannot be written: {self._failure}"

    def write(self, audio: Audio) -> None:
        """Append a frame."""
        if self._failure:
            return
        try:
            if self._file is None:
                self._open(audio.rate)
            self._append(audio)
        except OSError as error:
            self._failure = find_cause(error)

    def close(self) -> None:
        """Finish the header; without any audio there is no file. Idempotent."""
        if self._file is None:
            return
        try:
            with self._file as file:
                file.seek(0)
                file.write(encode_header(WavHeader(self._rate, data_size=self._size)))
        except OSError as error:
            self._failure = find_cause(error)
        self._file = None

    def _open(self, rate: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.fdopen(os.open(self._path, flags, 0o600), "wb")
        self._rate = rate
        self._file.write(encode_header(WavHeader(rate)))

    def _append(self, audio: Audio) -> None:
        assert self._file is not None
        if audio.rate != self._rate:
            return
        pcm = audio.payload[: len(audio.payload) - len(audio.payload) % SAMPLE_WIDTH]
        self._file.write(pcm)
        self._size += len(pcm)
