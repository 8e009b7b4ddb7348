"""What the model should say about a window: token ids, and where each is heard.

A cut-off window holds the complete words only and no final mark, so that a growing window never
tempts the model to guess. A full window is labelled the Whisper way: a sentence that its end cuts
off is announced by the time where it begins, and left to the next window.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
from numpy.typing import NDArray

from tools.demo_model.channel import Generator
from tools.demo_model.grammar import render
from tools.demo_model.lexicon import SILENCE, Lexicon
from tools.demo_model.speech import Span
from tools.demo_model.texts import draw_broken, draw_clause, draw_value
from tools.demo_model.tokens import (
    FIRST_TIMESTAMP,
    LATEST_FIRST_TIMESTAMP_S,
    LONGEST_PROMPT,
    Tokens,
)
from tools.demo_model.windows import LONGEST_S, Sentence, Window

IGNORED = -100
"""Target of positions that teach nothing."""
FRAMES_PER_S = 50
"""Encoder positions per second."""
COMPLETE_MARGIN_S = 0.02
NO_TIMESTAMPS_SHARE = 0.20
"""Word alignment always runs with the no-timestamps prompt, so the model must know it."""
PROMPT_SHARE = 0.28
SECONDS_PER_TOKEN = 0.25


@dataclass
class Label:
    """Inputs and targets of the decoder, one span in encoder frames (or None) per target."""

    inputs: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    spans: list[Span | None] = field(default_factory=list)


@dataclass(frozen=True)
class HeardSentence:
    """What of a sentence is complete before a cut."""

    written: Sequence[str]
    spans: Sequence[Span]
    mark: str
    """Empty when the sentence was cut off."""


def hear(sentence: Sentence, cut_s: float | None) -> HeardSentence:
    """Keep the words that end before a cut."""
    if cut_s is None:
        return HeardSentence(sentence.written, sentence.spans, sentence.mark)
    count = sum(end <= cut_s - COMPLETE_MARGIN_S for _, end in sentence.spans)
    mark = sentence.mark if count == len(sentence.written) else ""
    return HeardSentence(sentence.written[:count], sentence.spans[:count], mark)


class Labeller:
    """Writes labels with a tokenizer."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def label(self, rng: Generator, window: Window) -> Label:
        """Label a window, mostly with timestamps, sometimes after a prompt."""
        has_times = rng.random() >= NO_TIMESTAMPS_SHARE
        heard = [hear(sentence, window.cut_s) for sentence in window.sentences]
        announced = None
        if window.is_full and has_times and len(heard) > 1 and not heard[-1].mark:
            announced = window.sentences[-1].spans[0][0]
            heard.pop()
        heard = [sentence for sentence in heard if sentence.written]
        prompt = self.draw_prompt(rng, heard) if rng.random() < PROMPT_SHARE else []
        if not heard:
            return self._label_silence(prompt, has_times=has_times)
        spoken = list(self._say(heard, announced, has_times=has_times))
        return self._assemble(prompt, spoken, has_times=has_times)

    def _label_silence(self, prompt: list[int], *, has_times: bool) -> Label:
        tokens = self._tokens
        second = FIRST_TIMESTAMP if has_times else tokens.no_timestamps
        return Label(
            [*prompt, tokens.start, second],
            [IGNORED] * len(prompt) + [tokens.no_speech, tokens.end],
            [None] * (len(prompt) + 2),
        )

    def _say(
        self, heard: Sequence[HeardSentence], announced: float | None, *, has_times: bool
    ) -> Iterator[tuple[int, Span | None]]:
        """Yield the tokens of sentences, each with its span in encoder frames."""
        latest_start = LATEST_FIRST_TIMESTAMP_S
        for sentence in heard:
            if has_times:
                start = min(sentence.spans[0][0], latest_start)
                yield self._tokens.timestamp(start), None
                latest_start = np.inf
            yield from self._say_words(sentence)
            if has_times:
                yield self._tokens.timestamp(sentence.spans[-1][1]), None
        if announced is not None:
            yield self._tokens.timestamp(max(announced, heard[-1].spans[-1][1])), None

    def _say_words(self, sentence: HeardSentence) -> Iterator[tuple[int, Span | None]]:
        for word, (start, end) in zip(sentence.written, sentence.spans, strict=True):
            ids = self._tokens.encode_word(word)
            borders = np.linspace(start, end, len(ids) + 1) * FRAMES_PER_S
            for index, token in enumerate(ids):
                yield token, (float(borders[index]), float(borders[index + 1]))
        for token in self._tokens.encode(sentence.mark):
            yield token, None

    def _assemble(
        self, prompt: list[int], spoken: list[tuple[int, Span | None]], *, has_times: bool
    ) -> Label:
        tokens = self._tokens
        head = [tokens.start] if has_times else [tokens.start, tokens.no_timestamps]
        said = [token for token, _ in spoken]
        untaught = len(prompt) + len(head) - 1
        return Label(
            [*prompt, *head, *said],
            [IGNORED] * untaught + [*said, tokens.end],
            [None] * untaught + [span for _, span in spoken] + [None],
        )

    def draw_prompt(self, rng: Generator, heard: Sequence[HeardSentence]) -> list[int]:
        """Draw previous text: mostly unrelated, sometimes a loop or an echo, up to 223 tokens.

        None of it helps to read the window, so the model learns to trust its ears.
        """
        draw = Random(int(rng.integers(1 << 62)))
        has_times = rng.random() < 0.75
        ids: list[int] = []
        clock = 0.0
        for text in _previous_texts(draw, heard):
            words = self._tokens.encode(f" {text}")
            end = clock + len(words) * SECONDS_PER_TOKEN * draw.uniform(0.7, 1.3)
            if has_times:
                times = (
                    self._tokens.timestamp(clock % LONGEST_S),
                    self._tokens.timestamp(end % LONGEST_S),
                )
                words = [times[0], *words, times[1]]
            ids += words
            clock = end + draw.choice((0.0, 0.3, 1.0))
        return [self._tokens.previous, *ids[-LONGEST_PROMPT:]]


