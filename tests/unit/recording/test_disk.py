import os
import threading
import wave

import pytest

from streamer.media.timeline import Silence
from streamer.media.wav import HEADER_SIZE
from streamer.recording import disk
from streamer.recording.disk import QUEUE_S, Disk, LegFile

AUDIO = bytes(range(1, 201))


def held(path):
    with wave.open(str(path)) as file:
        return file.readframes(file.getnframes())


@pytest.fixture
def leg(tmp_path):
    file = LegFile(tmp_path / "a.wav", 16_000)
    yield file
    file.close()


def test_a_file_is_valid_after_every_pass(leg):
    for passes in range(1, 4):
        leg.append(AUDIO)
        leg.write_queue()
        assert held(leg.path) == AUDIO * passes


def test_no_file_is_made_before_there_is_audio(leg):
    leg.write_queue()
    assert not leg.path.exists()


def test_a_demanded_file_is_valid_and_empty(leg):
    leg.demand()
    leg.write_queue()
    assert held(leg.path) == b""
    leg.append(AUDIO)
    leg.write_queue()
    assert held(leg.path) == AUDIO


def test_a_flood_that_comes_faster_than_it_is_written_does_not_fill_the_memory(leg, monkeypatch):
    monkeypatch.setattr(disk, "MOST_WAITING", 3 * len(AUDIO))
    for _ in range(5):
        leg.append(AUDIO)
    leg.write_queue()
    assert held(leg.path) == AUDIO * 3
    assert leg.lost == len(AUDIO)
    leg.append(AUDIO)
    leg.write_queue()
    assert held(leg.path) == AUDIO * 3 + bytes(2 * len(AUDIO)) + AUDIO
    assert leg.trouble == ""


def test_a_new_file_is_private(leg):
    leg.append(AUDIO)
    leg.write_queue()
    assert leg.path.stat().st_mode & 0o777 == 0o600


def test_silence_before_audio_is_zeros(leg):
    for placed in (Silence(50), AUDIO, Silence(10), Silence(20), AUDIO):
        leg.append(placed)
    leg.write_queue()
    assert held(leg.path) == bytes(100) + AUDIO + bytes(60) + AUDIO


def test_silence_at_the_end_is_not_padded(leg):
    leg.append(AUDIO)
    leg.append(Silence(1000))
    leg.close()
    assert held(leg.path) == AUDIO


def test_a_full_file_is_continued_in_the_next(tmp_path):
    leg = LegFile(tmp_path / "a.wav", 16_000, max_data=300)
    for _ in range(4):
        leg.append(AUDIO)
        leg.write_queue()
    leg.close()
    paths = [part.path for part in leg.parts]
    assert [path.name for path in paths] == ["a.wav", "a.2.wav", "a.3.wav"]
    assert b"".join(held(path) for path in paths) == AUDIO * 4
    assert [part.samples for part in leg.parts] == [150, 150, 100]


def test_audio_longer_than_several_files_fills_them(tmp_path):
    leg = LegFile(tmp_path / "a.wav", 16_000, max_data=60)
    leg.append(AUDIO)
    leg.close()
    assert b"".join(held(part.path) for part in leg.parts) == AUDIO


def test_silence_across_the_end_of_a_file_keeps_the_time(tmp_path):
    leg = LegFile(tmp_path / "a.wav", 16_000, max_data=300)
    leg.append(AUDIO)
    leg.append(Silence(100))
    leg.append(AUDIO)
    leg.close()
    assert b"".join(held(part.path) for part in leg.parts) == AUDIO + bytes(200) + AUDIO


def test_audio_that_cannot_be_written_leaves_a_hole_of_its_length(leg, monkeypatch):
    leg.append(AUDIO)
    leg.write_queue()
    real_pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", _full_disk)
    leg.append(AUDIO)
    leg.write_queue()
    assert (leg.lost, leg.trouble) == (100, "the disk is full")
    monkeypatch.setattr(os, "pwrite", real_pwrite)
    leg.append(AUDIO)
    leg.write_queue()
    assert held(leg.path) == AUDIO + bytes(200) + AUDIO
    assert leg.trouble == ""


