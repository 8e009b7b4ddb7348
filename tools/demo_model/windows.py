"""Windows of sound as the recognizer meets them, with what is said in them and when.

Kinds: no speech; a few sentences, maybe cut off in mid-sentence as in a growing window; and full
windows cut out of a longer recording.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tools.demo_model.channel import Generator, decibels, noise
from tools.demo_model.grammar import render, spoken_words
from tools.demo_model.lexicon import Lexicon
from tools.demo_model.pool import Pool
from tools.demo_model.speech import SAMPLE_RATE, Span, Utterance, Waveform
from tools.demo_model.tones import draw_tones

LONGEST_S = 20.0
"""Windows of exactly this length are labelled as cut out of a recording."""
NO_SPEECH_SHARE = 0.08
FULL_SHARE = 0.18
CUT_SHARE = 0.32
"""Of the other windows."""
SENTENCE_LIMITS = ((0.52, 1), (0.76, 2), (0.89, 4), (0.97, 7), (1.0, 9))
"""Cumulated shares of windows with at most so many sentences."""


@dataclass(frozen=True)
class Sentence:
    """One utterance within a window."""

    spoken: Sequence[str]
    written: Sequence[str]
    spans: Sequence[Span]
    """Seconds on the window's clock, one per word; may lie beyond a cut."""
    mark: str
    """Final "." or "?"."""
    leftover: Sequence[int] = ()
    """Phones of a word whose beginning lies before the window."""


@dataclass(frozen=True)
class Window:
    """A stretch of clean sound and its sentences."""

    sound: Waveform
    sentences: Sequence[Sentence]
    cut_s: float | None = None
    """Where a longer recording was cut off, if it was."""
    is_full: bool = False
    """Whether it is labelled the Whisper way: the sentence cut off belongs to the next window."""


class WindowMaker:
    """Draws windows from a pool of utterances."""

    def __init__(self, pool: Pool, lexicon: Lexicon) -> None:
        self._pool = pool
        self._lexicon = lexicon

    def draw(self, rng: Generator) -> Window:
        """Draw a window of any kind."""
        kind = rng.random()
        if kind < NO_SPEECH_SHARE:
            return draw_no_speech(rng)
        if kind < NO_SPEECH_SHARE + FULL_SHARE:
            return self._draw_full(rng)
        return self._draw_growing(rng)

    def _draw_full(self, rng: Generator) -> Window:
        lead = rng.uniform(0, 1.2) if rng.random() < 0.9 else rng.uniform(1, 6)
        track = Track(_draw_lead(rng, lead), gap_s=_draw_gap(rng))
        self._fill(rng, track, most=99, is_cut_in=rng.random() < 0.12)
        sound = track.sound(round(LONGEST_S * SAMPLE_RATE), is_padded=True)
        return Window(sound, track.begun_before(LONGEST_S), cut_s=LONGEST_S, is_full=True)

    def _draw_growing(self, rng: Generator) -> Window:
        track = Track(_draw_lead(rng, _draw_short_lead(rng)), gap_s=_draw_gap(rng))
        share = rng.random()
        most = next(count for limit, count in SENTENCE_LIMITS if share < limit)
        self._fill(rng, track, most=most)
        sound = track.sound(round(LONGEST_S * SAMPLE_RATE))
        if rng.random() >= CUT_SHARE:
            return Window(sound, track.sentences)
        duration = len(sound) / SAMPLE_RATE
        cut_s = float(rng.uniform(max(0.3, duration - 8), duration))
        return Window(sound[: int(cut_s * SAMPLE_RATE)], track.begun_before(cut_s), cut_s=cut_s)

    def _fill(
        self,
        rng: Generator,
        track: "Track",
        *,
        most: int,
        is_cut_in: bool = False,
    ) -> None:
        """Add sentences until there are enough, or the next would not fit a growing window."""
        keeps_voice, voice = rng.random() < 0.6, ""
        while len(track.sentences) < most and track.duration_s < LONGEST_S - 0.05:
            utterance = (
                self._pool.draw_from(rng, voice) if voice and keeps_voice else self._pool.draw(rng)
            )
            voice = voice or utterance.voice
            sound, sentence = _hear(rng, utterance)
            if is_cut_in and not track.sentences and len(sentence.spoken) > 2:
                sound, sentence = self._cut_in(rng, sound, sentence)
                track.clear()
            seconds = len(sound) / SAMPLE_RATE
            if most < 99 and track.sentences and track.duration_s + seconds > LONGEST_S:
                return
            level = 1.0 if keeps_voice else decibels(rng.uniform(-6, 0))
            track.add(rng, sound * level, sentence)

    def _cut_in(
        self, rng: Generator, sound: Waveform, sentence: Sentence
    ) -> tuple[Waveform, Sentence]:
        """Begin inside a sentence: the words before are gone, one may be half gone."""
        begin = float(rng.uniform(0.1, 0.8)) * sentence.spans[-1][1]
        kept = next(
            (index for index, span in enumerate(sentence.spans) if span[0] >= begin - 0.02), 0
        )
        if kept == 0:
            return sound, sentence
        start, end = sentence.spans[kept - 1]
        phones = self._lexicon.phones(sentence.spoken[kept - 1])
        heard = int(len(phones) * max(0.0, end - begin) / max(end - start, 0.02))
        later = Sentence(
            sentence.spoken[kept:],
            sentence.written[kept:],
            shift(sentence.spans[kept:], -begin),
            sentence.mark,
            phones[len(phones) - heard :],
        )
        return sound[int(begin * SAMPLE_RATE) :], later


