"""An utterance that is only the other leg's echo has no words, live and offline; what is said over it is read."""

import wave

import numpy as np
import pytest

from streamer.core.events import SPEECH_RATE
from streamer.speech.audio.other_legs import EchoGuard, RecordedLegs
from tests.unit.speech.audio.test_echo import companded, db, late, noisy, on_a_line, voices

__all__ = ["voices"]

LAG = SPEECH_RATE // 10


def write(path, sound, rate=SPEECH_RATE):
    sound = sound[:: SPEECH_RATE // rate].round().clip(-32768, 32767).astype(np.int16)
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, rate, 0, "NONE", ""))
        wav.writeframes(sound.tobytes())
    return path


def pcm(sound):
    return sound.round().clip(-32768, 32767).astype(np.int16).tobytes()


@pytest.mark.parametrize("rate", [8000, 16000])
async def test_a_recording_explains_its_echo_and_nothing_else(voices, tmp_path, rate):
    line = on_a_line(voices[0])
    echo = companded(noisy(late(line, LAG) * db(-30), 1))
    path = write(tmp_path / "a.wav", line, rate)
    others = RecordedLegs(lambda: [tmp_path / "missing.wav", path])
    assert await others.explain(pcm(echo), 0)
    assert await others.explain(pcm(echo[SPEECH_RATE:]), SPEECH_RATE)
    assert not await others.explain(pcm(on_a_line(voices[1] * db(-20))), 0)
    assert not await others.explain(pcm(echo), 100 * SPEECH_RATE)
    assert not await RecordedLegs(list).explain(pcm(echo), 0)
    assert not await RecordedLegs(lambda: [path] * 8).explain(pcm(echo), 0)


async def test_a_damaged_recording_explains_nothing(voices, tmp_path):
    path = tmp_path / "a.wav"
    path.write_text("no audio, but long enough for a header of a recording")
    assert not await RecordedLegs(lambda: [path]).explain(pcm(voices[0]), 0)


class Scripted:
    def __init__(self, answers):
        self.answers = list(answers)
        self.asked = []

    async def explain(self, pcm, start):
        self.asked.append((start, start + len(pcm) // 2))
        return self.answers.pop(0)


def cut(start, end):
    return bytes(2 * (end - start))


async def test_an_open_utterance_is_judged_by_what_was_said_last():
    others = Scripted([True, False, True])
    guard = EchoGuard(others)
    second = SPEECH_RATE
    assert not await guard.covers_so_far(cut, 0, second // 10), "too little to say"
    assert await guard.covers_so_far(cut, 0, second)
    assert await guard.covers_so_far(cut, 0, second + 100), "what was found holds for a while"
    assert not await guard.covers_so_far(cut, 0, 4 * second)
    assert not await guard.covers_so_far(cut, 5 * second, 5 * second + 100), "another utterance"
    assert await guard.covers_so_far(cut, 5 * second, 6 * second)
    assert others.asked == [(0, second), (2 * second, 4 * second), (5 * second, 6 * second)]


async def test_a_leg_alone_hears_no_echo():
    guard = EchoGuard(None)
    assert not await guard.covers(cut, 0, SPEECH_RATE)
    assert not await guard.covers_so_far(cut, 0, SPEECH_RATE)
