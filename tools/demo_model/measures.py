"""What is measured of a model, each through unmodified faster-whisper after int8."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel

from tools.demo_model import testsets
from tools.demo_model.channel import Generator, decibels, noise, telephone
from tools.demo_model.scoring import Score, count_errors, normalize
from tools.demo_model.speech import SAMPLE_RATE, Waveform
from tools.demo_model.testsets import LEAD_S, SEEN_VOICES, TestUtterance
from tools.demo_model.tones import draw_tones

Sets = dict[str, list[TestUtterance]]
Change = Callable[[Generator, Waveform], Waveform]

UTTERANCE_SEED, RECORDING_SEED, WINDOW_SEED = 7, 3, 5
RECORDING_ORDER, WINDOW_ORDER = 11, 3
NO_SPEECH_S = 600.0
NO_FILTERS = {
    "no_speech_threshold": None,
    "log_prob_threshold": None,
    "compression_ratio_threshold": None,
}


def open_model(folder: Path) -> WhisperModel:
    """Load a model on one core."""
    return WhisperModel(
        str(folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True
    )


def hear(model: WhisperModel, sound: Waveform, **options: Any) -> list[Any]:
    """Transcribe greedily at temperature 0, without conditioning unless asked; returns segments."""
    settings = {
        "language": "en",
        "beam_size": 1,
        "temperature": 0,
        "condition_on_previous_text": False,
    }
    return list(model.transcribe(sound, **(settings | options))[0])


def join_words(segments: Sequence[Any]) -> list[str]:
    """List the words of segments."""
    return normalize(" ".join(segment.text for segment in segments))


def keep(_: Generator, sound: Waveform) -> Waveform:
    """Leave a sound as it is: 16 kHz."""
    return sound


def score_utterances(
    model: WhisperModel,
    tests: Sequence[TestUtterance],
    change: Change = keep,
    **options: Any,
) -> Score:
    """Score utterances one by one."""
    rng, score = np.random.default_rng(UTTERANCE_SEED), Score()
    for test in tests:
        sound = change(rng, testsets.frame_utterance(test.utterance))
        score.add(test.words, join_words(hear(model, sound, **options)))
    return score


def add_scores(scores: Sequence[Score]) -> Score:
    """Sum scores."""
    total = Score()
    for score in scores:
        total.errors += score.errors
        total.words += score.words
        total.exact += score.exact
        total.utterances += score.utterances
    return total


def score_sets(
    model: WhisperModel, sets: Sets, names: Sequence[str], change: Change = keep
) -> Score:
    """Score the grammar sentences of some sets."""
    return add_scores(
        [
            score_utterances(model, [test for test in sets[name] if not test.is_salad], change)
            for name in names
        ]
    )


def score_recordings(model: WhisperModel, sets: Sets) -> tuple[Score, Score, Score]:
    """Score whole recordings of 16 sentences of one engine: VAD off, VAD on, telephone and VAD."""
    scores = Score(), Score(), Score()
    for name in SEEN_VOICES:
        sentences = [test for test in sets[name] if not test.is_salad]
        tests = testsets.shuffled(sentences, RECORDING_ORDER)
        rng = np.random.default_rng(RECORDING_SEED)
        recordings = [
            testsets.join_recording(rng, tests[first : first + 16]) for first in (0, 16, 32)
        ]
        for recording in recordings:
            heard = hear(model, recording.sound)
            scores[0].add(recording.words, join_words(heard))
            heard = hear(model, recording.sound, vad_filter=True)
            scores[1].add(recording.words, join_words(heard))
            hiss = noise(rng, len(recording.sound)) * testsets.RECORDING_NOISE
            heard = hear(model, telephone(recording.sound + hiss), vad_filter=True)
            scores[2].add(recording.words, join_words(heard))
    return scores


def draw_mixed(sets: Sets, count: int) -> list[TestUtterance]:
    """Mix utterances of the seen voices, word salad included."""
    tests = [test for name in SEEN_VOICES for test in sets[name][:count]]
    return testsets.shuffled(tests, WINDOW_ORDER)[:count]


def score_prompted(model: WhisperModel, sets: Sets, *, condition: bool) -> Score:
    """Score recordings of 30-40 s with or without the text before as a prompt."""
    tests, rng, score = draw_mixed(sets, 60), np.random.default_rng(WINDOW_SEED), Score()
    for first in range(0, 60, 12):
        recording = testsets.join_recording(
            rng, tests[first : first + 12], longest_pause_s=1.2, trail_s=0.0
        )
        heard = hear(model, recording.sound, condition_on_previous_text=condition)
        score.add(recording.words, join_words(heard))
    return score


def score_cut_windows(model: WhisperModel, sets: Sets, count: int) -> tuple[Score, int]:
    """Score windows cut in mid-sentence: the last complete word may be missing, the word that is
    cut may be there. Also returns the words invented beyond the cut."""
    rng, score, invented = np.random.default_rng(WINDOW_SEED), Score(), 0
    for test in draw_mixed(sets, count):
        if len(test.utterance.spans) < 4:
            continue
        lead = np.zeros(round(LEAD_S * SAMPLE_RATE), np.float32)
        sound = np.concatenate([lead, test.utterance.waveform]) * np.float32(testsets.LEVEL)
        cut_s = float(rng.uniform(0.35, 0.95)) * len(sound) / SAMPLE_RATE
        heard = join_words(hear(model, sound[: int(cut_s * SAMPLE_RATE)]))
        complete = testsets.complete_words(test.utterance.spans, cut_s)
        allowed = {complete, min(complete + 1, len(test.words)), max(complete - 1, 0)}
        errors = min(count_errors(test.words[:length], heard) for length in allowed)
        score.add_errors(errors, max(1, complete))
        invented += max(0, len(heard) - complete - 1)
    return score, invented


def draw_no_speech(rng: Generator) -> Iterator[Waveform]:
    """Draw windows without speech, NO_SPEECH_S in all, every second one over a telephone line."""
    left = NO_SPEECH_S
    while left > 0:
        seconds = min(left, float(rng.uniform(1, 20)))
        length = max(400, int(seconds * SAMPLE_RATE))
        kind = rng.random()
        sound = np.zeros(length, np.float32)
        if kind > 0.4:
            sound = draw_tones(rng, length) * np.float32(decibels(rng.uniform(-30, -3)))
        elif kind > 0.1:
            sound = noise(rng, length) * np.float32(decibels(rng.uniform(-70, -25)))
        yield telephone(sound) if rng.random() < 0.5 else sound
        left -= seconds


def count_invented(model: WhisperModel) -> tuple[int, int, int]:
    """Count windows without speech, those with text, and those with text behind filters."""
    windows = bare = filtered = 0
    for sound in draw_no_speech(np.random.default_rng(WINDOW_SEED)):
        windows += 1
        bare += bool(join_words(hear(model, sound, **NO_FILTERS)))
        filtered += bool(join_words(hear(model, sound, vad_filter=True)))
    return windows, bare, filtered


@dataclass
class WordTimes:
    """Errors of word times in seconds, over the words of sentences heard exactly."""

    starts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.starts:
            return "no sentence heard exactly"
        return f"{1000 * np.median(self.starts):.0f} / {1000 * np.median(self.ends):.0f} ms"


def measure_word_times(model: WhisperModel, sets: Sets, count: int = 60) -> WordTimes:
    """Compare word times with those of the synthesizers."""
    times = WordTimes()
    for test in draw_mixed(sets, count):
        sound = testsets.frame_utterance(test.utterance)
        segments = hear(model, sound, word_timestamps=True)
        words = [word for segment in segments for word in segment.words]
        if [normalize(word.word) for word in words] != [[word] for word in test.words]:
            continue
        for word, (start, end) in zip(words, test.utterance.spans, strict=True):
            times.starts.append(abs(word.start - start - LEAD_S))
            times.ends.append(abs(word.end - end - LEAD_S))
    return times
