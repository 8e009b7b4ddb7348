import pytest

from streamer.errors import RecordingError
from streamer.events import Segment, Word
from streamer.settled import open_settled, settled_path

SEGMENT = Segment(
    "a",
    3,
    16_000,
    32_000,
    (Word("Hi.", 16_000, 20_000, 0.9), Word("世界", 20_000, 21_000, 0.5, True)),
)


def test_what_was_settled_is_there_after_a_restart(tmp_path):
    leg = open_settled(tmp_path, "a")
    leg.add(SEGMENT, position=32_000, utterance=3)
    leg.add(None, position=48_000, utterance=4)
    again = open_settled(tmp_path, "a")
    assert again.segments == [SEGMENT]
    assert (again.position, again.utterance, again.is_complete) == (48_000, 4, False)
    again.complete()
    assert open_settled(tmp_path, "a").is_complete


def test_nothing_is_settled_of_a_new_leg(tmp_path):
    leg = open_settled(tmp_path, "a")
    assert (leg.segments, leg.position, leg.utterance) == ([], 0, 0)
    assert not leg.path.exists()


def test_the_file_is_private(tmp_path):
    open_settled(tmp_path, "a").complete()
    assert settled_path(tmp_path, "a").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "{}", '{"segments": [1], "position": 0, "utterance": 0, "complete": 0}'],
)
def test_a_damaged_file_is_one_clear_error(tmp_path, damage):
    settled_path(tmp_path, "a").write_text(damage)
    with pytest.raises(RecordingError, match="is transcribed anew"):
        open_settled(tmp_path, "a")
