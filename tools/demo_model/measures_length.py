"""How a model decodes with short encoders, through CTranslate2 directly."""

import time

import numpy as np
from ctranslate2 import StorageView
from faster_whisper import WhisperModel

from tools.demo_model import testsets
from tools.demo_model.measures import Sets
from tools.demo_model.samples import Mel
from tools.demo_model.scoring import Score, normalize
from tools.demo_model.speech import SAMPLE_RATE
from tools.demo_model.testsets import LEAD_S, SEEN_VOICES, TestUtterance
from tools.demo_model.tokens import FIRST_TIMESTAMP, Tokens

ENCODER_FRAMES = (500, 600, 800, 1000, 1500, 3000)
LONGEST_FOR_ALL_S = 4.9
"""Utterances that fit the shortest encoder, so that every length reads the same ones."""


def score_encoder_length(
    model: WhisperModel, sets: Sets, frames: int
) -> tuple[Score, float, float]:
    """Decode short utterances with an encoder of so many frames, by CTranslate2 directly.

    Returns the score, milliseconds per encode, and the real-time factor on one core.
    """
    score, encoding, decoding, audio = Score(), 0.0, 0.0, 0.0
    for test in short_tests(sets):
        sound = testsets.frame_utterance(test.utterance)
        mel = model.feature_extractor(sound)[:, :-1]
        began = time.perf_counter()
        memory = encode(model, mel, frames)
        encoded = time.perf_counter()
        heard = decode(model, memory)
        decoding += time.perf_counter() - encoded
        encoding += encoded - began
        audio += len(sound) / SAMPLE_RATE
        score.add(test.words, normalize(heard))
    return score, 1000 * encoding / score.utterances, (encoding + decoding) / audio


def short_tests(sets: Sets) -> list[TestUtterance]:
    """List the grammar sentences of seen voices that fit the shortest encoder."""
    limit = LONGEST_FOR_ALL_S - LEAD_S - testsets.TRAIL_S
    return [
        test
        for name in SEEN_VOICES
        for test in sets[name]
        if not test.is_salad and len(test.utterance.samples) < limit * SAMPLE_RATE
    ]


def encode(model: WhisperModel, mel: Mel, frames: int) -> StorageView:
    """Encode features zero-padded to so many frames."""
    padded = np.zeros((1, mel.shape[0], frames), np.float32)
    padded[0, :, : mel.shape[1]] = mel[:, :frames]
    return model.model.encode(StorageView.from_array(padded))


def decode(model: WhisperModel, memory: StorageView) -> str:
    """Decode greedily with timestamps."""
    tokens = Tokens()
    answer = model.model.generate(memory, [[tokens.start]], beam_size=1, max_length=224)[0]
    said = [token for token in answer.sequences_ids[0] if token < FIRST_TIMESTAMP]
    return str(model.hf_tokenizer.decode(said))
