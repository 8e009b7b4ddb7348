"""Speech is heard, and what telephones play instead of speech is not."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from streamer.media.decode import decode_mono
from streamer.speech.audio.resampled_reader import Resampler
from streamer.speech.audio.segmenter import Closed, Opened, Segmenter
from streamer.speech.audio.vad import NARROW_RATE, WARM_UP, SileroVad
from streamer.speech.base import FRAME
from streamer.speech.engine.models import demo_path
from tests.unit.speech.sounds import RATE, named_sounds, noise, pcm

NAMES = list(named_sounds(2.0))


@cache
def sounds():
    return named_sounds(12.0)


ANSWERS = sorted((Path(__file__).parents[3] / "data" / "answers").glob("*.wav"))


class ScriptedNetwork:
    """Answers each frame with its number, and remembers what it was given."""

    def __init__(self) -> None:
        self.inputs: list[np.ndarray] = []
        self.memories: list[float] = []
        self.rates: set[int] = set()
        self.frames = 0

    def run(self, outputs, inputs):
        (samples,) = inputs["input"]
        self.inputs.append(samples)
        self.memories.append(float(inputs["state"].ravel()[0]))
        self.rates.add(int(inputs["sr"]))
        self.frames += 1
        return np.array([[self.frames / 1000]], np.float32), inputs["state"] + 1


def loud(frames: int) -> bytes:
    return pcm(noise(frames * FRAME / RATE, level=0.1))


@pytest.mark.parametrize("size", [2, 320, 1024, 5000, 1_000_000])
def test_frames_are_judged_once_whatever_the_pieces(size):
    network, audio = ScriptedNetwork(), loud(10)
    vad = SileroVad(network)
    pieces = [audio[i : i + size] for i in range(0, len(audio), size)]
    heard = [p for piece in pieces for p in vad.feed(piece)]
    assert np.round(np.array(heard) * 1000).tolist() == list(range(1, 11))


def test_each_frame_is_seen_with_the_end_of_the_one_before_it():
    network, audio = ScriptedNetwork(), loud(4)
    vad = SileroVad(network)
    vad.feed(audio[: 3 * FRAME * 2])
    vad.feed(audio[3 * FRAME * 2 :])
    samples = np.frombuffer(audio, np.int16) / 32768
    assert np.all(network.inputs[0][:64] == 0)
    for number in (1, 2, 3):
        begin = number * FRAME - 64
        assert np.allclose(network.inputs[number], samples[begin : begin + 64 + FRAME])


def test_the_network_remembers_from_call_to_call():
    network = ScriptedNetwork()
    vad = SileroVad(network)
    vad.feed(loud(3))
    vad.feed(loud(1))
    assert network.memories == [0.0, 1.0, 2.0, 3.0]


def test_silence_is_no_speech_and_never_reaches_the_network():
    network = ScriptedNetwork()
    assert SileroVad(network).feed(bytes(FRAME * 2 * 5)) == [0.0] * 5
    assert network.frames == 0


@pytest.mark.parametrize(("quiet", "memory"), [(WARM_UP - 1, 3.0), (WARM_UP, 0.0)])
def test_a_pause_of_half_a_second_clears_the_memory(quiet, memory):
    network = ScriptedNetwork()
    vad = SileroVad(network)
    vad.feed(loud(3) + bytes(FRAME * 2 * quiet) + loud(1))
    assert network.memories == [0.0, 1.0, 2.0, *(memory + n for n in range(quiet + 1))]


def test_the_quiet_before_a_loud_frame_is_heard_up_to_half_a_second():
    network, quiet = ScriptedNetwork(), np.repeat(np.arange(1, 31), FRAME)  # faint: below 33
    heard = SileroVad(network).feed(quiet.astype("<i2").tobytes() + loud(1))
    assert [round(frame[-1] * 32768) for frame in network.inputs[:-1]] == [*range(15, 31)]
    assert heard[:30] == [0.0] * 30


def test_of_a_leg_of_8_khz_the_network_hears_the_samples_that_were_recorded():
    network = ScriptedNetwork()
    recorded = np.random.default_rng(1).integers(-3000, 3000, NARROW_RATE).astype("<i2")
    resampler = Resampler(NARROW_RATE)
    audio = resampler.feed(recorded.tobytes()) + resampler.finish()
    SileroVad(network, read_rate=lambda: NARROW_RATE).feed(audio)
    assert network.rates == {NARROW_RATE}
    heard = np.concatenate([frame[-FRAME // 2 :] for frame in network.inputs]) * 32768
    assert np.abs(heard - recorded[: len(heard)]).max() <= 1
    for before, frame in zip(network.inputs, network.inputs[1:], strict=False):
        assert frame[:32].tolist() == before[-32:].tolist()


@pytest.mark.parametrize("rate", [None, 16_000, 48_000])
def test_a_leg_of_any_other_rate_is_heard_at_16_khz(rate):
    network = ScriptedNetwork()
    SileroVad(network, read_rate=lambda: rate).feed(loud(2))
    assert network.rates == {16_000}
    assert [len(frame) for frame in network.inputs] == [64 + FRAME] * 2


def count_utterances(audio: bytes, rate: int = RATE) -> int:
    vad, segmenter = SileroVad(read_rate=lambda: rate), Segmenter()
    changes = [change for p in vad.feed(audio) for change in segmenter.feed(p)]
    return sum(isinstance(change, Opened) for change in changes)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_telephone_plays_instead_of_speech_opens_no_utterance(name):
    assert count_utterances(pcm(sounds()[name])) == 0


@pytest.mark.parametrize("name", NAMES)
def test_nor_does_it_on_a_leg_of_8_khz(name):
    from scipy.signal import resample_poly  # a second, which not every worker need spend

    narrow = resample_poly(sounds()[name], 1, 2)
    assert count_utterances(from_8_khz(narrow * 32767), NARROW_RATE) == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("answer", ANSWERS, ids=lambda path: path.stem)
def test_an_answer_of_one_word_over_a_telephone_line_opens_an_utterance(answer, seed):
    word = np.frombuffer(decode_mono(answer, rate=NARROW_RATE), np.int16)
    line = np.random.default_rng(seed).normal(0, 8, NARROW_RATE * 3)
    begin = NARROW_RATE + 13 * seed  # where in a frame the word begins makes a difference
    line[begin : begin + len(word)] += word
    assert count_utterances(from_8_khz(line), NARROW_RATE) == 1


def from_8_khz(samples: np.ndarray) -> bytes:
    resampler = Resampler(NARROW_RATE)
    audio = np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes()
    return resampler.feed(audio) + resampler.finish()


def test_feeding_20_ms_at_a_time_gives_what_feeding_all_at_once_gives():
    audio = pcm(noise(1.0, level=0.1) * np.sin(np.arange(RATE) / 500))
    piecewise = SileroVad()
    pieces = [p for i in range(0, len(audio), 640) for p in piecewise.feed(audio[i : i + 640])]
    assert np.allclose(pieces, SileroVad().feed(audio), atol=1e-4)


def test_the_bundled_call_is_heard_from_its_first_word_to_its_last():
    folder = demo_path().parents[1] / "calls"
    if not (folder / "demo.wav").is_file():
        pytest.skip("the demo call is not bundled yet")
    with wave.open(str(folder / "demo.wav")) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    said = json.loads((folder / "demo.json").read_text())
    legs = sorted({line["leg"] for line in said})
    spans = [find_utterances(frames.reshape(-1, len(legs))[:, n].tobytes()) for n in range(2)]
    for line in said:
        start, end = round((line["start"] + 0.1) * RATE), round((line["end"] - 0.1) * RATE)
        assert any(s <= start and end <= e for leg in spans for s, e in leg), line["text"]


def find_utterances(audio: bytes) -> list[tuple[int, int]]:
    vad, segmenter = SileroVad(), Segmenter()
    changes = [change for p in vad.feed(audio) for change in segmenter.feed(p)]
    changes += segmenter.end_of_stream()
    return [(c.start, c.end) for c in changes if isinstance(c, Closed)]


def test_listening_for_speech_does_not_load_the_speech_model():
    script = (
        "import sys; from streamer.speech.audio.vad import SileroVad; SileroVad().feed(bytes(2048));"
        "sys.exit(bool({'faster_whisper', 'ctranslate2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
