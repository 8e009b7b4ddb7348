"""What the screen says in passing stands on one line at the top right, and never over words."""

import pytest
from textual.widgets._toast import Toast

from tests.fakes.stage import open_stage
from tui.layout.formatting import shorten


def toasts(stage):
    return [toast for toast in stage.app.screen.query(Toast) if toast.region]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12)])
async def test_a_toast_is_one_line_at_the_top_right(recordings, size):
    async with open_stage(recordings, size=size) as stage:
        await stage.begin()
        stage.app.say("Saved /home/somebody/calls/20261120-150203-x4qd.txt " + "x" * 100)
        await stage.pilot.pause()
        [toast] = toasts(stage)
        assert (toast.region.y, toast.region.height) == (0, 1)
        assert toast.region.right == size[0]
        assert not toast.region.overlaps(stage.call_screen.transcript.region)
        stage.app.say("Short")
        await stage.pilot.pause()
        [toast] = toasts(stage)
        assert toast.region.y == 0
        assert toast.region.right == size[0]
        assert toast.region.width < 12


async def test_only_what_was_said_last_is_shown(recordings):
    async with open_stage(recordings) as stage:
        await stage.begin()
        for number in range(5):
            stage.app.say(f"number {number}")
        await stage.pilot.pause()
        assert [str(toast.render()) for toast in toasts(stage)] == ["number 4"]


@pytest.mark.parametrize("kind", ["is_bad", "is_advice"])
async def test_what_is_needed_and_too_long_for_a_line_can_be_read_to_its_end(recordings, kind):
    async with open_stage(recordings) as stage:
        await stage.begin()
        error = "Playing failed: " + "and so on " * 8 + "to the end."
        for _ in range(2):
            stage.app.say(error, **{kind: True})
        await stage.sees("to the end.")
        assert not toasts(stage)
        await stage.pilot.press("x")
        await stage.pilot.pause()
        assert not stage.app.open_calls.shown_calls.troubles


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("short", 5, "short"),
        ("Saved /a/b/c/d/e.txt", 13, "Saved …/e.txt"),
        ("今天天气很好", 7, "今 …好"),
        ("anything", 1, "…"),
    ],
)
def test_a_line_loses_its_middle_first(text, room, shown):
    assert shorten(text, room) == shown
