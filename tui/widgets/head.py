"""The head of the call screen: what is happening to the call, and a meter for each leg."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from streamer.core.transcript import format_position
from tui.layout.glyphs import COLOURS, mark
from tui.state.phase import Phase

_QUIETEST_DB = -48.0
_METER = 12
_NAME_WIDTH = 14


@dataclass(frozen=True, slots=True)
class Heading:
    """What the first line says; strings are harmless."""

    phase: Phase = Phase.STARTING
    explanation: str = ""
    call_id: str = ""
    duration_s: float = 0.0
    model: str = ""
    notes: tuple[str, ...] = ()
    """For example that the screen is frozen."""


@dataclass(frozen=True, slots=True)
class LegLine:
    """What the head shows of one leg."""

    name: str
    channel: str
    bars: int = 0
    is_speaking: bool = False
    note: str = ""
    language: str = ""
    """What it spoke last."""


def count_bars(peak: float) -> int:
    """Return how many bars of a meter a peak fills, from -48 dBFS to full scale."""
    if peak <= 0:
        return 0
    share = 1 - 20 * math.log10(peak) / _QUIETEST_DB
    return round(max(0.0, min(1.0, share)) * _METER)


class CallHead(Widget):
    """One line: state, call and length on the left; model and notes on the right, as far as there is room."""

    ALLOW_SELECT = False

    COMPONENT_CLASSES = {f"head--{phase.value}" for phase in Phase} | {"head--dim", "head--strong"}

    heading: reactive[Heading] = reactive(Heading())

    def render(self) -> Text:
        heading = self.heading
        left = Text(no_wrap=True, overflow="ellipsis")
        state = self.get_component_rich_style(f"head--{heading.phase.value}", partial=True)
        dim = self.get_component_rich_style("head--dim", partial=True)
        strong = self.get_component_rich_style("head--strong", partial=True)
        left.append(f" {heading.phase.value.upper()} ", state)
        left.append(f" {format_position(heading.duration_s)}", strong)
        for note in (heading.explanation, *heading.notes):
            if note:
                left.append(f" · {note}", strong)
        rest = [text for text in (heading.call_id, heading.model) if text]
        room = self.size.width - cell_len(left.plain) - 2
        while rest and cell_len(" · ".join(rest)) > room:
            rest.pop()
        right = " · ".join(rest)
        left.append(" " * max(1, self.size.width - cell_len(left.plain) - cell_len(right) - 1))
        left.append(right, dim)
        return left


class LegMeters(Widget):
    """One line per leg: who it is, how loud it is, and whether somebody is speaking."""

    ALLOW_SELECT = False

    COMPONENT_CLASSES = {
        "meters--on",
        "meters--off",
        "meters--dim",
        "meters--speaking",
        *(f"meters--speaker-{n}" for n in range(COLOURS)),
    }

    lines: reactive[tuple[LegLine, ...]] = reactive((), layout=False)

    def watch_lines(self, old: Sequence[LegLine], new: Sequence[LegLine]) -> None:
        if len(old) != len(new):
            self.styles.height = max(1, min(len(new), 6))

    def render(self) -> Text:
        text = Text("\n", no_wrap=True, overflow="ellipsis", end="")
        return text.join(self._draw(rank, line) for rank, line in enumerate(self.lines))

    def _draw(self, rank: int, line: LegLine) -> Text:
        style = {
            name: self.get_component_rich_style(f"meters--{name}", partial=True)
            for name in ("on", "off", "dim", "speaking", f"speaker-{rank % COLOURS}")
        }
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(
            f" {mark(rank)} {set_cell_size(line.name, _NAME_WIDTH)} ",
            style[f"speaker-{rank % COLOURS}"],
        )
        text.append("━" * line.bars, style["on"])
        text.append("─" * (_METER - line.bars), style["off"])
        said = line.note or ("speaking" if line.is_speaking else "")
        text.append(f"  {said:<10}", style["speaking" if line.is_speaking else "dim"])
        text.append(f"{line.language:<3} {line.channel}", style["dim"])
        text.truncate(max(1, self.size.width), overflow="ellipsis")
        return text
