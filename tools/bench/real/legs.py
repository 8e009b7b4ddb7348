"""Legs of human telephone speech, with what is said on them and when.

Prompts of Asterisk's voices and sentences of an audio book, put one behind the other with pauses of random length and a faint line
noise, all seeded. Word times come from aligning each known text with its own audio by `base`, to about 50 ms.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from streamer.core.events import SPEECH_RATE
from streamer.media.decode import decode_mono
from streamer.speech.audio.resampled_reader import Resampler
from tools.bench.real.materials import CACHE, fetch_model, fetch_sounds

TELEPHONE = 8_000
NOISE = 8.0
"""Standard deviation of the line noise, of 32768: -72 dBFS."""

VOICES = {
    "en": "en_US_f_Allison",
    "es": "es_MX_f_Allison",
    "fr": "fr_CA_f_June",
    "it": "it_IT_m_Carlo",
    "ru": "ru_RU_f_IvrvoiceRU",
}
_LONG = 9
"""Words from which a prompt is a sentence of the kind that a legs of sentences is made of."""

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Said:
    """A word, or an utterance, and when it is said, in seconds of its leg."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Item:
    """One prompt or sentence."""

    text: str
    audio: Samples


@dataclass(frozen=True, slots=True)
class SpokenLeg:
    """A leg at `SPEECH_RATE`."""

    name: str
    audio: Samples
    utterances: tuple[Said, ...]
    words: tuple[Said, ...] = ()
    language: str = "en"

    @property
    def text(self) -> str:
        """What is said, whole."""
        return " ".join(said.text for said in self.utterances)

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.audio) / SPEECH_RATE


def read_prompts(language: str = "en") -> Iterator[tuple[str, str]]:
    """Yield name and text of each prompt whose text says only what is spoken."""
    package = f"asterisk-core-sounds-{language}"
    path = fetch_sounds() / f"usr/share/doc/{package}/core-sounds-{language}.txt.gz"
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        name, colon, text = line.strip().partition(":")
        if colon and text.strip() and not name.startswith(";") and not re.search(r"[\[(<]", text):
            yield name.strip(), text.strip()


def read_items(language: str = "en", *, is_wide: bool = False) -> list[Item]:
    """Return all prompts of a voice, as a telephone carries them or, `is_wide`, as they were spoken."""
    folder = fetch_sounds() / "usr/share/asterisk/sounds" / VOICES[language]
    items = []
    for name, text in read_prompts(language):
        path = folder / f"{name}.{'g722' if is_wide else 'wav'}"
        if path.exists():
            items.append(Item(text, read_sound(path, is_wide=is_wide)))
    return items


def read_book() -> list[Item]:
    """Return the sentences of the audio book, as a telephone carries them."""
    folder = fetch_sounds() / "usr/share/pocketsphinx/test/data/librivox"
    lines = (folder / "transcription").read_text().splitlines()
    found = [re.match(r"<s>\s*(.*?)\s*</s>\s*\((.*?)\)", line.strip()) for line in lines]
    return [Item(each[1], read_sound(folder / f"{each[2]}.wav")) for each in found if each]


def read_sound(path: Path, *, is_wide: bool = False) -> Samples:
    """Return a file at `SPEECH_RATE`, through mu-law at 8 kHz unless `is_wide`."""
    if is_wide:
        return np.frombuffer(decode_mono(path, rate=SPEECH_RATE), np.int16)
    return telephone(np.frombuffer(decode_mono(path, rate=TELEPHONE), np.int16))


