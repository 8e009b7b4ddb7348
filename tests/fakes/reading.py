"""A recogniser that reads the bundled clips, in each kind of window as well as it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager

from streamer.core.events import Word
from streamer.errors import ModelError
from streamer.speech.base import EncoderWindow, Hypothesis, Window
from streamer.speech.check.clips import read_clips
from streamer.speech.recognisers import OpenRecogniser
from tests.fakes.recogniser import LoadedRecogniser


class ReadingRecogniser(LoadedRecogniser):
    """Hears every clip right, but for the words that `spoil` takes in a window of that kind."""

    slots = 2

    def __init__(
        self,
        spoil: Callable[[EncoderWindow, list[str]], list[str]] = lambda _, words: words,
        *,
        window_s: float = 0.1,
        fault: str = "",
    ) -> None:
        self._texts = {clip.pcm: clip.text for clip in read_clips()}
        self._spoil = spoil
        self._window_s = window_s
        self._fault = fault
        self.windows: list[Window] = []

    async def transcribe(self, windows: Sequence[Window]) -> list[Hypothesis]:
        """Read them."""
        if self._fault:
            raise ModelError(self._fault)
        self.windows += windows
        return [self._read(window) for window in windows]

    def _read(self, window: Window) -> Hypothesis:
        texts = self._spoil(window.encoder_window, self._texts[window.pcm].split())
        words = tuple(Word(text, 0, 100, 0.9) for text in texts)
        is_full = window.encoder_window is EncoderWindow.FULL
        return Hypothesis(0, window.end, words, encode_s=self._window_s * (10 if is_full else 1))


def opener(recogniser: ReadingRecogniser) -> OpenRecogniser:
    """Return what a table of recognisers has of it."""

    @asynccontextmanager
    async def open_reading(settings, model, say_trouble):
        yield recogniser

    return open_reading
