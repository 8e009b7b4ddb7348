"""Obeys `streamer play`: what lies in the call's folder to be played is queued for the call's first party."""

from __future__ import annotations

import os
from collections.abc import Callable

from streamer.core.reasons import find_cause
from streamer.errors import RecordingError
from streamer.recording.folder import CallFolder
from streamer.sources.base import CallStream
from streamer.sources.programme import Hearing, PlayedFile, Programme


class PlayRequests:
    """What is asked for one call; `look` does it, and `tell` takes untrusted lines for the user."""

    def __init__(self, stream: CallStream, folder: CallFolder, tell: Callable[[str], None]) -> None:
        self._stream = stream
        self._folder = folder
        self._tell = tell
        self._told = ""

    def look(self) -> None:
        """Do what was asked for since the last look; a file waits in the folder while the queue is full."""
        programme = self._programme
        if programme is None:
            return
        try:
            if self._folder.take_flush():
                programme.drop()
            if not programme.is_full and (descriptor := self._folder.take_play()) is not None:
                self._add(programme, descriptor)
        except (OSError, RecordingError) as error:
            self._complain(f"nothing was played into the call: {find_cause(error)}")

    def close(self) -> None:
        """Play nothing more; idempotent."""
        if (programme := self._programme) is not None:
            programme.close()

    @property
    def _programme(self) -> Programme | None:
        return self._stream.programme if isinstance(self._stream, Hearing) else None

    def _add(self, programme: Programme, descriptor: int) -> None:
        try:
            file = PlayedFile(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        rate = self._stream.sent[0].rate if self._stream.sent else 0
        if file.rate != rate:
            file.close()
            raise RecordingError(
                f"the file has {file.rate} samples a second, and by now the call has {rate}; give `play` once more"
            )
        programme.add(file)

    def _complain(self, line: str) -> None:
        """Say a line, unless it was the last one: what cannot be removed is found at every look."""
        if line != self._told:
            self._told = line
            self._tell(line)
