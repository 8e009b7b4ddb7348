"""What is measured of one leg's live transcript: how right, how soon shown, how soon settled, and how restless."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from streamer.core.events import Event, Final, Partial
from streamer.speech.words.agreement import normalise
from tools.bench.real.legs import SpokenLeg


@dataclass
class Figures:
    """Of one or more legs; seconds, and words."""

    commit: list[float] = field(default_factory=list)
    """From the end of a word until it is settled."""
    shown: list[float] = field(default_factory=list)
    """From the end of a word until it first stands on the screen, settled or not."""
    first_partial: list[float] = field(default_factory=list)
    final: list[float] = field(default_factory=list)
    """From the end of an utterance's last word until its final."""
    offsets: list[float] = field(default_factory=list)
    """By how much later than it was said the final says that a word ends."""
    errors: int = 0
    words: int = 0
    changed: int = 0
    """Words of all states of the screen that are not those of the final."""
    seen: int = 0
    revisions: int = 0
    cost_s: float = 0.0
    audio_s: float = 0.0
    windows: int = 0
    texts: list[str] = field(default_factory=list)

    @property
    def wer(self) -> float:
        """Return word errors in percent."""
        return 100 * self.errors / max(1, self.words)

    @property
    def flicker(self) -> float:
        """Return the share of the shown words that changed later, in percent."""
        return 100 * self.changed / max(1, self.seen)

    def add(self, other: Figures) -> None:
        """Count another leg's figures in."""
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def pair(values: Sequence[float]) -> str:
    """Return median and 95th percentile."""
    if not values:
        return "-"
    return " / ".join(f"{np.percentile(values, percent):.2f}" for percent in (50, 95))


class Listener:
    """Takes one leg's events with the moment of each, and judges them when the leg is over."""

    def __init__(self) -> None:
        self.figures = Figures()
        self._open_committed: list[str] = []
        self._firsts: dict[int, tuple[float, float]] = {}
        self._histories: dict[int, list[tuple[float, list[str]]]] = {}
        self._committed: list[tuple[str, float]] = []
        self._settled: list[tuple[int, list[str]]] = []
        self._texts: list[str] = []
        self._finals: list[tuple[float, float]] = []
        self._placed: list[tuple[str, float]] = []

    def take(self, event: Event, at: float) -> None:
        """Take note of a partial or a final."""
        if isinstance(event, Partial):
            self._firsts.setdefault(event.utterance, (event.start / 16_000, at))
            committed = [word.text for word in event.committed]
            self._show(event.utterance, committed, [w.text for w in event.tentative], at)
        elif isinstance(event, Final):
            segment = event.segment
            words = [word.text for word in segment.words]
            self._show(segment.utterance, words, [], at)
            self._settled.append((segment.utterance, words))
            self._texts.append(segment.text)
            self._finals.append((segment.words[-1].end_s, at))
            self._placed += [(normalise(word.text), word.end_s) for word in segment.words]
            self._open_committed = []

    def _show(self, utterance: int, committed: list[str], tentative: list[str], at: float) -> None:
        words = committed + tentative
        figures = self.figures
        figures.revisions += committed[: len(self._open_committed)] != self._open_committed
        fresh = committed[len(self._open_committed) :]
        self._committed += [(word, at) for word in fresh]
        self._histories.setdefault(utterance, []).append((at, words))
        self._open_committed = committed

    def judge(self, leg: SpokenLeg) -> Figures:
        """Compare with what was said."""
        figures = self.figures
        figures.texts = self._texts
        figures.errors, figures.words = count_errors(leg, " ".join(figures.texts))
        figures.audio_s = leg.seconds
        firsts = [at for _, words in self._settled_histories() for at in words]
        heard = [normalise(word) for word, _ in self._committed]
        said = [normalise(word.text) for word in leg.words]
        for a, b in align(said, heard):
            end = leg.words[a].end
            figures.commit.append(self._committed[b][1] - end)
            figures.shown.append(firsts[b] - end)
        placed = align(said, [word for word, _ in self._placed])
        figures.offsets = [self._placed[b][1] - leg.words[a].end for a, b in placed]
        for start, at in self._firsts.values():
            begun = [w.start for w in leg.words if abs(w.start - start - 0.3) < 0.6]
            figures.first_partial += [at - begun[0]] if begun else []
        ends = [word.end for word in leg.words]
        for last, at in self._finals:
            nearest = min(ends, key=lambda end: abs(end - last), default=last)
            figures.final.append(at - nearest)
        return figures

    def _settled_histories(self) -> Iterable[tuple[int, list[float]]]:
        """Yield for each settled utterance the moment at which each of its words first stood in its place."""
        for utterance, words in self._settled:
            texts = [normalise(word) for word in words]
            moments = []
            history = self._histories[utterance]
            for _, shown in history:
                self.figures.seen += len(shown)
                self.figures.changed += sum(
                    n >= len(texts) or normalise(word) != texts[n] for n, word in enumerate(shown)
                )
            for n, text in enumerate(texts):
                moments.append(
                    next(
                        at
                        for at, shown in history
                        if n < len(shown) and normalise(shown[n]) == text
                    )
                )
            yield utterance, moments


