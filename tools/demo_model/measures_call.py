"""How the demo call is heard: per utterance, and per leg as a whole."""

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from tools.demo_model.demo_script import LEGS
from tools.demo_model.measures import hear, join_words
from tools.demo_model.scoring import Score, normalize
from tools.demo_model.speech import SAMPLE_RATE, Waveform

LEAD_S, TRAIL_S = 0.25, 0.3


def read_call(folder: Path) -> tuple[NDArray[np.float32], list[dict[str, Any]]]:
    """Read the recording, shape (samples, legs), and its script."""
    with wave.open(str(folder / "demo.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    sound = samples.reshape(-1, len(LEGS)).astype(np.float32) / np.float32(32768)
    return sound, json.loads((folder / "demo.json").read_text())


def cut_utterance(sound: NDArray[np.float32], spoken: dict[str, Any]) -> Waveform:
    """Cut one utterance of the script out of its leg, with a little silence around."""
    first = max(0, int((spoken["start"] - LEAD_S) * SAMPLE_RATE))
    last = int((spoken["end"] + TRAIL_S) * SAMPLE_RATE)
    return np.ascontiguousarray(sound[first:last, LEGS.index(spoken["leg"])])


def score_call(model: WhisperModel, folder: Path, *, beam_size: int) -> Score:
    """Score the call utterance by utterance."""
    sound, script = read_call(folder)
    score = Score()
    for spoken in script:
        heard = hear(model, cut_utterance(sound, spoken), beam_size=beam_size)
        score.add(normalize(spoken["text"]), join_words(heard))
    return score


def score_legs(
    model: WhisperModel, folder: Path, *, beam_size: int, vad_filter: bool
) -> Iterator[Score]:
    """Score each leg of the call as one recording."""
    sound, script = read_call(folder)
    for channel, leg in enumerate(LEGS):
        wanted = " ".join(spoken["text"] for spoken in script if spoken["leg"] == leg)
        leg_sound = np.ascontiguousarray(sound[:, channel])
        score = Score()
        heard = hear(model, leg_sound, beam_size=beam_size, vad_filter=vad_filter)
        score.add(normalize(wanted), join_words(heard))
        yield score
