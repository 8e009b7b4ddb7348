"""The test utterances, synthesized once and kept beside the training shards."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from tools.demo_model.channel import Generator, noise, telephone
from tools.demo_model.heldout import TEST_SETS, TestSet, draw_jobs
from tools.demo_model.scoring import normalize
from tools.demo_model.shards import read_shard, write_shard
from tools.demo_model.speech import SAMPLE_RATE, Span, Utterance, Waveform
from tools.demo_model.synthesis import fresh_processes, speak
from tools.demo_model.words import DIGITS

SEEN_VOICES = ("espeak", "flite", "festival")
LEAD_S, TRAIL_S = 0.25, 0.3
LEVEL = 0.6
TELEPHONE_SNR = 0.1
"""20 dB, as an amplitude."""
RECORDING_NOISE = 0.005
"""20 dB below speech of about 0.05."""


@dataclass(frozen=True)
class TestUtterance:
    """A test utterance and what kind of text it has."""

    utterance: Utterance
    is_salad: bool

    @property
    def words(self) -> list[str]:
        """The words to be heard."""
        return normalize(self.utterance.text)

    @property
    def is_digits(self) -> bool:
        """Whether the text is nothing but a string of digits."""
        return len(self.words) > 1 and set(self.words) <= set(DIGITS)


def open_test_sets(folder: Path) -> dict[str, list[TestUtterance]]:
    """Read the test sets by name, synthesizing what is missing."""
    paths = {test_set.name: folder / f"test-{test_set.name}.npz" for test_set in TEST_SETS}
    missing = [test_set for test_set in TEST_SETS if not paths[test_set.name].exists()]
    with fresh_processes(1) as pool:
        for test_set in missing:
            pool.submit(_fill, test_set, paths[test_set.name], folder).result()
    return {test_set.name: _read(test_set, paths[test_set.name]) for test_set in TEST_SETS}


def _fill(test_set: TestSet, path: Path, programs: Path) -> None:
    jobs = [(text, manner) for text, _, manner in draw_jobs(test_set)]
    write_shard(path, list(speak(test_set.engine, jobs, programs=programs)))


def _read(test_set: TestSet, path: Path) -> list[TestUtterance]:
    salads = {text for text, is_salad, _ in draw_jobs(test_set) if is_salad}
    return [TestUtterance(spoken, spoken.text in salads) for spoken in read_shard(path)]


def frame_utterance(utterance: Utterance) -> Waveform:
    """Put silence around an utterance."""
    lead, trail = round(LEAD_S * SAMPLE_RATE), round(TRAIL_S * SAMPLE_RATE)
    return np.pad(utterance.waveform, (lead, trail)).astype(np.float32) * np.float32(LEVEL)


def over_telephone(rng: Generator, sound: Waveform) -> Waveform:
    """Pass an utterance with noise at 20 dB through a telephone line."""
    level = np.sqrt(np.mean(sound**2)) * TELEPHONE_SNR
    return telephone((sound + noise(rng, len(sound)) * level).astype(np.float32))


@dataclass(frozen=True)
class Recording:
    """Utterances joined with pauses."""

    sound: Waveform
    words: list[str]


def join_recording(
    rng: Generator,
    utterances: Sequence[TestUtterance],
    *,
    longest_pause_s: float = 1.8,
    trail_s: float = 0.5,
) -> Recording:
    """Join utterances at equal peak with pauses from 0.3 s."""
    pieces, words = [], []
    for test in utterances:
        sound = test.utterance.waveform
        pause = np.zeros(int(rng.uniform(0.3, longest_pause_s) * SAMPLE_RATE), np.float32)
        pieces += [pause, sound / (np.abs(sound).max() + 1e-6) * np.float32(0.5)]
        words += test.words
    pieces.append(np.zeros(int(trail_s * SAMPLE_RATE), np.float32))
    return Recording(np.concatenate(pieces).astype(np.float32), words)


def shuffled(utterances: Sequence[TestUtterance], seed: int) -> list[TestUtterance]:
    """Return utterances in the order of a seed."""
    order = list(utterances)
    Random(seed).shuffle(order)
    return order


def complete_words(spans: Sequence[Span], cut_s: float) -> int:
    """Count the words of a framed utterance that end before a cut."""
    return sum(end + LEAD_S <= cut_s for _, end in spans)
