"""What one party hears: files that a user plays into the call, in turn, and besides what every caller hears."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, runtime_checkable

from streamer.errors import RecordingError
from streamer.media.wav import HEADER_SIZE, parse_header
from streamer.sources.playout import Announcement, Playback, frame_size

MOST_QUEUED = 20
"""Files of one call; each keeps a descriptor."""


class PlayedFile:
    """An open WAV that is played once, and closed by whoever has it.

    Raises:
        RecordingError: It is no WAV of one channel that this program writes.
    """

    def __init__(self, descriptor: int) -> None:
        header = parse_header(os.pread(descriptor, HEADER_SIZE, 0))
        if header.channels != 1:
            raise RecordingError(f"the WAV has {header.channels} channels instead of one")
        self.rate = header.rate
        self._descriptor = descriptor
        self._at = HEADER_SIZE

    def next_frame(self, rate: int) -> bytes | None:
        """Return the next frame, the last one filled up with silence; None at the end, or if the party's rate has changed."""
        if rate != self.rate:
            return None
        size, frame = frame_size(rate), b""
        with suppress(OSError):  # a disk that fails ends the file, and no call
            frame = os.pread(self._descriptor, size, self._at)
        self._at += len(frame)
        return frame.ljust(size, b"\0") if frame else None

    def close(self) -> None:
        """Close the file; only once."""
        os.close(self._descriptor)


class Programme:
    """Everything that one party hears; `usual` is what it hears while no file is played.

    `on_added` and `on_dropped` are told by whom the connection is fed, once a file is queued, and once nothing is any more.
    """

    def __init__(
        self,
        usual: Playback | None,
        *,
        on_added: Callable[[], None] = lambda: None,
        on_dropped: Callable[[], None] = lambda: None,
    ) -> None:
        self._usual = usual
        self._files: deque[PlayedFile] = deque()  # as many as MOST_QUEUED
        self._on_added = on_added
        self._on_dropped = on_dropped

    @property
    def is_full(self) -> bool:
        """Whether no further file may be queued."""
        return len(self._files) >= MOST_QUEUED

    def add(self, file: PlayedFile) -> None:
        """Play a file when those before it have ended."""
        self._files.append(file)
        self._on_added()

    def drop(self) -> None:
        """Play nothing of what is queued, nor of an announcement; the peer drops what it has not played yet, where it can."""
        self.close()
        if isinstance(self._usual, Announcement):
            self._usual = None
        self._on_dropped()

    def close(self) -> None:
        """Close what is queued; idempotent."""
        while self._files:
            self._files.popleft().close()

    def next_frame(self, rate: int) -> bytes | None:
        """Return the next 20 ms of 16-bit audio, or None if there is nothing to play now."""
        while self._files:
            frame = self._files[0].next_frame(rate)
            if frame is not None:
                return frame
            self._files.popleft().close()
        return self._usual.next_frame(rate) if self._usual is not None else None


@runtime_checkable
class Hearing(Protocol):
    """A call whose first party can be played something."""

    @property
    def programme(self) -> Programme | None:
        """What it hears; None where nothing can be sent."""


@runtime_checkable
class Playing(Protocol):
    """A source that we call, whose parties can be played something."""

    new_playback: Callable[[], Playback | None]
    """Makes what each party hears."""
