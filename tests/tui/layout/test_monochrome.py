"""Without colours, attributes tell what colours would."""

import pytest
from rich.color import Color as RichColor
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import DimFilter, Monochrome

from tests.fakes.stage import keep_past_call, open_stage
from tui.layout.monochrome import WithoutColours, lacks_colours, replace_colours
from tui.themes import DARK, LIGHT

NONE = RichColor.default()


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_what_is_set_off_is_reversed_and_what_is_quiet_is_dim(theme):
    def look(color, ground, **attributes):
        style = Style(color=color, bgcolor=ground, **attributes)
        [got] = WithoutColours().apply([Segment("a", style)], Color.parse(theme.background))
        assert got.style is not None
        assert (got.style.color, got.style.bgcolor) == (NONE, NONE)
        names = ("reverse", "dim", "bold", "underline")
        return {name for name in names if getattr(got.style, name)}

    quiet = theme.variables["quiet"]
    assert look(theme.foreground, theme.background) == set()
    assert look(theme.foreground, theme.panel) == set()
    assert look(quiet, theme.background) == {"dim"}
    assert look(theme.primary, theme.background, bold=True) == {"bold"}
    assert look(theme.background, theme.accent, bold=True) == {"bold", "reverse"}
    assert look(theme.primary, theme.background, reverse=True, underline=True) == {
        "reverse",
        "underline",
    }
    assert "reverse" not in look(theme.panel, theme.primary, reverse=True)


@pytest.mark.parametrize(
    ("term", "no_color", "lacks"),
    [
        ("vt100", False, True),
        ("xterm-mono", False, True),
        ("linux", True, True),
        ("linux", False, False),
        ("xterm-256color", True, False),
    ],
)
def test_terminals_without_colours_are_known(term, no_color, lacks, monkeypatch):
    monkeypatch.setenv("TERM", term)
    console = Console(force_terminal=True, _environ={"TERM": term})
    assert lacks_colours(console, no_color=no_color) == lacks


def test_no_other_filter_makes_colours_of_attributes():
    [left] = replace_colours([Monochrome(), DimFilter()])
    assert isinstance(left, WithoutColours)


async def test_keys_cursor_and_matches_are_seen_without_colours(recordings):
    async with open_stage(recordings, shows_calls=True) as stage:
        stage.app._filters = replace_colours(stage.app._filters)
        await keep_past_call(stage)
        await stage.pilot.press("ctrl+f", *"can")
        await stage.sees("2 lines")
        await stage.pilot.press("enter")
        await stage.pilot.pause()
        strips = stage.app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style]
        assert all(style.color is None or style.color.is_default for style in styles)
        foot = {segment.text: segment.style.bold for segment in strips[-1] if segment.style}
        assert (foot["q"], foot[" Quit"]) == (True, None)
        rows = [{s.text.strip(): s.style for s in strip if s.style} for strip in strips[2:8]]
        assert [row["Can"].reverse for row in rows if "Can" in row] == [True]
        assert [bool(row["can"].underline) for row in rows if "can" in row] == [True]
        [beside] = [row for row in rows if any("sorry" in text for text in row)]
        assert any(style.dim for text, style in beside.items() if "sorry" in text)
