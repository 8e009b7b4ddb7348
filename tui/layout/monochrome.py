"""Looks for terminals without colours: what is set off from its ground is reversed, and what is quiet is dim."""

from __future__ import annotations

import os
import re
from functools import lru_cache

from rich.color import Color as RichColor
from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import DimFilter, LineFilter, Monochrome

from tui.layout.palette import contrast

_SET_OFF = 1.3
"""Contrast with the ground from which on something is set off: cursors, matches and badges are, bars are not."""

_QUIET = 7.2
"""Contrast below which words are quiet."""

_WITHOUT_COLOURS = re.compile(r"vt\d.*|.*-m(ono)?")
_DEFAULT = RichColor.default()


def lacks_colours(console: Console, *, no_color: bool) -> bool:
    """Say whether a terminal has no colours, or so few that not even greys are left without them."""
    is_poor = console.color_system == "standard"
    return is_poor and (no_color or bool(_WITHOUT_COLOURS.fullmatch(os.environ.get("TERM", ""))))


class WithoutColours(LineFilter):
    """Replaces every colour by an attribute that terminals without colours have."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments without colours; `background` is the ground of the widget that they are of."""
        empty = ColorTriplet(*background.rgb)
        return [
            segment
            if segment.style is None
            else segment._replace(style=_convert(segment.style, empty))
            for segment in segments
        ]


def replace_colours(filters: list[LineFilter]) -> list[LineFilter]:
    """Return Textual's filters with this one in the place of those that make other colours of colours."""
    kept = [each for each in filters if not isinstance(each, (Monochrome, DimFilter))]
    return [*kept, WithoutColours()]


@lru_cache(4096)
def _convert(style: Style, empty: ColorTriplet) -> Style:
    color, ground = (
        None if each is None or each.triplet is None else each.triplet
        for each in (style.color, style.bgcolor)
    )
    behind = color if style.reverse else ground
    is_set_off = behind is not None and contrast(behind, empty) >= _SET_OFF
    is_quiet = color is not None and not style.bold and contrast(color, ground or empty) < _QUIET
    plain = Style(color=_DEFAULT, bgcolor=_DEFAULT, reverse=is_set_off)
    return style + plain + Style(dim=True) if is_quiet and not is_set_off else style + plain
