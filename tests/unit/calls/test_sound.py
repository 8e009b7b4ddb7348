"""What is to be heard of a call, from any sample on: legs alone and mixed, of one rate or two, live and past."""

import numpy as np
import pytest

from streamer.calls.sound import open_sound
from streamer.core.audio import Leg
from streamer.core.events import EndReason
from streamer.errors import NotFoundError, RecordingError
from streamer.media.wav import parse_header
from streamer.recording.folder import CallFolder
from streamer.recording.writer import create_recording
from tests.fakes.replay import until

RATE = 8000


def samples(*values, count=RATE):
    return np.resize(np.array(values, np.int16), count)


def begin(recordings, *audio, rates=(RATE, RATE)):
    """Record legs, and return the recording, which is live."""
    labels = ("caller", "agent")
    legs = tuple(Leg(label, label, rate) for label, rate in zip(labels, rates, strict=True))
    recording = create_recording(recordings, source="stream-channel", url="", legs=legs)
    for number, pcm in enumerate(audio):
        recording.append(number, [pcm.tobytes()])
    return recording


def record(recordings, *audio, **options):
    recording = begin(recordings, *audio, **options)
    recording.finish(EndReason.HANG_UP)
    return CallFolder(recording.folder)


def read(sound, start=0, count=None):
    return np.frombuffer(sound.read(start, sound.look() if count is None else count), np.int16)


def test_legs_are_mixed_and_the_shorter_one_ends_in_silence(recordings):
    folder = record(recordings, samples(100, 200), samples(7, count=1000))
    sound = open_sound(folder)
    assert (sound.rate, sound.look()) == (RATE, RATE)
    assert list(read(sound, 998, 4)) == [107, 207, 100, 200]


def test_a_leg_is_heard_alone(recordings):
    folder = record(recordings, samples(100), samples(7, count=1000))
    assert set(read(open_sound(folder, "agent"))) == {7}


def test_loud_legs_are_cut_and_never_turn_over(recordings):
    folder = record(recordings, samples(30_000, -30_000), samples(30_000, -30_000))
    assert list(read(open_sound(folder), 0, 2)) == [32_767, -32_768]


def test_any_range_is_the_same_however_it_is_read(recordings):
    tone = np.sin(np.arange(RATE) / 9) * 9000
    folder = record(
        recordings, tone.astype(np.int16), samples(5, -9, count=2 * RATE), rates=(RATE, 16_000)
    )
    sound = open_sound(folder)
    assert (sound.rate, sound.look()) == (16_000, 16_000)
    whole = read(sound)
    pieces = [read(sound, start, 777) for start in range(0, 16_000, 777)]
    assert np.array_equal(np.concatenate(pieces)[:16_000], whole)


async def test_a_live_call_waits_for_legs_that_lag_a_little_and_no_longer(recordings):
    recording = begin(recordings, samples(3, count=3 * RATE), samples(5, count=RATE))
    try:
        sound = open_sound(CallFolder(recording.folder))
        assert sound.is_live()
        await until(lambda: sound.look() == round(2.5 * RATE))
        recording.append(1, [samples(5, count=2 * RATE - 100).tobytes()])
        await until(lambda: sound.look() == 3 * RATE - 100)
        assert set(read(sound, 2 * RATE, 10)) == {8}
    finally:
        recording.finish(EndReason.HANG_UP)
    assert sound.look() == 3 * RATE
    assert not sound.is_live()


def test_a_live_call_that_has_no_audio_yet_is_silent(recordings):
    recording = begin(recordings)
    try:
        assert open_sound(CallFolder(recording.folder)).look() == 0
    finally:
        recording.finish(EndReason.HANG_UP)


def test_the_header_says_the_length_or_that_nobody_knows_it(recordings):
    sound = open_sound(record(recordings, samples(1), samples(1)))
    assert parse_header(sound.header(10)).data_size == 20
    assert parse_header(sound.header(None)).data_size > 1 << 31


def test_what_is_not_there_is_said(recordings):
    folder = record(recordings, samples(1), samples(1))
    with pytest.raises(NotFoundError, match="its legs are caller, agent"):
        open_sound(folder, "../../etc/passwd")
    silent = record(recordings)
    with pytest.raises(NotFoundError, match="has no audio"):
        open_sound(silent)


def test_a_file_elsewhere_or_behind_a_link_is_not_played(recordings, tmp_path):
    folder = record(recordings, samples(1), samples(1))
    description = folder.read()
    elsewhere = tmp_path / "secret.wav"
    elsewhere.write_bytes((folder.path / "caller.wav").read_bytes())
    description["legs"][0]["path"] = str(elsewhere)
    folder.write(description)
    with pytest.raises(RecordingError, match="outside of its folder"):
        open_sound(folder, only_inside=True)
    (folder.path / "agent.wav").unlink()
    (folder.path / "agent.wav").symlink_to(elsewhere)
    with pytest.raises(RecordingError, match="link"):
        open_sound(folder, "agent", only_inside=True)