class Track:
    """Sentences laid one after another, with pauses."""

    def __init__(self, lead: Waveform, *, gap_s: float) -> None:
        self.sentences: list[Sentence] = []
        self._pieces = [lead]
        self._length = len(lead)
        self._gap_s = gap_s

    @property
    def duration_s(self) -> float:
        """Seconds laid so far."""
        return self._length / SAMPLE_RATE

    def clear(self) -> None:
        """Drop everything, the lead too."""
        self.sentences, self._pieces, self._length = [], [], 0

    def add(self, rng: Generator, sound: Waveform, sentence: Sentence) -> None:
        """Lay a sentence and mostly a pause."""
        self.sentences.append(replace(sentence, spans=shift(sentence.spans, self.duration_s)))
        pause_s = rng.uniform(0.05, self._gap_s) if rng.random() < 0.85 else 0.0
        pause = np.zeros(int(pause_s * SAMPLE_RATE), np.float32)
        self._pieces += [sound, pause]
        self._length += len(sound) + len(pause)

    def sound(self, length: int, *, is_padded: bool = False) -> Waveform:
        """Join the pieces, cut at a length, padded with silence if asked."""
        joined = np.concatenate(self._pieces)[:length]
        return np.pad(joined, (0, length - len(joined))) if is_padded else joined

    def begun_before(self, cut_s: float) -> list[Sentence]:
        """List the sentences of which something is heard before a cut."""
        return [sentence for sentence in self.sentences if sentence.spans[0][0] < cut_s - 0.05]


def shift(spans: Sequence[Span], seconds: float) -> list[Span]:
    """Move spans on the clock."""
    return [(start + seconds, end + seconds) for start, end in spans]


def draw_no_speech(rng: Generator) -> Window:
    """Draw silence, noise, tones or music of 0.4-20 s."""
    seconds = LONGEST_S if rng.random() < 0.15 else rng.uniform(0.4, 9)
    length = int(seconds * SAMPLE_RATE)
    sound = np.zeros(length, np.float32)
    kind = rng.random()
    if kind < 0.55:
        sound = sound + draw_tones(rng, length) * decibels(rng.uniform(-40, -3))
    if kind > 0.15 and rng.random() < 0.8:
        sound = sound + noise(rng, length) * decibels(rng.uniform(-75, -22))
    return Window(sound.astype(np.float32), ())


def _draw_short_lead(rng: Generator) -> float:
    kind = rng.random()
    if kind < 0.15:
        return 0.0
    return float(rng.uniform(0, 0.6) if kind < 0.85 else rng.uniform(0.6, 2.5))


def _draw_gap(rng: Generator) -> float:
    """Draw the longest pause between sentences, seconds: on one leg the other party is silence."""
    return float(rng.choice((0.4, 1.0, 2.2, 9.0), p=(0.3, 0.3, 0.25, 0.15)))


def _draw_lead(rng: Generator, seconds: float) -> Waveform:
    """Silence before the first sentence, sometimes with a tone in it."""
    lead = np.zeros(int(seconds * SAMPLE_RATE), np.float32)
    if (seconds > 0.5 and rng.random() < 0.3) or rng.random() < 0.03:
        length = max(len(lead), int(rng.uniform(0.5, 3) * SAMPLE_RATE))
        lead = np.zeros(length, np.float32)
        sounding = length - int(rng.uniform(0, 0.25) * SAMPLE_RATE)
        lead[:sounding] = draw_tones(rng, sounding) * decibels(rng.uniform(-30, -8))
    return lead


def _hear(rng: Generator, utterance: Utterance) -> tuple[Waveform, Sentence]:
    """Take an utterance, mostly at another speed (and so another pitch)."""
    sound, spans = utterance.waveform, list(utterance.spans)
    if rng.random() < 0.65:
        speed = float(rng.uniform(0.83, 1.2))
        positions = np.arange(int(len(sound) / speed)) * speed
        sound = np.interp(positions, np.arange(len(sound)), sound).astype(np.float32)
        spans = [(start / speed, end / speed) for start, end in spans]
    written = render(utterance.text)
    sentence = Sentence(spoken_words(utterance.text), written[:-1].split(), spans, written[-1])
    return sound, sentence
