"""Read the bundled speech both ways: in short encoder windows, and in full ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from streamer.core.audio import SAMPLE_WIDTH
from streamer.errors import ModelError
from streamer.speech.base import EncoderWindow, Hypothesis, Recogniser, Window
from streamer.speech.check.clips import LANGUAGE, Clip, read_clips
from streamer.speech.check.findings import Findings, Reading, judge
from streamer.speech.engine.model_languages import read_languages
from streamer.speech.engine.models import InstalledModel, is_bundled, read_longest_window
from streamer.speech.plan import BUNDLED, STOCK
from streamer.speech.words.word_errors import count_word_errors, split_words

Transcribe = Callable[[Window], Awaitable[Hypothesis]]


async def try_model(
    model: InstalledModel,
    recogniser: Recogniser,
    *,
    transcribe: Transcribe | None = None,
    at_once: int = 0,
    most_clips: int | None = None,
) -> Findings:
    """Read all clips, or the first `most_clips`, and say what that makes of a model; the recogniser must have been started.

    `at_once` windows are in flight together, by default as many as the recogniser takes: a machine is judged when it is full.
    `transcribe` asks for one, by default the recogniser itself.

    Raises:
        ModelError: The model cannot be loaded, or does not know the language of the clips.
    """
    if LANGUAGE not in await asyncio.to_thread(read_languages, model):
        raise ModelError(f"{model.name} cannot be checked: the speech is English, which it lacks")
    facts = await recogniser.ready()
    clips = (await asyncio.to_thread(read_clips))[:most_clips]
    places = asyncio.Semaphore(at_once or recogniser.slots)

    async def ask(window: Window) -> Hypothesis:
        async with places:
            return (await recogniser.transcribe([window]))[0]

    longest = min(read_longest_window(model), facts.longest_window)
    windows = {
        shape: _make_windows(model, clips, shape, longest=longest) for shape in EncoderWindow
    }
    readings = {
        shape: _compare(clips, await asyncio.gather(*map(transcribe or ask, made)))
        for shape, made in windows.items()
    }
    return judge(
        model.name,
        readings,
        slots=recogniser.slots,
        checked_at=datetime.now(UTC),
        pinned=BUNDLED.encoder_window if is_bundled(model) else None,
    )


def _make_windows(
    model: InstalledModel, clips: Sequence[Clip], shape: EncoderWindow, *, longest: int
) -> list[Window]:
    """Return each clip as the window of a partial, which nothing corrects."""
    plan = BUNDLED if is_bundled(model) else STOCK
    window = Window(
        "check/clips",
        0,
        b"",
        0,
        language=LANGUAGE,
        beam=plan.partial_beam,
        encoder_window=shape,
        has_timestamps=plan.has_timestamps,
    )
    return [
        replace(window, utterance=number, pcm=clip.pcm[: longest * SAMPLE_WIDTH])
        for number, clip in enumerate(clips, start=1)
    ]


def _compare(clips: Sequence[Clip], hypotheses: Sequence[Hypothesis]) -> Reading:
    texts = [" ".join(word.text for word in heard.words) for heard in hypotheses]
    return Reading(
        sum(count_word_errors(clip.text, text) for clip, text in zip(clips, texts, strict=True)),
        sum(len(split_words(clip.text)) for clip in clips),
        sum(heard.encode_s + heard.generate_s + heard.align_s for heard in hypotheses),
        len(clips),
        sum(clip.duration_s for clip in clips),
    )
