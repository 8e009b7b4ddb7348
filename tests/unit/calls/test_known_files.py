import pytest

from streamer.calls import known_files
from streamer.calls.known_files import DIGEST, KnownFiles
from streamer.core.audio import Leg
from streamer.core.events import EndReason
from streamer.recording.locks import Lock
from streamer.recording.private_files import make_or_open
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
    lock = theirs.claim("ab")
    assert lock is not None
    lock.release()
    assert len(list(recordings.iterdir())) == 1, "what is not given back"


def test_a_lock_that_was_removed_while_it_was_waited_for_is_none(recordings, monkeypatch):
    known = KnownFiles(recordings)
    first = known.claim("ab")
    assert first is not None

    def take_late(path):
        descriptor = make_or_open(path)  # before it is removed
        first.release()
        return Lock(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(known_files, "take_lock", take_late)
        assert known.claim("ab") is None
    assert known.claim("ab") is not None


@pytest.mark.parametrize("reason", [EndReason.INTERRUPTED, EndReason.STOPPED])
def test_a_file_whose_playing_was_stopped_is_not_stored(recordings, reason):
    store(recordings, "ab").finish(reason)
    assert KnownFiles(recordings).find("ab") is None
