"""How utterances look: a block as rows of styled text, with its time and its speaker's mark and name beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.strip import Strip

from streamer.core.alert import Severity
from streamer.core.moments import may_come_twice
from tui.layout.formatting import MARKED, find_severity, show_name, show_position
from tui.layout.glyphs import COLOURS, FLAG, mark
from tui.layout.selection import Span
from tui.layout.transcript import Block, spans
from tui.layout.wrapping import Row, row_starts, wrap
from tui.state.call import ShownCall

_TIME_WIDTH = 9
_OFFSET_WIDTH = 6
"""Cells more for a time on the wall that comes twice."""

_LONGEST_NAME = 14
_NARROW = 56
"""Cells below which neither time nor name stands beside the text, only the mark."""

_WIDEST = 100
"""Cells of text in a row; longer rows are hard to read."""

_DRAWN_BLOCKS = 400


class Painter:
    """Draws the blocks of one call and remembers those drawn last; `find_style` returns the style of a part of the transcript."""

    def __init__(self, shown: ShownCall, find_style: Callable[[str], Style]) -> None:
        self.zero_at: datetime | None = None
        """When position 0 was, to show times on the wall; see `show_times`."""
        self._time_width = _TIME_WIDTH
        self.needle = ""
        """The text that is marked wherever it occurs, case-folded."""
        self._shown = shown
        self._find_style = find_style
        self._name_width = 0
        self._strips: LRUCache[tuple[object, ...], list[Strip]] = LRUCache(_DRAWN_BLOCKS)
        self._styles: dict[str, Style] = {}

    def show_times(self, zero_at: datetime | None) -> None:
        """Show times on the wall if position 0 is given, else those of the call."""
        self.zero_at = zero_at
        is_wide = zero_at is not None and may_come_twice(zero_at)
        self._time_width = _TIME_WIDTH + (_OFFSET_WIDTH if is_wide else 0)

    def forget(self) -> None:
        """Draw everything anew, as after a name or a theme has changed."""
        self._strips.clear()
        self._styles.clear()

    def make_room_for_names(self) -> bool:
        """Make the names' column as wide as they are; say whether it has changed."""
        names = [show_name(self._shown.name(leg.label), _LONGEST_NAME) for leg in self._shown.legs]
        width = min(_LONGEST_NAME, max(map(cell_len, names), default=0))
        has_changed = width != self._name_width
        self._name_width = width
        return has_changed

    def text_width(self, width: int) -> int:
        """Return how much of a terminal's width is left to the text."""
        return max(2, min(width - self._gutter(width) - 1, _WIDEST))

    def draw(
        self,
        block: Block,
        width: int,
        base: Style,
        *,
        is_under_cursor: bool = False,
        selected: Span | None = None,
    ) -> list[Strip]:
        """Return the rows of a block, the empty one above it included."""
        shape = (block.version, block.opens_turn, block.has_gap, width)
        key = (block.key, shape, is_under_cursor, selected)
        strips = self._strips.get(key)
        if strips is None:
            strips = self._strips[key] = self._draw(block, width, base, is_under_cursor, selected)
        return strips

    def find_character(self, block: Block, row: int, cell: int, width: int) -> int:
        """Return which character of a block's text stands at a cell of one of its rows; -1 before the first of them.

        Left of a row it is the one before, right of it the one behind.
        """
        rows = wrap(block.tokens, self.text_width(width))
        row -= block.has_gap
        if not 0 <= row < len(rows):
            return -1 if row < 0 else len(block.text)
        at = row_starts(rows, block.tokens)[row]
        cell -= self._gutter(width)
        if cell < 0:
            return at - 1
        text = "".join(" " * piece.blank + piece.text for piece in rows[row])
        ends = (cell_len(text[: n + 1]) for n in range(len(text)))  # joined ones take one place
        return at + next((n for n, end in enumerate(ends) if end > cell), len(text))

    def _gutter(self, width: int) -> int:
        return 2 if width < _NARROW else self._time_width + 2 + self._name_width + 2

    def _style(self, name: str) -> Style:
        if name not in self._styles:
            self._styles[name] = self._find_style(name)
        return self._styles[name]

    def _draw(
        self, block: Block, width: int, base: Style, is_under_cursor: bool, selected: Span | None
    ) -> list[Strip]:
        line_style = base + self._style("cursor") if is_under_cursor else base
        strips = [Strip.blank(width, base)] if block.has_gap else []
        marked = self._marked(block)
        rows = wrap(block.tokens, self.text_width(width))
        starts = row_starts(rows, block.tokens) if selected else []
        for number, row in enumerate(rows):
            segments = self._gutter_of(block, width, line_style, is_first=number == 0)
            words = self._draw_row(block, row, line_style, marked)
            if selected:
                words = list(_select(words, starts[number], selected, self._style("selected")))
            segments += words
            strips.append(Strip(segments).adjust_cell_length(width, line_style))
        return strips

    def _gutter_of(
        self, block: Block, width: int, style: Style, *, is_first: bool
    ) -> list[Segment]:
        rank = self._shown.rank(block.key[0])
        speaker = style + self._style(f"speaker-{rank % COLOURS}")
        shown_mark = Segment(mark(rank) if is_first else " ", speaker)
        sign, look = self._sign_of(block, style) if is_first else ("", style)
        if width < _NARROW:
            return [shown_mark, Segment(sign[:1] or " ", look)]
        if not is_first:
            return [Segment(" " * self._gutter(width), style)]
        time = show_position(block.order[0], self.zero_at)
        name = show_name(self._shown.name(block.key[0]), _LONGEST_NAME) if block.opens_turn else ""
        name = set_cell_size(name, self._name_width)
        named = (
            [Segment(name, speaker), Segment(f"{sign:2}", look)]
            if sign
            else [Segment(name + "  ", speaker)]
        )
        return [
            Segment(f"{time:>{self._time_width - 1}} ", style + self._style("time")),
            shown_mark,
            Segment(" ", style),
            *named,
        ]

    def _sign_of(self, block: Block, style: Style) -> tuple[str, Style]:
        """Return the sign of the worst alert of a block, else that of a mark, and how it looks."""
        known = self._shown.utterances.get(block.key)
        severity = find_severity(known) if known else ""
        if not severity:
            return (FLAG, style + self._style(MARKED)) if known and known.mark else ("", style)
        return Severity(severity).sign, style + self._style(f"alert-{severity}")

    def _draw_row(
        self, block: Block, row: Row, style: Style, marked: frozenset[int]
    ) -> list[Segment]:
        segments = []
        tokens = block.tokens
        for piece in row:
            token = tokens[piece.token]
            if piece.blank:
                segments.append(Segment(" ", style))
            kind = "tentative" if token.is_tentative else "settled"
            look = style + self._style(kind)
            if token.is_doubtful:
                look += self._style("doubtful")
            if token.severity == MARKED:
                look += self._style(MARKED)
            elif token.severity:
                look += self._style(f"alert-{token.severity}")
            if piece.token in marked:
                look += self._style("match")
            segments.append(Segment(piece.text, look))
        return segments

    def _marked(self, block: Block) -> frozenset[int]:
        """Return the numbers of the tokens that hold a part of what is looked for."""
        if not self.needle or self.needle not in block.folded:
            return frozenset()
        found = spans(block.text, self.needle)
        marked, at = set(), 0
        for number, token in enumerate(block.tokens):
            at += number > 0 and not token.is_joined
            if any(start < at + len(token.text) and end > at for start, end in found):
                marked.add(number)
            at += len(token.text)
        return frozenset(marked)


def _select(segments: Iterable[Segment], at: int, span: Span, look: Style) -> Iterator[Segment]:
    """Yield segments with those characters set off that are in a span; the first of them all is character `at`."""
    for text, style, _ in segments:
        first, last = (max(0, min(end - at, len(text))) for end in span)
        parts = (
            (text[:first], style),
            (text[first:last], look if style is None else style + look),
            (text[last:], style),
        )
        yield from (Segment(part, style) for part, style in parts if part)
        at += len(text)
