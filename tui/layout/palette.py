"""Colours of terminals that have 256 or 16: the nearest to the eye, with words kept as readable as they were.

Rich takes every channel by itself to the nearest step, which makes navy of a dark grey with a touch of blue.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

from rich.color import Color, ColorType
from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.palette import Palette
from rich.segment import Segment
from rich.style import Style
from textual.color import Color as ScreenColor
from textual.filter import LineFilter

READ = 4.5
"""Contrast of what is to be read (WCAG 2.2, 1.4.3)."""

_STEPS = (0, 95, 135, 175, 215, 255)
PALETTE = Palette(
    [(0, 0, 0)] * 16  # those of the user's own choice
    + [(red, green, blue) for red in _STEPS for green in _STEPS for blue in _STEPS]
    + [(8 + 10 * n,) * 3 for n in range(24)]
)
"""What the numbers of the 256 colours mean."""

FEW = Palette(
    [
        (0, 0, 0), (187, 0, 0), (0, 187, 0), (187, 187, 0), (0, 0, 187), (187, 0, 187), (0, 187, 187), (187, 187, 187),
        (85, 85, 85), (255, 85, 85), (85, 255, 85), (255, 255, 85), (85, 85, 255), (255, 85, 255), (85, 255, 255), (255, 255, 255),
    ]
)  # fmt: skip
"""What the 16 colours mostly mean."""

_MANY_COLOURS = range(16, 256)
_GREY = 0.04
"""Strength up to which a colour is taken for a grey."""

_GROUNDS = (*range(8), 15)
"""Those of the 16 that most terminals have as a ground; some make 7 of 15."""


class PaletteColours(LineFilter):
    """Replaces every colour by one of the palette; `grounds` are those that look empty where there are 16."""

    def __init__(self, *, has_256: bool, grounds: Iterable[str] = ()) -> None:
        super().__init__()
        self._has_256 = has_256
        self._grounds = frozenset(ScreenColor.parse(ground).rgb for ground in grounds)

    def apply(self, segments: list[Segment], background: ScreenColor) -> list[Segment]:
        """Return the segments with other colours."""
        return [
            segment
            if segment.style is None
            else segment._replace(style=self.convert(segment.style))
            for segment in segments
        ]

    def convert(self, style: Style) -> Style:
        """Return a style in colours of the palette; a colour of the palette stays."""
        return _convert(style, self._has_256, self._grounds)


def choose_filter(console: Console, grounds: Iterable[str]) -> PaletteColours | None:
    """Return what a terminal needs that has no more than 256 colours; None for the others."""
    if console.color_system in ("256", "standard"):
        return PaletteColours(has_256=console.color_system == "256", grounds=grounds)
    return None


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """Return the contrast of two colours as WCAG defines it."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@lru_cache(4096)
def _convert(style: Style, has_256: bool, grounds: frozenset[tuple[int, int, int]]) -> Style:
    color, ground = (
        None if each is None or each.triplet is None else each.triplet
        for each in (style.color, style.bgcolor)
    )
    return style + _match(color, ground, has_256, grounds)


@lru_cache(4096)
def _match(
    color: ColorTriplet | None,
    ground: ColorTriplet | None,
    has_256: bool,
    grounds: frozenset[tuple[int, int, int]],
) -> Style:
    """Find the colours for two others; known by these alone, since each cell of a table has a style of its own for the mouse."""
    palette = PALETTE if has_256 else FEW
    at = None
    if ground is not None:
        at = _nearest(ground, _MANY_COLOURS) if has_256 else _nearest_ground(ground, grounds)
    number = None
    if color is not None:
        wanted = 1.0 if ground is None else min(READ, contrast(color, ground))
        number = _nearest_readable(color, None if at is None else palette[at], wanted, has_256)
    return Style.from_color(_number(number, has_256), _number(at, has_256))


def _number(number: int | None, has_256: bool) -> Color | None:
    if number is None:
        return None
    kind = ColorType.EIGHT_BIT if has_256 else ColorType.STANDARD
    return Color(str(number), kind, number=number)


def _nearest_readable(
    color: ColorTriplet, ground: ColorTriplet | None, wanted: float, has_256: bool
) -> int:
    """Return the nearest colour that stands out from its ground as much as is wanted, else the one that does most."""
    palette, numbers = (PALETTE, _MANY_COLOURS) if has_256 else (FEW, range(16))
    if ground is None:
        return _nearest(color, numbers, palette)
    readable = [n for n in numbers if contrast(palette[n], ground) >= wanted]
    if not readable:
        return max(numbers, key=lambda n: contrast(palette[n], ground))
    return _nearest(color, readable, palette)


def _nearest_ground(ground: ColorTriplet, grounds: frozenset[tuple[int, int, int]]) -> int:
    """Return a ground of the 16: what is set off from the screen's own ground stays so."""
    empty = 0 if _luminance(ground) < 0.18 else 15  # half as light to the eye
    if ground in grounds:
        return empty
    wanted = _place(ground)
    others = (number for number in _GROUNDS if number != empty)
    found: int = min(others, key=lambda number: math.dist(wanted, _place(FEW[number])))
    return found


def _nearest(color: ColorTriplet, numbers: Iterable[int], palette: Palette = PALETTE) -> int:
    place = _place if palette is PALETTE else _place_by_hue
    wanted = place(color)
    return min(numbers, key=lambda number: math.dist(wanted, place(palette[number])))


@lru_cache(1024)
def _linear(color: ColorTriplet) -> tuple[float, float, float]:
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in color.normalized
    )
    return red, green, blue


def _luminance(color: ColorTriplet) -> float:
    red, green, blue = _linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _place_by_hue(color: ColorTriplet) -> tuple[float, float, float]:
    """Return where a colour is among few, of which the one of its hue is liker to the eye than one as light and grey."""
    light, a, b = _place(color)
    strength = math.hypot(a, b)
    factor = 0.35 / strength if strength > _GREY else 0.0
    return 0.3 * light, factor * a, factor * b


@lru_cache(1024)
def _place(color: ColorTriplet) -> tuple[float, float, float]:
    """Return a colour in Oklab, where distances are those that the eye sees."""
    red, green, blue = _linear(color)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )
