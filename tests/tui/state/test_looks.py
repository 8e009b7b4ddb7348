"""The theme and the characters of the screen are those of the settings, or else those used last."""

import json

import pytest

from streamer.config import Settings
from tests.fakes.stage import open_stage
from tui.state.looks import Looks, choose_looks, keep_looks, read_looks
from tui.state.preferences import default_path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "screen.json"


def test_looks_come_back_as_they_were_kept(path):
    assert read_looks(path) == Looks()
    keep_looks(path, Looks("light", "ascii"))
    assert read_looks(path) == Looks("light", "ascii")


def test_other_fields_of_the_file_stay(path):
    path.parent.mkdir()
    path.write_text('{"calls": {"now": 1}}')
    keep_looks(path, Looks("dark"))
    assert json.loads(path.read_text()) == {
        "calls": {"now": 1},
        "looks": {"theme": "dark", "glyphs": ""},
    }


@pytest.mark.parametrize(
    "content",
    ["", "[]", "7", "{", '{"looks": 7}', '{"looks": {"theme": ["x"]}}', '{"looks": {"theme": "pink"}}'],
)  # fmt: skip
def test_a_damaged_file_says_nothing_and_is_written_anew(path, content):
    path.parent.mkdir()
    path.write_text(content)
    assert read_looks(path) == Looks()
    keep_looks(path, Looks("light"))
    assert read_looks(path) == Looks("light")


def test_settings_go_before_what_was_kept():
    kept = Looks("light", "ascii")
    assert choose_looks(Settings(), kept) == kept
    assert choose_looks(Settings(theme="dark", glyphs="unicode"), kept) == Looks("dark", "unicode")


async def test_the_theme_that_was_switched_to_comes_back(recordings):
    async with open_stage(recordings, shows_calls=True) as stage:
        assert stage.app.theme == "streamer-dark"
        await stage.pilot.press("d")
        assert stage.app.theme == "streamer-light"
    assert read_looks(default_path()) == Looks("light")
    async with open_stage(recordings, shows_calls=True) as stage:
        assert stage.app.theme == "streamer-light"


async def test_a_state_that_cannot_be_written_keeps_nobody_from_switching(recordings):
    default_path().parent.parent.mkdir(parents=True, exist_ok=True)
    default_path().parent.write_text("in the way")
    async with open_stage(recordings, shows_calls=True) as stage:
        await stage.pilot.press("d")
        assert stage.app.theme == "streamer-light"


async def test_in_a_browser_the_theme_is_nobody_elses(recordings):
    async with open_stage(recordings, shows_calls=True) as stage:
        stage.app._is_own_terminal = False
        await stage.pilot.press("d")
    assert not default_path().exists()
