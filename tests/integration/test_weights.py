"""Human speech on stock Whisper weights, where `make bench-real` has put some into the user's cache."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streamer.core.events import SPEECH_RATE
from streamer.media.decode import decode_mono
from streamer.speech.base import EncoderWindow, Window
from streamer.speech.engine.whisper import load_whisper
from streamer.speech.plan import STOCK
from streamer.speech.words.agreement import normalise
from tests.fakes.command_line import run_here
from tools.bench.gold import count_errors
from tools.bench.real.laboratory import hear, load_engine
from tools.bench.real.materials import CACHE
from tools.bench.real.noises import make_noises, make_thanks

pytestmark = [pytest.mark.slow, pytest.mark.weights]

CLIP = Path(__file__).parents[1] / "data" / "prompts" / "first-in-line.wav"
SENTENCE = (
    "your call is now first in line and will be answered by the next available representative"
)
SAID = SENTENCE.split()
SLACK_S = 0.3
"""How exactly alignment places the end of a word."""


def weights(name):
    """Return the directory of stock weights, or skip the test and say why."""
    folder = CACHE / "models" / name
    if not (folder / "model.bin").exists():
        pytest.skip(f"no weights of {name} in {folder}; `make bench-real` fetches them")
    return folder


@pytest.fixture(scope="module")
def audio():
    return np.frombuffer(decode_mono(CLIP, rate=SPEECH_RATE), np.int16)


@pytest.fixture(scope="module")
def speech_end_s(audio):
    """Where the voice ends: the last sample of the clip that is louder than its line."""
    return float(np.flatnonzero(np.abs(audio.astype(int)) > 500)[-1]) / SPEECH_RATE


async def read_clip(*flags):
    """Return the words that `transcribe` finds in the clip, as its JSON has them."""
    model = ["--model", str(weights("tiny.en")), "--language", "en"]
    code, out, err = await run_here("transcribe", "--format", "json", *flags, *model, str(CLIP))
    assert code == 0, err
    return [word for segment in json.loads(out)["segments"] for word in segment["words"]]


def texts(words):
    return [normalise(word["word"]) for word in words]


def assert_placed(words, speech_end_s):
    """No word before the one in front of it, and none behind the voice."""
    moments = [moment for word in words for moment in (word["start"], word["end"])]
    assert moments == sorted(moments)
    assert abs(moments[-1] - speech_end_s) < SLACK_S


async def test_a_sentence_in_a_file_is_read_rightly_and_nothing_behind_it(speech_end_s):
    words = await read_clip()
    assert texts(words) == SAID
    assert_placed(words, speech_end_s)


async def test_a_sentence_is_read_whole_while_it_is_said_and_nothing_behind_it(speech_end_s):
    words = await read_clip("--live")
    # How much is read before a word is settled depends on how busy the machine is: one word may be settled wrongly.
    assert count_errors(SAID, texts(words)) <= 1
    assert texts(words)[-1] == SAID[-1]
    assert_placed(words, speech_end_s)


@pytest.mark.parametrize("name", ["tiny.en", "base"])
def test_timestamps_end_the_text_of_a_short_window_where_the_audio_ends(name, audio, speech_end_s):
    engine = load_whisper(weights(name), device="cpu", compute_type="int8")
    pcm = audio[: round((speech_end_s + SLACK_S) * SPEECH_RATE)].tobytes()
    window = Window("leg", 1, pcm, 0, encoder_window=EncoderWindow.SHORT, has_timestamps=True)
    (hypothesis,) = engine.transcribe([window])
    assert [normalise(word.text) for word in hypothesis.words] == SAID
    assert hypothesis.words[-1].end <= hypothesis.end


@pytest.mark.parametrize("has_partials", [True, False])
async def test_nothing_is_invented_where_nobody_speaks_and_thanks_of_a_person_stay(has_partials):
    engine = load_engine(weights("tiny.en"))
    if not (CACHE / "sounds").exists():
        pytest.skip("no hold music in the cache; `make bench-real` fetches it")
    plan = replace(STOCK, has_partials=has_partials)
    noises = list(make_noises(8.0))
    said = {leg.name: await asyncio.to_thread(hear, engine, leg, plan) for leg in noises}
    assert said == dict.fromkeys(said, [])
    assert len(said) > 10
    assert await asyncio.to_thread(hear, engine, make_thanks(), plan) == ["Thank you."]
