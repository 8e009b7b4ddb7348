"""An utterance that is still open, read again and again as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from streamer.errors import ModelError
from streamer.speech.base import Hypothesis, Window, WindowKind
from streamer.speech.queue import Urgency
from streamer.speech.scheduler import Scheduler

Reading = asyncio.Task[Hypothesis | None]
"""A window that is being read; None comes of it where the recogniser fails, which the final will say."""


class PartialReader:
    """The readings of one leg's open utterance; `take` is given each that is newer than the last, while `is_open`."""

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        is_open: Callable[[int], bool],
        take: Callable[[Hypothesis, Window], None],
    ) -> None:
        self._scheduler = scheduler
        self._is_open = is_open
        self._take = take
        self._readings: set[Reading] = set()
        self.asked_until = 0
        """Where the newest window ends."""
        self._read_until = 0
        self._has_partial = False

    def begin(self) -> None:
        """Begin with an utterance."""
        self._has_partial = False
        self.asked_until = self._read_until = 0

    def may_ask(self) -> bool:
        """Say whether a partial may be asked for: one by one, or more if nobody else wants the recogniser."""
        is_free = not self._readings or self._scheduler.is_idle
        return is_free and not self._scheduler.waiting_finals

    def ask(self, window: Window) -> Reading:
        """Have a window read."""
        self.asked_until = window.end
        reading = asyncio.ensure_future(self._read(window))
        self._readings.add(reading)
        reading.add_done_callback(self._readings.discard)
        return reading

    def cancel(self) -> None:
        """Let nothing be read any more."""
        for reading in self._readings:
            reading.cancel()

    async def _read(self, window: Window) -> Hypothesis | None:
        urgency = Urgency.PARTIAL if self._has_partial else Urgency.FIRST_PARTIAL
        if window.kind is WindowKind.FINAL:
            urgency = Urgency.FINAL
        try:
            hypothesis = await self._scheduler.transcribe(window, urgency)
        except ModelError:
            return None
        if self._is_open(window.utterance) and window.end >= self._read_until:
            self._read_until = window.end
            self._has_partial = True
            self._take(hypothesis, window)
        return hypothesis
