"""Nothing of the user's is overwritten unseen, wherever `-o` leads."""

import pytest

from streamer.cli.files import check_new
from streamer.cli.record import _check_output
from streamer.errors import UsageError
from streamer.recording.disk import LegFile


@pytest.fixture
def link(tmp_path):
    path = tmp_path / "out.wav"
    path.symlink_to(tmp_path / "elsewhere" / "target.wav")
    return path


def test_a_link_that_leads_nowhere_is_there_like_any_file(link):
    with pytest.raises(UsageError, match="exists; name another one"):
        check_new(link, force=False)
    check_new(link, force=True)


@pytest.mark.parametrize("leads_somewhere", [True, False])
def test_a_recording_goes_through_no_link(link, tmp_path, leads_somewhere):
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "target.wav"
    if leads_somewhere:
        target.write_text("precious")
    with pytest.raises(UsageError, match="is a link; name the file itself"):
        _check_output(link, legs_count=1, force=True)
    file = LegFile(link, 16_000)
    file.append(bytes(100))
    file.write_queue()
    assert file.trouble
    assert (target.read_text() if target.exists() else None) == (
        "precious" if leads_somewhere else None
    )


@pytest.mark.parametrize("name", ["x.txt", "call.wave", "call.mp3"])
def test_a_name_of_another_file_makes_no_folder(tmp_path, name):
    path = tmp_path / name
    with pytest.raises(UsageError, match="neither a folder nor a .wav file"):
        _check_output(path, legs_count=1, force=False)
    assert not path.exists()
    path.mkdir()
    _check_output(path, legs_count=1, force=False)


def test_a_new_folder_is_made(tmp_path):
    _check_output(tmp_path / "new", legs_count=2, force=False)
    assert (tmp_path / "new").is_dir()
