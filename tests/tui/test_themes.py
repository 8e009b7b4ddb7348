"""Everything that is to be read stands out from what it is written on, in both themes (WCAG 2.2, 1.4.3)."""

import pytest
from rich.style import Style
from textual.color import Color
from textual.filter import dim_color

from streamer.core.events import Trouble
from tests.fakes.stage import keep_past_call, open_stage
from tui.themes import DARK, LIGHT

READ = 4.5
GLANCED_AT = 3.0
"""For what is tentative, or beside what is read."""

both_themes = pytest.mark.parametrize("theme", [DARK.name, LIGHT.name])


def luminance(color):
    shares = [part / 255 for part in color.rgb]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(style: Style):
    assert style.color
    assert style.bgcolor
    color, ground = style.color, style.bgcolor
    if style.dim:
        color = dim_color(ground, color)
    light, dark = sorted(
        (luminance(Color.from_rich_color(c)) for c in (color, ground)), reverse=True
    )
    return (light + 0.05) / (dark + 0.05)


def faint(stage, *, than):
    """Return the words that stand out less, on the screen or in the dialog in front of it."""
    screen = stage.app.screen
    region = next((dialog.region for dialog in screen.query(".dialog")), screen.region)
    strips = screen._compositor.render_strips()[region.y : region.bottom]
    parts = [part for strip in strips for part in strip.crop(region.x, region.right)]
    words = [(part.text, part.style) for part in parts if any(c.isalnum() for c in part.text)]
    return {
        (text.strip(), round(contrast(style), 1)) for text, style in words if contrast(style) < than
    }


@both_themes
async def test_settled_words_can_be_read_and_tentative_ones_be_seen(recordings, theme):
    async with open_stage(recordings) as stage:
        stage.app.theme = theme
        await stage.pretend()
        await stage.talk()
        await stage.mumble("agent", 18.0, "Thank you, [one] moment", "please while I")
        await stage.publish(Trouble(None, "the disk is full"))
        await stage.pilot.press("g", "slash", *"can", "enter")
        stage.app.clear_notifications()
        await stage.pilot.pause()
        tentative = {word for word, _ in faint(stage, than=READ)}
        assert tentative <= {"please", "while", "I", "x dismiss"}
        assert not faint(stage, than=GLANCED_AT)


@both_themes
@pytest.mark.parametrize("key", ["question_mark", "i", "e", "t", "s", "slash"])
async def test_what_stands_in_front_of_a_call_can_be_read(recordings, theme, key):
    async with open_stage(recordings) as stage:
        stage.app.theme = theme
        await stage.begin()
        await stage.talk()
        await stage.pilot.press(key)
        await stage.pilot.pause()
        assert not faint(stage, than=GLANCED_AT)


@both_themes
async def test_lists_of_calls_and_of_what_was_found_can_be_read(recordings, theme):
    async with open_stage(recordings, shows_calls=True) as stage:
        stage.app.theme = theme
        await keep_past_call(stage)
        await keep_past_call(stage, "20261118-101500-bbbb")
        await stage.sees("complete")
        await stage.pilot.pause()
        assert not faint(stage, than=READ)
        await stage.pilot.press("ctrl+f", *"can")
        await stage.sees("4 lines")
        assert not faint(stage, than=GLANCED_AT)
