"""What a recogniser has besides `transcribe`, for fakes that have nothing to load."""

from __future__ import annotations

from streamer.core.events import SPEECH_RATE
from streamer.speech.base import ModelFacts

FACTS = ModelFacts("fake", ("en",), 30 * SPEECH_RATE, "cpu", "int8", 1)


class LoadedRecogniser:
    """Can answer from the start; counts how often it was started."""

    slots = 1
    is_loading = False
    starts = 0

    def start(self) -> None:
        self.starts += 1

    async def ready(self) -> ModelFacts:
        return FACTS
