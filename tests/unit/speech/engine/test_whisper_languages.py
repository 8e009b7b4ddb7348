"""Windows in several languages are told apart, batched and prompted rightly; the model itself is scripted."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from streamer.speech.base import EncoderWindow, ModelFacts, Suspicion, Window
from streamer.speech.engine.whisper import WhisperEngine

faster_whisper = pytest.importorskip("faster_whisper")
tokenizers = pytest.importorskip("tokenizers")

SPECIALS = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|de|>",
    "<|zh|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
]


@dataclass
class Result:
    """One row of `generate`."""

    sequences_ids: list[list[int]]
    scores: tuple[float, ...] = (-0.1,)
    no_speech_prob: float = 0.0


class ScriptedWhisper:
    """Stands in for CTranslate2: knows German from silence, and reads everything as the same tokens."""

    is_multilingual = True

    def __init__(self, tokens: list[int]) -> None:
        self.tokens = tokens
        self.encoded: list[tuple[int, ...]] = []
        self.prompts: list[list[list[int]]] = []
        self.lengths: list[int] = []
        self.starts: list[list[int]] = []

    def encode(self, features):
        self.encoded.append(tuple(features.shape))
        return features

    def detect_language(self, encoded):
        return [[("<|de|>", 0.75), ("<|en|>", 0.25)]] * encoded.shape[0]

    def generate(self, encoded, prompts, *, max_length, **search):
        self.prompts.append(prompts)
        self.lengths.append(max_length)
        return [Result([list(self.tokens)]) for _ in prompts]

    def align(self, encoded, start, rows, frames):
        self.starts.append(start)
        return [
            SimpleNamespace(
                alignments=[(n, 10 * n) for n in range(len(row) + 1)],
                text_token_probs=[0.5] * len(row),
            )
            for row in rows
        ]


def make_tokenizer() -> Any:
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(alphabet)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIALS)
    return tokenizer


TOKENIZER = make_tokenizer()
ID = {token: TOKENIZER.token_to_id(token) for token in SPECIALS}


@pytest.fixture
def scripted():
    from faster_whisper.feature_extractor import FeatureExtractor

    text = TOKENIZER.encode(" ja so").ids
    model = SimpleNamespace(
        model=ScriptedWhisper(text), hf_tokenizer=TOKENIZER, feature_extractor=FeatureExtractor()
    )
    facts = ModelFacts("x", ("en", "de", "zh"), 480_000, "cpu", "int8", 1)
    return WhisperEngine(model, facts), model.model


def window(seconds: float, language: str | None, **how) -> Window:
    noise = np.random.default_rng(0).normal(0, 2000, round(16_000 * seconds))
    return Window("a", 1, noise.astype("<i2").tobytes(), 0, language=language, **how)


def test_a_language_that_is_not_known_is_detected_on_what_is_encoded_anyway(scripted):
    engine, model = scripted
    (hypothesis,) = engine.transcribe([window(2, None)])
    assert (hypothesis.language, hypothesis.language_probability) == ("de", 0.75)
    assert len(model.encoded) == 1
    assert model.prompts == [
        [
            [
                ID["<|startoftranscript|>"],
                ID["<|de|>"],
                ID["<|transcribe|>"],
                ID["<|notimestamps|>"],
            ]
        ]
    ]


def test_a_language_is_detected_among_those_that_may_be(scripted):
    engine, _ = scripted
    (hypothesis,) = engine.transcribe([window(2, None, languages=("en", "es"))])
    assert (hypothesis.language, hypothesis.language_probability) == ("en", 1.0)
    (hypothesis,) = engine.transcribe([window(2, None, languages=("es",))])
    assert hypothesis.language == "de", "none of them is known to the model"


def test_windows_whose_language_is_not_known_are_read_one_by_one(scripted):
    engine, model = scripted
    engine.transcribe([window(2, None), window(2, None)])
    assert [shape[0] for shape in model.encoded] == [1, 1]


def test_a_pinned_language_is_not_detected_again(scripted):
    engine, model = scripted
    (hypothesis,) = engine.transcribe([window(2, "en")])
    assert (hypothesis.language, hypothesis.language_probability) == ("en", 1.0)
    assert model.prompts[0][0][1] == ID["<|en|>"]


def test_the_words_of_a_language_with_blanks_are_told_apart_by_them(scripted):
    engine, _ = scripted
    (hypothesis,) = engine.transcribe([window(2, "de")])
    assert [(w.text, w.is_joined) for w in hypothesis.words] == [("ja", False), ("so", False)]
    assert hypothesis.words[0].end <= hypothesis.words[1].start


def test_the_words_of_a_language_without_blanks_are_joined(scripted):
    engine, model = scripted
    model.tokens = TOKENIZER.encode("你好").ids
    (hypothesis,) = engine.transcribe([window(2, "zh")])
    assert [(w.text, w.is_joined) for w in hypothesis.words] == [("你", True), ("好", True)]


def test_windows_of_equal_shape_are_one_batch_and_others_their_own(scripted):
    engine, model = scripted
    short = EncoderWindow.SHORT
    windows = [
        window(2.0, "de", encoder_window=short),
        window(2.1, "de", encoder_window=short),
        window(2.0, "en", encoder_window=short),
        window(2.0, "de"),
        window(2.0, "de", encoder_window=short, context="so"),
        window(9.0, "de", encoder_window=short),
    ]
    hypotheses = engine.transcribe(windows)
    assert [h.end for h in hypotheses] == [w.end for w in windows]
    assert sorted((shape[0], shape[2]) for shape in model.encoded) == [
        (1, 500),
        (1, 500),
        (1, 1100),
        (1, 3000),
        (2, 500),
    ]


def test_a_hint_stands_in_front_of_the_start_and_is_cut_to_its_size(scripted):
    engine, model = scripted
    engine.transcribe([window(2, "de", prompt="Emma " * 100, context="und so " * 100)])
    prompt = model.prompts[0][0]
    assert prompt[0] == ID["<|startofprev|>"]
    assert prompt.index(ID["<|startoftranscript|>"]) == 1 + 96 + 60
    room = model.lengths[0]
    assert min(room // 2, room - len(prompt)) == 64


def test_a_reading_that_hits_its_cap_in_a_short_window_is_made_again_in_full(scripted):
    engine, model = scripted
    capped = window(2, "de", encoder_window=EncoderWindow.SHORT, max_new_tokens=3)
    (hypothesis,) = engine.transcribe([capped])
    assert hypothesis.suspicion is Suspicion.TOKEN_CAP
    assert [shape[2] for shape in model.encoded] == [500, 3000]


def test_a_window_read_as_nothing_is_not_aligned(scripted):
    engine, model = scripted
    model.tokens = []
    assert engine.transcribe([window(2, "de")])[0].words == ()
    assert model.starts == []


def test_a_language_that_nobody_knows_is_refused(scripted):
    engine, _ = scripted
    with pytest.raises(ValueError, match="xx"):
        engine.transcribe([window(2, "xx")])
