"""The model reads windows as they are asked for, and what looks wrong is read again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import wave
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from streamer.core.events import join_words
from streamer.errors import ModelError
from streamer.speech.base import (
    EncoderWindow,
    Hypothesis,
    Suspicion,
    Window,
    WindowKind,
)
from streamer.speech.engine import attempts
from streamer.speech.engine.models import demo_path
from streamer.speech.engine.whisper import load_whisper
from streamer.speech.words.agreement import normalise
from streamer.speech.words.filters import drop_inventions
from tests.unit.speech.sounds import RATE, named_sounds, noise, pcm

CALL = demo_path().parents[1] / "calls"
needs_model = pytest.mark.skipif(
    not (demo_path() / "model.bin").is_file(), reason="the demo model is not bundled yet"
)


def test_a_broken_directory_is_refused_before_anything_is_loaded(tmp_path):
    with pytest.raises(ModelError, match=r"has no model\.bin"):
        load_whisper(tmp_path)


@pytest.fixture(scope="module")
def engine():
    return load_whisper(demo_path(), inter_threads=2)


@pytest.fixture(scope="module")
def lines() -> list[tuple[str, Window]]:
    """What is said in the demo call, each with its audio."""
    with wave.open(str(CALL / "demo.wav")) as file:
        channels = file.getnchannels()
        audio = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, channels)
    said = json.loads((CALL / "demo.json").read_text())
    cut = []
    for line in said:
        start, end = round((line["start"] - 0.3) * RATE), round((line["end"] + 0.3) * RATE)
        part = audio[max(0, start) : end]
        loudest = int(np.argmax((part.astype(float) ** 2).sum(axis=0)))
        window = Window(line["leg"], 1, part[:, loudest].tobytes(), max(0, start))
        cut.append((line["text"], window))
    return cut


@pytest.fixture(scope="module")
def read(engine, lines) -> Callable[[EncoderWindow], list[Hypothesis]]:
    """Read every line, once for each encoder window."""
    return cache(
        lambda encoder_window: engine.transcribe(
            [replace(w, encoder_window=encoder_window, beam=5) for _, w in lines]
        )
    )


def count_errors(wanted: str, heard: str) -> int:
    """Return the edit distance in words, without case and punctuation."""
    reference = [normalise(token) for token in wanted.split()]
    row = list(range(len(reference) + 1))
    for count, token in enumerate(map(normalise, heard.split()), start=1):
        above, row = row, [count]
        for index, other in enumerate(reference, start=1):
            row.append(min(above[index - 1] + (token != other), above[index] + 1, row[-1] + 1))
    return row[-1]


@needs_model
@pytest.mark.slow
@pytest.mark.parametrize("encoder_window", EncoderWindow)
def test_the_demo_call_is_read_with_few_errors_in_either_window(read, lines, encoder_window):
    errors = sum(
        count_errors(text, join_words(h.words))
        for (text, _), h in zip(lines, read(encoder_window), strict=True)
    )
    words = sum(len(text.split()) for text, _ in lines)
    assert errors / words <= 0.03


@needs_model
@pytest.mark.slow
@pytest.mark.parametrize("encoder_window", EncoderWindow)
def test_words_lie_in_order_inside_their_window(read, lines, encoder_window):
    for (_, window), hypothesis in zip(lines, read(encoder_window), strict=True):
        borders = [b for word in hypothesis.words for b in (word.start, word.end)]
        assert all(window.position <= border <= window.end for border in borders)
        assert [w.start for w in hypothesis.words] == sorted(w.start for w in hypothesis.words)
        assert all(0 <= word.probability <= 1 for word in hypothesis.words)


@needs_model
@pytest.mark.slow
def test_a_batch_reads_what_single_windows_read(engine, lines):
    windows = [replace(w, encoder_window=EncoderWindow.SHORT) for _, w in lines[:8]]
    together = engine.transcribe(windows)
    for window, hypothesis in zip(windows, together, strict=True):
        (alone,) = engine.transcribe([window])
        assert join_words(alone.words) == join_words(hypothesis.words)
        assert hypothesis.start == window.position


@needs_model
@pytest.mark.slow
def test_a_last_word_is_not_stretched_into_the_silence_behind_it(engine, lines):
    text, window = lines[1]
    (before,) = engine.transcribe([window])
    (after,) = engine.transcribe([replace(window, pcm=window.pcm + bytes(2 * 2 * RATE))])
    assert join_words(after.words) == text
    assert abs(after.words[-1].end - before.words[-1].end) <= RATE // 4


@needs_model
@pytest.mark.slow
def test_a_token_cap_that_is_hit_is_said_and_costs_a_second_reading(engine, lines):
    _, window = lines[0]
    capped = replace(window, max_new_tokens=8, encoder_window=EncoderWindow.SHORT)
    (hypothesis,) = engine.transcribe([capped])
    assert hypothesis.suspicion is Suspicion.TOKEN_CAP
    (whole,) = engine.transcribe([replace(window, encoder_window=EncoderWindow.SHORT)])
    assert whole.suspicion is Suspicion.NONE
    assert len(whole.words) > len(hypothesis.words)
    assert hypothesis.encode_s > whole.encode_s


@needs_model
@pytest.mark.slow
@pytest.mark.parametrize("name", named_sounds(1.2))
def test_what_is_not_speech_makes_no_words_even_where_it_is_taken_for_speech(engine, name):
    window = Window("a", 1, pcm(named_sounds(3.6)[name]), 0, encoder_window=EncoderWindow.SHORT)
    (hypothesis,) = engine.transcribe([window])
    judged = drop_inventions(hypothesis, window, [(0, window.end)])
    assert judged.words == ()


@needs_model
@pytest.mark.slow
@pytest.mark.parametrize("samples", [0, 1, 399, 1599, 1600, 1700])
def test_windows_of_almost_nothing_are_read_as_nothing_much(engine, samples):
    window = Window("a", 1, pcm(noise(1, level=0.1))[: 2 * samples], 500, beam=5)
    (hypothesis,) = engine.transcribe([window])
    assert (hypothesis.start, hypothesis.end) == (500, 500 + samples)
    assert all(500 <= word.start <= word.end <= 500 + samples for word in hypothesis.words)


@needs_model
@pytest.mark.slow
def test_a_window_longer_than_the_model_reads_is_refused(engine):
    with pytest.raises(ValueError, match="longer than the model takes, 20 s"):
        engine.transcribe([Window("a", 1, bytes(2 * 21 * RATE), 0)])


@needs_model
@pytest.mark.slow
def test_a_hint_of_any_length_does_not_get_in_the_way(engine, lines):
    text, window = lines[1]
    hinted = replace(window, prompt="Emma " * 500, context="how can I help you today? " * 50)
    hypotheses = engine.transcribe([hinted, window])
    assert len(hypotheses) == 2
    assert join_words(hypotheses[1].words) == text


@needs_model
@pytest.mark.slow
def test_a_final_that_the_model_doubts_is_read_warmer(engine, monkeypatch):
    monkeypatch.setattr(attempts, "LEAST_LOGPROB", 0.0)
    babble = pcm(noise(3, level=0.1) * np.sin(np.arange(3 * RATE) / 900))
    window = Window("a", 1, babble, 0, kind=WindowKind.FINAL, beam=2, temperatures=(0.0, 0.4))
    (hypothesis,) = engine.transcribe([window])
    assert isinstance(hypothesis, Hypothesis)


@needs_model
@pytest.mark.slow
def test_an_english_model_reads_english_whatever_language_is_asked_for(engine, lines):
    text, window = lines[1]
    (hypothesis,) = engine.transcribe([replace(window, language=None)])
    assert (join_words(hypothesis.words), hypothesis.language) == (text, "en")
    assert engine.facts.languages == ("en",)


@needs_model
@pytest.mark.slow
def test_a_truncated_model_file_is_said_in_one_line(tmp_path):
    folder = Path(shutil.copytree(demo_path(), tmp_path / "m"))
    os.truncate(folder / "model.bin", 100_000)
    with pytest.raises(ModelError, match="cannot be loaded") as raised:
        load_whisper(folder)
    assert "\n" not in str(raised.value)


@needs_model
@pytest.mark.slow
def test_the_real_engine_answers_through_its_process(lines):
    script = (
        "import asyncio, sys\n"
        "from streamer.speech.base import Window\n"
        "from streamer.speech.engine.supervisor import open_engine_process\n"
        "from streamer.speech.engine.worker import EnginePlan\n"
        "async def main():\n"
        "    async with open_engine_process(EnginePlan(sys.argv[1], 'demo')) as engine:\n"
        "        (h,) = await engine.transcribe([Window('a', 1, sys.stdin.buffer.read(), 0)])\n"
        "        print(' '.join(w.text for w in h.words))\n"
        "        assert 'ctranslate2' not in sys.modules\n"
        "asyncio.run(main())\n"
    )
    text, window = lines[1]
    ran = subprocess.run(
        [sys.executable, "-c", script, str(demo_path())],
        input=window.pcm,
        capture_output=True,
        check=True,
    )
    assert ran.stdout.decode().strip() == text


@needs_model
@pytest.mark.slow
def test_a_window_that_nobody_wants_any_more_is_left_after_the_step_it_is_in(engine, lines):
    answers = iter([True, False])
    assert engine.transcribe([lines[0][1]], is_wanted=lambda: next(answers)) == []
    assert next(answers, "asked twice") == "asked twice"
