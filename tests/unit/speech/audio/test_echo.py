"""An echo is told from speech by what the other line carried, and a word over it is never taken for a part of it."""

import importlib.resources
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest

from streamer.core.events import SPEECH_RATE
from streamer.media.decode import decode_mono
from streamer.speech.audio.channels import find_speakers
from streamer.speech.audio.echo import EARLIEST, LONGEST_LAG, is_echo

PROMPTS = sorted(
    Path(str(importlib.resources.files("streamer"))).glob("assets/check/*.wav"),
    key=lambda path: path.name,
)[:6]
PIECE = 10 * SPEECH_RATE


@pytest.fixture(scope="module")
def voices():
    return [
        np.frombuffer(decode_mono(path, rate=SPEECH_RATE), np.int16).astype(float)
        for path in PROMPTS
    ]


def db(level):
    return 10 ** (level / 20)


def companded(sound):
    """Return what mu-law leaves of a sound: 256 steps, fine where it is quiet."""
    x = np.clip(sound / 32768, -1, 1)
    coded = np.round(np.sign(x) * np.log1p(255 * abs(x)) / np.log(256) * 127) / 127
    return np.sign(coded) * (256 ** abs(coded) - 1) / 255 * 32768


def noisy(sound, seed=0):
    return sound + np.random.default_rng(seed).normal(0, 8, len(sound))


def late(sound, lag):
    return np.concatenate([np.zeros(lag), sound])[: len(sound)]


def on_a_line(sound, before=1.0, behind=1.0):
    quiet = [np.zeros(int(seconds * SPEECH_RATE)) for seconds in (before, behind)]
    return noisy(np.concatenate([quiet[0], sound, quiet[1]]))


def judge(own, other):
    """Compare the part of two lines that `other` has enough before and behind."""
    own, other = own.round().astype(np.int16), other.round().astype(np.int16)
    return is_echo(own[LONGEST_LAG:-EARLIEST], other)


@pytest.mark.parametrize(("level", "lag_ms"), product((-10, -20, -30, -40), (0, 20, 150, 400)))
def test_an_echo_is_told_at_any_level_and_lag_through_mu_law(voices, level, lag_ms):
    for voice in voices:
        line = on_a_line(voice)
        echo = late(line, lag_ms * SPEECH_RATE // 1000) * db(level)
        assert judge(companded(noisy(echo, 1)), line)


def test_an_echo_through_a_room_is_one(voices):
    pick = np.random.default_rng(5)
    room = pick.normal(0, 1, 120) * np.exp(-np.arange(120) / 20)
    line = on_a_line(voices[0])
    echo = np.convolve(late(line, 1600), room / np.linalg.norm(room))[: len(line)] * db(-25)
    assert judge(companded(noisy(echo, 1)), line)


def test_two_who_speak_at_the_same_time_are_no_echo_of_each_other(voices):
    for one, two in permutations(voices, 2):
        length = min(len(one), len(two))
        for level in (-10, -30):
            own = companded(on_a_line(one[:length] * db(level)))
            assert not judge(own, on_a_line(two[:length]))


@pytest.mark.parametrize("level", [20, 10, 0])
def test_a_word_over_an_echo_is_not_lost(voices, level):
    """However much of the time there is nothing but the echo."""
    word = voices[1][SPEECH_RATE // 2 :][: SPEECH_RATE // 2]
    line = on_a_line(np.concatenate([voices[0], voices[2]]))
    echo = late(line, 800) * db(-30)
    own = echo.copy()
    at = 2 * SPEECH_RATE
    own[at : at + len(word)] += word * np.std(echo) / np.std(word) * db(level)
    assert judge(companded(noisy(echo, 1)), line)
    assert not judge(companded(noisy(own, 1)), line)


def test_whoever_is_as_loud_is_no_echo(voices):
    line = on_a_line(voices[0])
    assert not judge(line, line)


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.2])
def test_nothing_is_said_of_too_little_or_of_silence(voices, seconds):
    own = np.zeros(int(seconds * SPEECH_RATE) + LONGEST_LAG + EARLIEST)
    assert not judge(own, on_a_line(voices[0])[: len(own)])
    assert not judge(np.zeros(40_000), np.zeros(40_000))


def speakers(*tracks):
    pieces = [
        [
            track[at : at + PIECE].round().clip(-32768, 32767).astype(np.int16).tobytes()
            for track in tracks
        ]
        for at in range(0, len(tracks[0]), PIECE)
    ]
    return find_speakers(pieces)


@pytest.fixture(scope="module")
def talk(voices):
    """Two legs of 24 s on which two people take turns."""
    one = on_a_line(np.concatenate([voices[0], np.zeros(6 * SPEECH_RATE), voices[1]]))
    two = on_a_line(np.concatenate([np.zeros(len(voices[0]) + SPEECH_RATE), voices[2]]))
    length = max(len(one), len(two))
    return [noisy(np.concatenate([each, np.zeros(length - len(each))]), 3) for each in (one, two)]


@pytest.mark.parametrize("lag_ms", [0, 20, 300])
@pytest.mark.parametrize("level", [0, -3, -20])
def test_a_channel_that_repeats_another_is_no_speaker(talk, level, lag_ms):
    copy = noisy(late(talk[0], lag_ms * 16) * db(level), 4)
    assert speakers(talk[0], copy) == (0,)
    assert speakers(companded(copy), companded(talk[0])) in ([(1,)] if level else [(0,), (1,)])


def test_two_speakers_are_two_also_when_each_hears_the_other(talk):
    one, two = talk
    assert speakers(one, two) == (0, 1)
    assert speakers(one + late(two, 1600) * db(-30), two + late(one, 1600) * db(-30)) == (0, 1)


def test_of_many_channels_each_is_read_once_where_it_differs(talk):
    one, two = talk
    silent = np.zeros(len(one))
    assert speakers(silent, one, one, two, two * db(-12), silent) == (1, 3)


def test_a_silent_file_has_its_first_channel(talk):
    silent = np.zeros(len(talk[0]))
    assert speakers(silent, silent) == (0,)
    assert speakers(silent, talk[0]) == (1,)
    assert find_speakers([]) == (0,)


def test_a_speaker_whom_another_channel_has_mixed_stays_one(talk):
    one, two = talk
    assert speakers(one, one + two) == (0, 1)


def test_little_audio_is_never_taken_for_a_repetition(voices):
    short = voices[0][SPEECH_RATE : SPEECH_RATE + 3000]
    assert speakers(short, short) == (0, 1)


def test_no_more_is_read_than_it_takes_to_know(talk):
    read = []

    def pieces():
        for number in range(100):
            read.append(number)
            yield [track.round().astype(np.int16).tobytes() for track in talk]

    assert find_speakers(pieces()) == (0, 1)
    assert len(read) < 3
