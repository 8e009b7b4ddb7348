"""Make the demo call: a stereo recording (left caller, right agent) and its script as ground truth."""

import json
import wave
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.demo_model.demo_script import LEGS, LINES, Leg, Line
from tools.demo_model.flite import Flite, build_program
from tools.demo_model.grammar import render
from tools.demo_model.speech import SAMPLE_RATE, Manner, Utterance

MANNERS: dict[Leg, Manner] = {
    "caller": Manner("awb", stretch=1.0),
    "agent": Manner("slt", stretch=1.0),
}
PEAK = 0.5
LINE_NOISE = 0.0008
"""Standard deviation of the noise floor; a line is never digitally silent."""
CLOSING_SILENCE_S = 0.8
NOISE_SEED = 3


@dataclass(frozen=True)
class Turn:
    """A spoken line and its first sample on the call's clock."""

    line: Line
    utterance: Utterance
    begin: int

    @property
    def end(self) -> int:
        """The sample after the last."""
        return self.begin + len(self.utterance.samples)


def speak_turns(programs: Path) -> list[Turn]:
    """Speak every line and place it on the call's clock."""
    with Flite(build_program(programs)) as flite:
        spoken = [flite.speak(line.text, MANNERS[line.leg]) for line in LINES]
    utterances = [utterance for utterance in spoken if utterance is not None]
    steps = zip(LINES, utterances, strict=True)
    ends = accumulate(
        steps,
        lambda end, step: end + _pause(step[0]) + len(step[1].samples),
        initial=0,
    )
    return [
        Turn(line, utterance, end + _pause(line))
        for line, utterance, end in zip(LINES, utterances, ends, strict=False)
    ]


def _pause(line: Line) -> int:
    return round(line.pause_s * SAMPLE_RATE)


def mix(turns: list[Turn]) -> NDArray[np.int16]:
    """Lay the turns on their channels; shape (samples, 2)."""
    length = max(turn.end for turn in turns) + round(CLOSING_SILENCE_S * SAMPLE_RATE)
    noise = np.random.default_rng(NOISE_SEED).standard_normal((length, len(LEGS)))
    channels = noise * LINE_NOISE
    for turn in turns:
        speech = turn.utterance.waveform
        level = PEAK / np.abs(speech).max()
        channels[turn.begin : turn.end, LEGS.index(turn.line.leg)] += speech * level
    pcm: NDArray[np.int16] = np.round(channels * 32767).astype(np.int16)
    return pcm


def describe(turn: Turn) -> dict[str, object]:
    """Write a turn as ground truth; seconds on the call's clock."""
    offset = turn.begin / SAMPLE_RATE
    text = render(turn.line.text)
    words = [
        {"word": word, "start": round(offset + start, 3), "end": round(offset + end, 3)}
        for word, (start, end) in zip(text.split(), turn.utterance.spans, strict=True)
    ]
    return {
        "leg": turn.line.leg,
        "text": text,
        "start": words[0]["start"],
        "end": words[-1]["end"],
        "words": words,
    }


def write_call(folder: Path, *, programs: Path) -> None:
    """Write demo.wav and demo.json."""
    turns = speak_turns(programs)
    folder.mkdir(parents=True, exist_ok=True)
    with wave.open(str(folder / "demo.wav"), "wb") as file:
        file.setnchannels(len(LEGS))
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(mix(turns).tobytes())
    script = json.dumps([describe(turn) for turn in turns], indent=1)
    (folder / "demo.json").write_text(f"{script}\n")