def telephone(narrow: Samples) -> Samples:
    """Return 8 kHz audio as a transcriber hears it that was sent it as mu-law."""
    encoder: Any = av.CodecContext.create("pcm_mulaw", "w")
    encoder.sample_rate, encoder.layout, encoder.format = TELEPHONE, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(narrow.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = TELEPHONE
    decoder: Any = av.CodecContext.create("pcm_mulaw", "r")
    decoder.sample_rate, decoder.layout = TELEPHONE, "mono"
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    decoded = [frame.to_ndarray() for packet in packets for frame in decoder.decode(packet)]
    resampler = Resampler(TELEPHONE)
    made = resampler.feed(np.concatenate(decoded, axis=1).astype(np.int16).tobytes())
    return np.frombuffer(made + resampler.finish(), np.int16)


def join(
    name: str, items: Sequence[Item], *, seed: int, gaps: tuple[float, float], language: str = "en"
) -> SpokenLeg:
    """Put items one behind the other, a second of line in front and two behind."""
    pick, noise = random.Random(seed), np.random.default_rng(seed)
    parts, utterances, position = [np.zeros(SPEECH_RATE, np.float32)], [], SPEECH_RATE
    for item in items:
        end = position + len(item.audio)
        utterances.append(Said(item.text, position / SPEECH_RATE, end / SPEECH_RATE))
        gap = np.zeros(int(SPEECH_RATE * pick.uniform(*gaps)), np.float32)
        parts += [item.audio.astype(np.float32), gap]
        position = end + len(gap)
    clean = np.concatenate([*parts, np.zeros(2 * SPEECH_RATE, np.float32)])
    noisy = clean + noise.normal(0, NOISE, len(clean))
    audio = np.clip(noisy, -32768, 32767).astype(np.int16)
    return SpokenLeg(name, audio, tuple(utterances), language=language)


def english_sentences() -> list[SpokenLeg]:
    """Return two legs of long prompts and read sentences, with short pauses."""
    long = [
        item
        for item in read_items()
        if len(item.text.split()) >= _LONG and len(item.audio) > 4 * SPEECH_RATE
    ]
    random.Random(5).shuffle(long)
    items = [*long[:24], *read_book()]
    random.Random(6).shuffle(items)
    half = len(items) // 2
    return [
        _with_words(join(name, part, seed=seed, gaps=(0.3, 1.2)))
        for name, part, seed in (
            ("sentences-1", items[:half], 11),
            ("sentences-2", items[half:], 12),
        )
    ]


def english_prompts(
    *, seed: int = 1, parts: int = 6, first: int | None = None, is_wide: bool = False
) -> list[SpokenLeg]:
    """Return all English prompts, shuffled and dealt out to legs of which several can be read at once; or the `first` of these legs."""
    items = read_items(is_wide=is_wide)
    random.Random(seed).shuffle(items)
    kind = "wide" if is_wide else "prompts"
    return [
        _with_words(
            join(f"{kind}-{seed}-{n + 1}", items[n::parts], seed=100 * seed + n, gaps=(0.4, 2.0))
        )
        for n in range(parts)[:first]
    ]


def english_answers(*, count: int = 20) -> SpokenLeg:
    """Return a leg of turns of one or two words with pauses between them, as when somebody answers questions."""
    items = [item for item in read_items() if len(item.text.split()) <= 2]
    random.Random(4).shuffle(items)
    return _with_words(join(f"answers-{count}", items[:count], seed=4, gaps=(1.0, 2.0)))


def foreign_prompts(language: str, *, count: int = 40) -> SpokenLeg:
    """Return a leg of another language's prompts of four words and more."""
    items = [item for item in read_items(language) if len(item.text.split()) >= 4]
    random.Random(3).shuffle(items)
    return _with_words(
        join(f"{language}-{count}", items[:count], seed=3, gaps=(0.4, 2.0), language=language)
    )


def shorten(leg: SpokenLeg, seconds: float) -> SpokenLeg:
    """Return the beginning of a leg, as far as its utterances are whole."""
    if leg.seconds <= seconds:
        return leg
    kept = [said for said in leg.utterances if said.end + 0.5 <= seconds] or [leg.utterances[0]]
    end = kept[-1].end + 0.3
    return replace(
        leg,
        audio=leg.audio[: int(end * SPEECH_RATE)],
        utterances=tuple(kept),
        words=tuple(word for word in leg.words if word.end <= end),
    )


def _with_words(leg: SpokenLeg) -> SpokenLeg:
    """Return the leg with word times, which are kept in the cache."""
    path = CACHE / "words" / f"{leg.name}.json"
    if path.exists():
        words = [Said(**word) for word in json.loads(path.read_text())]
    else:
        words = list(_align(leg))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([asdict(word) for word in words]))
    return replace(leg, words=tuple(words))


def _align(leg: SpokenLeg) -> Iterator[Said]:
    from faster_whisper import WhisperModel
    from faster_whisper.audio import pad_or_trim
    from faster_whisper.tokenizer import Tokenizer

    model = WhisperModel(str(fetch_model("base")), device="cpu", compute_type="int8")
    tokenizer = Tokenizer(model.hf_tokenizer, True, task="transcribe", language=leg.language)
    audio = leg.audio.astype(np.float32) / 32768
    for said in leg.utterances:
        first = max(0.0, said.start - 0.2)
        piece = audio[int(first * SPEECH_RATE) : int((said.end + 0.2) * SPEECH_RATE)]
        features = model.feature_extractor(piece)[:, : min(3000, len(piece) // 160)]
        encoded = model.encode(pad_or_trim(features))
        tokens = [tokenizer.encode(" " + said.text)]
        for word in model.find_alignment(tokenizer, tokens, encoded, features.shape[-1])[0]:
            if any(c.isalnum() for c in word["word"]):
                start, end = (round(first + float(word[key]), 3) for key in ("start", "end"))
                yield Said(word["word"].strip(), start, end)
