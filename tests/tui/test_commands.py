"""Help and palette: what this screen can do first, and each command by what it does."""

import itertools

import pytest

from tests.fakes.stage import keep_past_call, open_stage
from tui.app import ScreenApp
from tui.screens.help import draw_help, list_keys


async def test_help_begins_with_the_keys_of_the_screen_that_asks(recordings):
    async with open_stage(recordings, shows_calls=True) as stage:
        await keep_past_call(stage)
        await stage.pilot.press("question_mark")
        await stage.sees("In the call list")
        assert "On every screen" not in stage.text().split("In the call list")[0]
    for name, title in [("CallScreen", "In a call"), ("SearchScreen", "In the search")]:
        assert next(list_keys([], first=name))[0] == title
    assert next(list_keys([]))[0] == "On every screen"


async def test_the_palette_names_commands_by_verbs(recordings):
    async with open_stage(recordings) as stage:
        await stage.begin()
        await stage.talk()
        titles = [c.title for c in stage.app.get_system_commands(stage.app.screen)]
        assert "Export transcript or audio" in titles
        assert "Go to the next match (older)" in titles
        assert not [title for title in titles if title.startswith(("Next", "Previous", "Where"))]


def test_keys_are_written_as_they_are_on_the_keyboard():
    keys = [key for _, bindings in list_keys(ScreenApp.BINDINGS) for key, _ in bindings]
    assert not [key for key in keys if "bracket" in key or "_" in key]
    assert {"?", "/", "Esc", "G", "ctrl+f"} <= {part for key in keys for part in key.split()}


@pytest.mark.parametrize("width", [40, 60, 70])
def test_what_a_key_does_is_broken_below_itself(width):
    lines = draw_help(ScreenApp.BINDINGS, width=width).plain.split("\n")
    indent = " " * 18
    at = next(n for n, line in enumerate(lines) if line.strip().startswith("m  "))
    below = itertools.takewhile(lambda line: line.startswith(indent), lines[at + 1 :])
    said = " ".join(line.strip() for line in (lines[at][18:], *below))
    assert said == "Mark this line, with a note; again to edit or remove it"
    assert max(map(len, lines[:-4])) <= width, "without the sentences at the end"
