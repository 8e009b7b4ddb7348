"""Every colour of the themes becomes the intended one of 256 or 16, and words stay as readable."""

import pytest
from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from tui.layout import palette
from tui.layout.palette import FEW, PALETTE, READ, PaletteColours, choose_filter, contrast
from tui.themes import DARK, EMPTY_GROUNDS, LIGHT

INTENDED = {
    DARK.name: {
        "background": 233, "surface": 234, "panel": 235, "foreground": 255,
        "primary": 75, "secondary": 114, "accent": 179, "warning": 179, "error": 204, "success": 114,
        "tentative": 103, "quiet": 247, "mark": 177, "speaker-0": 117, "speaker-1": 215, "speaker-2": 114,
        "speaker-3": 183, "speaker-4": 217, "speaker-5": 115, "footer-key-foreground": 75,
    },
    LIGHT.name: {
        "background": 231, "surface": 255, "panel": 254, "foreground": 234,
        "primary": 25, "secondary": 28, "accent": 94, "warning": 94, "error": 124, "success": 28,
        "tentative": 242, "quiet": 240, "mark": 90, "speaker-0": 24, "speaker-1": 130, "speaker-2": 22,
        "speaker-3": 91, "speaker-4": 124, "speaker-5": 23, "footer-key-foreground": 25,
    },
}  # fmt: skip

THEMES = {theme.name: theme for theme in (DARK, LIGHT)}
GROUNDS = ("background", "surface", "panel")

both_palettes = pytest.mark.parametrize(("has_256", "palette"), [(True, PALETTE), (False, FEW)])
both_themes = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


def colours(theme):
    names = [name for name in INTENDED[theme.name] if name not in theme.variables]
    return {name: getattr(theme, name) for name in names} | theme.variables


def converter(*, has_256=True):
    return PaletteColours(has_256=has_256, grounds=EMPTY_GROUNDS)


@both_themes
def test_every_colour_of_a_theme_is_the_intended_one_of_256(theme):
    convert = converter().convert
    ground = theme.background
    got = {
        name: convert(Style(bgcolor=colour)).bgcolor.number
        if name in GROUNDS
        else convert(Style(color=colour, bgcolor=ground)).color.number
        for name, colour in colours(theme).items()
    }
    assert got == INTENDED[theme.name]


@both_themes
@both_palettes
def test_words_are_as_readable_as_before(theme, has_256, palette):
    given = colours(theme)
    for name in given.keys() - set(GROUNDS):
        for ground in GROUNDS:
            style = Style(color=given[name], bgcolor=given[ground])
            got = converter(has_256=has_256).convert(style)
            before = contrast(
                ColorTriplet(*Color.parse(given[name]).rgb),
                ColorTriplet(*Color.parse(given[ground]).rgb),
            )
            after = contrast(palette[got.color.number], palette[got.bgcolor.number])
            assert after >= min(READ, before), (name, ground)


@both_themes
@both_palettes
def test_what_is_set_off_from_the_screen_stays_so(theme, has_256, palette):
    convert = converter(has_256=has_256).convert
    background, panel = (
        convert(Style(bgcolor=colour)).bgcolor.number for colour in (theme.background, theme.panel)
    )
    assert background != panel


def test_no_dark_grey_becomes_navy():
    for grey in range(0x10, 0x50):
        bluish = Style(bgcolor=f"#{grey:02x}{grey + 2:02x}{grey + 12:02x}")
        red, green, blue = PALETTE[converter().convert(bluish).bgcolor.number]
        assert blue - min(red, green) <= 40, grey


def test_colours_of_the_palette_and_looks_without_colour_stay():
    convert = converter().convert
    assert convert(Style(bold=True, italic=True)) == Style(bold=True, italic=True)
    assert convert(Style(color="color(11)")).color.number == 11
    segments = [Segment("a", None), Segment("b", Style(color="#7aa2f7", underline=True))]
    plain, blue = converter().apply(segments, Color(0, 0, 0))
    assert plain == Segment("a", None)
    assert blue.text == "b"
    assert blue.style.underline


@pytest.mark.parametrize(
    ("environment", "needs"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, None),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "screen-256color", "COLORTERM": ""}, "256"),
        ({"TERM": "linux"}, "16"),
    ],
)
def test_a_terminal_gets_colours_that_it_has(environment, needs):
    console = Console(force_terminal=True, _environ=environment)
    found = choose_filter(console, EMPTY_GROUNDS)
    assert (found and ("256" if found._has_256 else "16")) == needs


def test_a_pair_of_colours_is_matched_once_whatever_else_the_styles_hold(monkeypatch):
    matched = []
    nearest = palette._nearest_readable

    def note(color, ground, wanted, has_256):
        matched.append(color)
        return nearest(color, ground, wanted, has_256)

    monkeypatch.setattr(palette, "_nearest_readable", note)
    one = Style(color="#123457", bgcolor="#fedcb9")
    for row in range(50):  # as the cells of a table, each of which has a place for the mouse
        assert converter().convert(one + Style(meta={"row": row})).meta == {"row": row}
    assert len(matched) == 1
