import wave

import pytest

from streamer.media.timeline import Silence
from streamer.recording.disk import LegFile
from streamer.speech.audio.leg_reader import STALL_S, Follower, Pause
from streamer.speech.audio.sound import GRAIN

AUDIO = bytes(range(1, 201))


async def read_all(follower):
    pieces = []
    while (piece := await follower.read()) is not Pause.ENDED:
        assert isinstance(piece, bytes)
        pieces.append(piece)
    follower.close()
    return b"".join(pieces)


def write_wav(path, pcm):
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, 16_000, 0, "NONE", ""))
        wav.writeframes(pcm)
    return path


async def test_a_finished_recording_is_read_to_its_end(tmp_path):
    follower = Follower(write_wav(tmp_path / "a.wav", AUDIO * 1000), is_live=lambda: False)
    assert await read_all(follower) == AUDIO * 1000
    assert follower.position == 100_000


async def test_reading_begins_where_it_is_told_to(tmp_path):
    follower = Follower(write_wav(tmp_path / "a.wav", AUDIO), is_live=lambda: False, position=60)
    assert follower.unread == 0, "nothing is open yet"
    assert await read_all(follower) == AUDIO[120:]


async def test_audio_that_comes_while_reading_is_read(tmp_path):
    leg, is_live = LegFile(tmp_path / "a.wav", 16_000), [True]
    follower = Follower(leg.path, is_live=lambda: is_live[0])
    for _ in range(3):
        leg.append(AUDIO)
        leg.write_queue()
        assert await follower.read() == AUDIO
    leg.append(AUDIO)
    leg.close()
    is_live[0] = False
    assert await read_all(follower) == AUDIO


async def test_what_is_written_last_is_not_missed_when_the_tap_ends(tmp_path):
    leg = LegFile(tmp_path / "a.wav", 16_000)

    def ends_now():
        leg.append(AUDIO)
        leg.close()
        return False

    follower = Follower(leg.path, is_live=ends_now)
    assert await follower.read() == AUDIO
    follower.close()


async def test_a_file_that_does_not_grow_is_said_once_per_stall(tmp_path):
    now, leg = [0.0], LegFile(tmp_path / "a.wav", 16_000)
    follower = Follower(leg.path, is_live=lambda: True, clock=lambda: now[0])
    now[0] = STALL_S
    assert await follower.read() is Pause.STALLED
    leg.append(AUDIO)
    leg.write_queue()
    assert await follower.read() == AUDIO
    now[0] = 3 * STALL_S
    assert await follower.read() is Pause.STALLED
    leg.close()
    follower.close()


async def test_a_recording_that_never_had_audio_ends(tmp_path):
    assert await Follower(tmp_path / "a.wav", is_live=lambda: False).read() is Pause.ENDED


@pytest.mark.parametrize("position", [0, 100, 149, 150, 151, 399])
async def test_a_leg_in_several_files_is_one_stream(tmp_path, position):
    leg = LegFile(tmp_path / "a.wav", 16_000, max_data=300)
    for placed in (AUDIO, Silence(100), AUDIO, AUDIO):
        leg.append(placed)
    leg.close()
    whole = AUDIO + bytes(200) + AUDIO + AUDIO
    follower = Follower(leg.path, is_live=lambda: False, position=position)
    assert await read_all(follower) == whole[position * 2 :]


async def test_unread_counts_what_waits_on_disk(tmp_path):
    follower = Follower(write_wav(tmp_path / "a.wav", AUDIO * 10), is_live=lambda: False)
    await follower.read(100)
    assert follower.unread == 900
    follower.close()
    follower.close()


LOUD = b"\0\x40"


async def test_the_pause_before_the_next_sound_is_waited_for_by_nobody(tmp_path):
    leg = LegFile(tmp_path / "a.wav", 16_000)
    follower = Follower(leg.path, is_live=lambda: True)
    assert follower.waiting == 0, "nothing is open yet"
    leg.append(LOUD * 100)
    leg.write_queue()
    assert await follower.read(60) == LOUD * 60
    assert follower.waiting == follower.unread == 40
    leg.append(Silence(112_000))
    leg.append(LOUD * 3200)
    leg.write_queue()
    assert follower.waiting == follower.unread == 40 + 112_000 + 3200, "what waits is that old"
    await follower.read(40)
    while follower.unread > 3200:
        assert 3200 <= follower.waiting <= 3200 + GRAIN
        await follower.read(8000)
    assert follower.waiting == follower.unread == 3200
    leg.close()
    follower.close()


async def test_a_leg_that_is_silent_to_its_end_is_waited_for_by_nobody(tmp_path):
    follower = Follower(write_wav(tmp_path / "a.wav", bytes(200_000)), is_live=lambda: False)
    await follower.read(100)
    assert (follower.unread, follower.waiting) == (99_900, 0)
    follower.position = 10
    assert (follower.unread, follower.waiting) == (99_990, 0)
    follower.close()


async def test_in_the_second_file_of_a_leg_the_pause_is_found_too(tmp_path):
    leg = LegFile(tmp_path / "a.wav", 16_000, max_data=200_000)
    leg.append(LOUD * 100_000)
    leg.append(bytes(100_000))
    leg.append(LOUD * 10_000)
    leg.close()
    follower = Follower(leg.path, is_live=lambda: False, position=100_010)
    await follower.read(100)
    assert follower.unread == 50_000 - 110 + 10_000
    assert 10_000 <= follower.waiting <= 10_000 + GRAIN
    follower.close()