def test_a_write_that_stops_half_way_is_counted_by_what_is_missing(leg, monkeypatch):
    leg.append(AUDIO)
    leg.write_queue()
    real_pwrite = os.pwrite
    room = [51]

    def nearly_full(descriptor, data, offset):
        if not room:
            _full_disk(descriptor, data, offset)
        return real_pwrite(descriptor, data[: room.pop()], offset)

    monkeypatch.setattr(os, "pwrite", nearly_full)
    leg.append(AUDIO)
    leg.write_queue()
    monkeypatch.setattr(os, "pwrite", real_pwrite)
    assert leg.lost == 74
    leg.append(AUDIO)
    leg.write_queue()
    assert held(leg.path)[:250] == AUDIO + AUDIO[:50]
    assert len(held(leg.path)) == 600


def _full_disk(*_):
    raise OSError(28, "No space left on device")


def test_a_folder_that_cannot_be_written_loses_audio_counted(tmp_path):
    leg = LegFile(tmp_path / "missing" / "a.wav", 16_000)
    leg.append(AUDIO)
    leg.write_queue()
    assert (leg.lost, leg.trouble) == (100, "it does not exist")


def test_a_disk_that_hangs_for_longer_than_the_queue_loses_what_comes_after(tmp_path):
    now = [0.0]
    leg = LegFile(tmp_path / "a.wav", 16_000, clock=lambda: now[0])
    leg.append(AUDIO)
    now[0] = QUEUE_S
    leg.append(AUDIO)
    now[0] = QUEUE_S + 0.1
    leg.append(AUDIO)
    leg.append(AUDIO)
    assert leg.lost == 200
    leg.write_queue()
    leg.append(AUDIO)
    leg.write_queue()
    leg.close()
    assert held(leg.path) == AUDIO * 2 + bytes(400) + AUDIO


def test_the_worker_writes_everything_and_then_the_last_job(tmp_path):
    legs = [LegFile(tmp_path / f"{n}.wav", 16_000) for n in range(3)]
    share, done = Disk().open_share(legs), threading.Event()
    for leg in legs:
        leg.append(AUDIO)
    assert share.finish(done.set)
    assert done.is_set()
    assert [held(leg.path) for leg in legs] == [AUDIO] * 3


def test_a_job_that_fails_does_not_stop_the_worker(tmp_path):
    leg = LegFile(tmp_path / "a.wav", 16_000)
    share = Disk().open_share([leg])
    share.do_soon(_full_disk)
    leg.append(AUDIO)
    assert share.finish()
    assert held(leg.path) == AUDIO


def test_one_worker_serves_many_recordings_and_rests_between_them(tmp_path):
    before = set(threading.enumerate())
    worker = Disk()
    legs = [LegFile(tmp_path / f"{n}.wav", 16_000) for n in range(3)]
    shares = [worker.open_share([leg]) for leg in legs[:2]]
    new = set(threading.enumerate()) - before
    threads = {thread for thread in new if thread.name == "disk-writer"}
    for leg in legs:
        leg.append(AUDIO)
    assert shares[0].finish()
    assert shares[1].finish()
    for thread in threads:
        thread.join()
    assert worker.open_share([legs[2]]).finish()
    assert len(threads) == 1
    assert [held(leg.path) for leg in legs] == [AUDIO] * 3


def test_a_disk_that_never_answers_does_not_hang_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "CLOSE_TIMEOUT_S", 0.01)
    release, stuck = threading.Event(), threading.Event()

    def hang():
        stuck.set()
        release.wait()

    share = Disk().open_share([LegFile(tmp_path / "a.wav", 16_000)])
    share.do_soon(hang)
    stuck.wait()
    assert not share.finish()
    release.set()


def test_what_is_synced_is_what_is_open(leg):
    leg.sync()
    leg.append(AUDIO)
    leg.write_queue()
    leg.sync()
    assert leg.path.stat().st_size == HEADER_SIZE + 200
