"""Digital silence is passed over, however the file system keeps it; any sound is found to 64 ms."""

import os

import pytest

from streamer.speech.audio.sound import GRAIN, LOOK_AHEAD, find_sound

OFFSET = 44
ALAW_SILENCE = b"\x08\0\xf8\xff"
LOUD = b"\0\x40"
SOFT = b"\x09\0"


@pytest.fixture
def file(tmp_path):
    descriptor = os.open(tmp_path / "a.wav", os.O_RDWR | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


def find(file, samples, *, begin=0):
    return find_sound(file, offset=OFFSET, begin=begin, end=samples)


@pytest.mark.parametrize("silence", [b"\0\0\0\0", ALAW_SILENCE])
@pytest.mark.parametrize("length", [0, 2, 700, 1024, 100_000, 300_002])
@pytest.mark.parametrize("sound", [LOUD, SOFT])
def test_sound_behind_silence_is_found(file, silence, length, sound):
    os.pwrite(file, silence * (length // 2) + sound * 3000, OFFSET)
    assert length - GRAIN < find(file, length + 3000) <= length
    assert find(file, length + 3000, begin=length + 10) == length + 10
    assert find(file, length) == length


def test_a_hole_of_hours_is_passed_over_at_once(file, monkeypatch):
    samples, asked, pread = 1 << 30, list[int](), os.pread

    def count(descriptor, size, offset):
        asked.append(size)
        return pread(descriptor, size, offset)

    os.pwrite(file, LOUD * 3000, OFFSET + 2 * samples)
    monkeypatch.setattr(os, "pread", count)
    assert samples - GRAIN < find(file, samples + 3000) <= samples
    assert sum(asked) < 1 << 18


def test_no_look_takes_longer_than_a_moment_and_the_next_goes_on(file):
    samples = LOOK_AHEAD + 500_000
    os.pwrite(file, bytes(2 * samples) + LOUD, OFFSET)
    first = find(file, samples + 1)
    assert LOOK_AHEAD <= first < samples
    assert samples - GRAIN < find(file, samples + 1, begin=first) <= samples


def test_a_file_that_is_shorter_than_was_thought_has_no_sound_there(file):
    os.pwrite(file, bytes(2000), OFFSET)
    assert find(file, 5000) == 5000