def align(said: Sequence[str], heard: Sequence[str]) -> list[tuple[int, int]]:
    """Return which word was heard as which, for those that are equal."""
    from jiwer import process_words

    found: Any = process_words(
        " ".join(word or "_" for word in said), " ".join(word or "_" for word in heard) or "_"
    )
    return [
        (chunk.ref_start_idx + n, chunk.hyp_start_idx + n)
        for chunk in found.alignments[0]
        if chunk.type == "equal"
        for n in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]


def longest_loop(words: Sequence[str], *, longest_phrase: int = 6) -> int:
    """Return how often in a row a phrase comes at most: 1 where nothing is repeated."""
    most = min(1, len(words))
    for size in range(1, longest_phrase + 1):
        run = 0
        for one, other in zip(words, words[size:], strict=False):
            run = run + 1 if one == other else 0
            most = max(most, run // size + 1)
    return most


def count_errors(leg: SpokenLeg, heard: str) -> tuple[int, int]:
    """Return word errors and words, after Whisper's normaliser for English, a plain one for others."""
    from jiwer import process_words

    normal = normaliser(leg.language)
    found: Any = process_words(normal(leg.text), normal(heard) or "_")
    return found.substitutions + found.deletions + found.insertions, len(normal(leg.text).split())


@cache
def normaliser(language: str) -> Any:
    """Return what makes texts comparable."""
    if language == "en":
        from whisper_normalizer.english import EnglishTextNormalizer

        return EnglishTextNormalizer()

    def plain(text: str) -> str:
        return " ".join(filter(None, (normalise(word) for word in re.split(r"[\s\-]+", text))))

    return plain


def judge_words(leg: SpokenLeg, heard: Sequence[tuple[str, float]]) -> Figures:
    """Judge a transcriber of which only its committed words are known, with the moment of each."""
    figures = Figures(audio_s=leg.seconds, texts=[" ".join(word for word, _ in heard)])
    figures.errors, figures.words = count_errors(leg, figures.texts[0])
    pairs = align([normalise(w.text) for w in leg.words], [normalise(word) for word, _ in heard])
    figures.commit = [heard[b][1] - leg.words[a].end for a, b in pairs]
    return figures


def count_by_utterance(leg: SpokenLeg, heard: str) -> list[tuple[int, int]]:
    """Return word errors and words of each utterance, so that two transcripts can be compared utterance by utterance.

    Each heard word counts for the utterance it is aligned with, an added one for that of the word before it.
    """
    from jiwer import process_words

    said = [(n, word) for n, each in enumerate(leg.utterances) for word in each.text.split()]
    words = heard.split()
    found: Any = process_words(
        " ".join(normalise(word) or "_" for _, word in said),
        " ".join(normalise(word) or "_" for word in words) or "_",
    )
    shares: list[list[str]] = [[] for _ in leg.utterances]
    for chunk in found.alignments[0]:
        for n, word in enumerate(words[chunk.hyp_start_idx : chunk.hyp_end_idx]):
            place = chunk.ref_start_idx + (-1 if chunk.type == "insert" else n)
            shares[said[max(0, place)][0]].append(word)
    return [
        count_errors(replace(leg, utterances=(one,)), " ".join(share))
        for one, share in zip(leg.utterances, shares, strict=True)
    ]


def bootstrap_difference(
    ours: Sequence[tuple[int, int]],
    theirs: Sequence[tuple[int, int]],
    *,
    rounds: int = 2000,
    seed: int = 1,
) -> tuple[float, float, float]:
    """Return by how many points our word error rate lies above theirs, and the ends of its 95 % interval.

    Both are errors and words by utterance, in the same order; whole utterances are drawn, in pairs.
    """
    surplus = np.array([one - other for (one, _), (other, _) in zip(ours, theirs, strict=True)])
    words = np.array([count for _, count in ours])
    drawn = np.random.default_rng(seed).integers(0, len(words), (rounds, len(words)))
    points = 100 * surplus[drawn].sum(axis=1) / np.maximum(1, words[drawn].sum(axis=1))
    low, high = np.percentile(points, (2.5, 97.5))
    return 100 * float(surplus.sum()) / max(1, int(words.sum())), float(low), float(high)
