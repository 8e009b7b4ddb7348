import os
import stat

import pytest

from streamer.errors import RecordingError
from streamer.tap.register_key import KEY_FILE, read_or_make_key


@pytest.fixture
def recordings(tmp_path):
    return tmp_path


def test_a_key_is_made_once_and_private(recordings):
    key = read_or_make_key(recordings)
    assert len(key) >= 32
    assert read_or_make_key(recordings) == key
    assert stat.S_IMODE((recordings / KEY_FILE).stat().st_mode) == 0o600
    assert list(recordings.iterdir()) == [recordings / KEY_FILE]


def test_a_key_that_is_there_is_used(recordings):
    path = recordings / KEY_FILE
    path.write_text("open-sesame\n")
    path.chmod(0o600)
    assert read_or_make_key(recordings) == "open-sesame"


@pytest.mark.parametrize("fault", ["readable", "empty", "folder", "pipe"])
def test_a_key_that_others_may_know_or_have_made_is_refused(recordings, fault):
    path = recordings / KEY_FILE
    match fault:
        case "readable":
            path.write_text("known")
            path.chmod(0o644)
        case "empty":
            path.touch(mode=0o600)
        case "folder":
            path.mkdir()
        case _:
            os.mkfifo(path, 0o600)
    with pytest.raises(RecordingError, match="register_key|remove it"):
        read_or_make_key(recordings)


def test_a_link_is_not_followed(recordings):
    target = recordings / "target"
    target.write_text("known")
    target.chmod(0o600)
    (recordings / KEY_FILE).symlink_to(target)
    with pytest.raises(RecordingError):
        read_or_make_key(recordings)


def test_a_folder_that_cannot_be_written_is_an_error_that_says_what_to_do(recordings):
    with pytest.raises(RecordingError, match="set register_key"):
        read_or_make_key(recordings / "nowhere")
