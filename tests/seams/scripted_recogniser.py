"""A recogniser that answers from a script, as one from another package would be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from streamer.config import Settings
from streamer.core.events import SPEECH_RATE, Word
from streamer.errors import ModelError
from streamer.speech.base import Hypothesis, ModelFacts, Suspicion, Window
from streamer.speech.engine.models import InstalledModel
from streamer.speech.recognisers import OpenRecogniser

MODEL = InstalledModel("scripted", Path("/nowhere"), 0)
SKIPPED = "(skipped)"

Script = Mapping[tuple[str, int], str]
"""What is said, by the leg's label and the number of the utterance."""


class ScriptedRecogniser:
    """Hears each utterance as its line says, its words spread over the window."""

    slots = 2

    def __init__(self, script: Script, *, fault: str = "") -> None:
        self.let_go = asyncio.Event()
        self.let_go.set()
        self.asked = 0
        self.cancelled = 0
        self.starts = 0
        self._script = script
        self._fault = fault
        self._started = asyncio.Event()

    @property
    def is_loading(self) -> bool:
        return False

    def start(self) -> None:
        self.starts += 1
        self._started.set()

    async def ready(self) -> ModelFacts:
        await self._started.wait()
        if self._fault:
            raise ModelError(self._fault)
        return ModelFacts("scripted", ("en",), 30 * SPEECH_RATE, "elsewhere", "", self.slots)

    async def transcribe(self, windows: Sequence[Window]) -> list[Hypothesis]:
        await self.ready()
        self.asked += 1
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return [self._hear(window) for window in windows]

    def _hear(self, window: Window) -> Hypothesis:
        line = self._script[window.leg.split("/")[1], window.utterance]
        if line == SKIPPED:
            return Hypothesis(window.position, window.end, suspicion=Suspicion.SKIPPED)
        texts = line.split()
        step = window.samples // len(texts)
        starts = [window.position + number * step for number in range(len(texts))]
        words = (
            Word(text, start, start + step, 0.95) for text, start in zip(texts, starts, strict=True)
        )
        return Hypothesis(window.position, window.end, tuple(words))


def opener(recogniser: ScriptedRecogniser) -> OpenRecogniser:
    """Return what a table of recognisers has of it."""

    @asynccontextmanager
    async def open_scripted(
        settings: Settings, model: InstalledModel, say_trouble: Callable[[str], None]
    ) -> AsyncIterator[ScriptedRecogniser]:
        yield recogniser

    return open_scripted
