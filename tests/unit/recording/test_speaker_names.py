import pytest

from streamer.errors import RecordingError
from streamer.recording.folder import CallFolder
from streamer.recording.speaker_names import LONGEST, read_names, write_names


def test_names_come_back_as_they_were_kept(tmp_path):
    write_names(tmp_path, {"caller": "Ms Okafor", "agent": "李"})
    assert read_names(tmp_path) == {"caller": "Ms Okafor", "agent": "李"}


@pytest.mark.parametrize("content", ["", "[]", '{"caller": 1}', "{", '{"caller": ""}'])
def test_what_cannot_be_read_is_no_name(tmp_path, content):
    CallFolder(tmp_path).names.write_text(content)
    assert read_names(tmp_path) == {}


def test_a_name_is_read_as_one_harmless_line(tmp_path):
    CallFolder(tmp_path).names.write_text(
        r'{"caller": "\u001b[31mAnn\n\ud800 Lee", "agent": "\u0000"}'
    )
    assert read_names(tmp_path) == {"caller": "[31mAnn Lee"}


def test_a_missing_file_has_no_names_and_a_long_name_is_cut(tmp_path):
    assert read_names(tmp_path) == {}
    write_names(tmp_path, {"caller": "x" * 100})
    assert read_names(tmp_path) == {"caller": "x" * LONGEST}


def test_a_folder_that_is_gone_is_said(tmp_path):
    with pytest.raises(RecordingError, match="cannot be written"):
        write_names(tmp_path / "gone", {"caller": "x"})
