"""The bundled call as a measure: its tracks, its words with their times, and how a transcript compares."""

from __future__ import annotations

import json
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamer.cli.demo import demo_call
from streamer.speech.words.agreement import normalise

RATE = 16_000
LEGS = ("caller", "agent")
_MU = 255.0


@dataclass(frozen=True, slots=True)
class GoldWord:
    """A word as it was said; times in seconds of the call, `turn` counts the leg's turns."""

    text: str
    start: float
    end: float
    turn: int


@dataclass(frozen=True, slots=True)
class GoldCall:
    """Two tracks of slin16 and what is said on each."""

    tracks: tuple[bytes, bytes]
    words: tuple[tuple[GoldWord, ...], ...]

    def turns(self, leg: int) -> list[tuple[float, float]]:
        """Return where each turn of a leg begins and ends, in seconds."""
        numbers = sorted({word.turn for word in self.words[leg]})
        spans = [[w for w in self.words[leg] if w.turn == number] for number in numbers]
        return [(span[0].start, span[-1].end) for span in spans]


def repeat(gold: GoldCall, times: int) -> GoldCall:
    """Return the call several times in a row, as one call."""
    length = len(gold.tracks[0]) / 2 / RATE
    words = tuple(
        tuple(
            GoldWord(w.text, w.start + n * length, w.end + n * length, w.turn + n * turns)
            for n in range(times)
            for w in leg
        )
        for leg, turns in ((leg, leg[-1].turn + 1) for leg in gold.words)
    )
    return GoldCall((gold.tracks[0] * times, gold.tracks[1] * times), (words[0], words[1]))


def load_gold(*, is_telephone: bool = False) -> GoldCall:
    """Read the bundled call, wideband or as an 8 kHz mu-law telephone would carry it."""
    with wave.open(str(demo_call())) as call:
        stereo = np.frombuffer(call.readframes(call.getnframes()), np.int16).reshape(-1, 2)
    script = json.loads(Path(demo_call()).with_suffix(".json").read_text())
    words = tuple(
        tuple(
            GoldWord(normalise(w["word"]), w["start"], w["end"], turn)
            for turn, line in enumerate(line for line in script if line["leg"] == leg)
            for w in line["words"]
        )
        for leg in LEGS
    )
    tracks = [stereo[:, n].astype(np.float64) / 32768 for n in range(2)]
    if is_telephone:
        tracks = [_telephone(track) for track in tracks]
    caller, agent = ((track.clip(-1, 1) * 32767).astype(np.int16).tobytes() for track in tracks)
    return GoldCall((caller, agent), words)


def _telephone(track: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep 300-3400 Hz and the 256 steps of mu-law."""
    spectrum = np.fft.rfft(track)
    frequency = np.fft.rfftfreq(len(track), 1 / RATE)
    spectrum *= 1 / (1 + (frequency / 3400) ** 16) * (1 - 1 / (1 + (frequency / 300) ** 6))
    band = np.fft.irfft(spectrum, len(track)).clip(-1, 1)
    steps = np.round(np.sign(band) * np.log1p(_MU * np.abs(band)) / np.log1p(_MU) * 127) / 127
    return np.asarray(np.sign(steps) * ((1 + _MU) ** np.abs(steps) - 1) / _MU)


def align(said: Sequence[str], heard: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Pair words by the least edits (Levenshtein); None where one side has nothing."""
    costs = np.zeros((len(said) + 1, len(heard) + 1), int)
    costs[:, 0], costs[0, :] = range(len(said) + 1), range(len(heard) + 1)
    for i, one in enumerate(said, start=1):
        for j, other in enumerate(heard, start=1):
            exchanged = costs[i - 1, j - 1] + (one != other)
            costs[i, j] = min(exchanged, costs[i - 1, j] + 1, costs[i, j - 1] + 1)
    pairs: list[tuple[int | None, int | None]] = []
    i, j = len(said), len(heard)
    while i or j:
        if i and j and costs[i, j] == costs[i - 1, j - 1] + (said[i - 1] != heard[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and costs[i, j] == costs[i - 1, j] + 1:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def count_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Return substitutions, deletions and insertions."""
    return sum(a is None or b is None or said[a] != heard[b] for a, b in align(said, heard))


def judge(
    gold: GoldCall, committed: Sequence[Sequence[tuple[str, float]]]
) -> tuple[list[float], float]:
    """Compare each leg's words, with the moment each was committed at, with what was said.

    Return how long after its end each right word came, and the word errors in percent.
    """
    latencies, errors, count = [], 0, 0
    for words, said in zip(committed, gold.words, strict=True):
        heard = [word for word, _ in words]
        texts = [word.text for word in said]
        errors, count = errors + count_errors(texts, heard), count + len(texts)
        latencies += [
            words[b][1] - said[a].end
            for a, b in align(texts, heard)
            if a is not None and b is not None and texts[a] == heard[b]
        ]
    return latencies, 100 * errors / count