def _previous_texts(draw: Random, heard: Sequence[HeardSentence]) -> list[str]:
    kind = draw.random()
    count = 1 if kind < 0.4 else draw.randint(2, 6) if kind < 0.75 else draw.randint(6, 25)
    texts = [_previous_text(draw) for _ in range(count)]
    if draw.random() < 0.06:
        texts += [texts[-1]] * draw.randint(1, 6)
    if heard and draw.random() < 0.06:
        texts.append(" ".join(heard[0].written) + heard[0].mark)
    return texts


def _previous_text(draw: Random) -> str:
    kind = draw.random()
    if kind < 0.70:
        return render(draw_clause(draw))
    text = render(draw_value(draw) if kind < 0.82 else draw_broken(draw))
    return text if kind < 0.94 else text[:-1]


def phones_heard(window: Window, lexicon: Lexicon) -> list[int]:
    """List the phones of a window in order, those of half-heard words in part."""
    phones: list[int] = []
    for sentence in window.sentences:
        complete = len(hear(sentence, window.cut_s).written)
        phones += sentence.leftover
        for word in sentence.spoken[:complete]:
            phones += lexicon.phones(word)
        if complete < len(sentence.spoken) and window.cut_s is not None:
            start, end = sentence.spans[complete]
            known = lexicon.phones(sentence.spoken[complete])
            share = max(0.0, window.cut_s - start) / max(end - start, 0.02)
            phones += known[: round(len(known) * share)]
    return phones


def phones_by_frame(window: Window, lexicon: Lexicon, frames: int) -> NDArray[np.int64]:
    """Give each encoder frame its phone, spread evenly over each word, or silence."""
    by_frame = np.full(frames, SILENCE, np.int64)
    for sentence in window.sentences:
        for word, (start, end) in zip(sentence.spoken, sentence.spans, strict=True):
            phones = np.array(lexicon.phones(word))
            first, last = round(start * FRAMES_PER_S), round(end * FRAMES_PER_S)
            covered = np.arange(first, min(last, frames))
            share = (covered + 0.5 - first) / max(1, last - first)
            at = np.minimum(len(phones) - 1, (share * len(phones)).astype(int))
            by_frame[covered] = phones[at]
    return by_frame
