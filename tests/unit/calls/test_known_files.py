import pytest

from streamer.calls.known_files import DIGEST, KnownFiles
from streamer.core.audio import Leg
from streamer.core.events import EndReason
from streamer.recording.writer import create_recording

LEGS = (Leg("speaker", "file"),)


def store(folder, digest):
    return create_recording(folder, source="file", url="", legs=LEGS, facts={DIGEST: digest})


def test_what_another_process_stores_meanwhile_is_known_when_it_is_whole(recordings):
    known = KnownFiles(recordings)
    assert known.find("ab") is None
    recording = store(recordings, "ab")
    assert known.find("ab") is None
    recording.finish(EndReason.HANG_UP)
    assert known.find("ab") == recording.folder
    again = store(recordings, "ab")
    again.finish(EndReason.HANG_UP)
    assert known.find("ab") == recording.folder


def test_only_one_stores_a_file(recordings):
    ours, theirs = KnownFiles(recordings), KnownFiles(recordings)
    lock = ours.claim("ab")
    assert lock is not None
    assert theirs.claim("ab") is None
    assert theirs.claim("cd") is not None
    lock.release()
    assert theirs.claim("ab") is not None


@pytest.mark.parametrize("reason", [EndReason.INTERRUPTED, EndReason.STOPPED])
def test_a_file_whose_playing_was_stopped_is_not_stored(recordings, reason):
    store(recordings, "ab").finish(reason)
    assert KnownFiles(recordings).find("ab") is None
