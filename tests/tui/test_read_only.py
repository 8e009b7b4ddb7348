"""A screen that only shows: what it does not offer, and that it says so."""

from tests.fakes.stage import open_stage
from tui.navigation import CHANGES
from tui.screens.calls import CallsScreen
from tui.screens.help import draw_help


async def test_a_call_cannot_be_stopped_named_or_exported(recordings):
    async with open_stage(recordings, is_read_only=True) as stage:
        await stage.begin()
        for key in ("s", "t", "e", "m"):
            await stage.pilot.press(key)
            assert stage.app.screen is stage.call_screen, key
        offered = {command.title for command in stage.app.get_system_commands(stage.app.screen)}
        assert "Freeze the screen (recording continues)" in offered
        assert not [
            title for title in offered if title.startswith(("Stop", "Save", "Name", "Export"))
        ]
        await stage.sees("read-only")


async def test_the_list_says_it_and_stops_nothing(recordings):
    async with open_stage(recordings, shows_calls=True, is_read_only=True) as stage:
        await stage.sees("read-only")
        assert isinstance(stage.app.screen, CallsScreen)
        for key in ("s", "o"):
            await stage.pilot.press(key)
            assert isinstance(stage.app.screen, CallsScreen), key


def test_the_help_leaves_out_what_is_not_offered():
    assert "Stop recording" in draw_help([]).plain
    assert "Stop recording" not in draw_help([], left_out=CHANGES).plain
