"""A call as a strip of two rows: above who spoke when, below what happened; each cell is a part of the call's time.

The upper half of a cell is the first leg, the lower half the others, so that speech of two at once fills it. Below stands of each cell
what matters most: the sign of an alert, a mark, a key, a hold, doubtful words; else the arrow at the place that is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from streamer.core.alert import Severity
from streamer.core.events import SPEECH_RATE
from tui.layout.formatting import MARKED
from tui.layout.glyphs import FLAG
from tui.state.call import ShownCall

SPOKE = 0.15
"""Part of a cell's time from which on it shows a leg as speaking."""

DOUBTED = 0.3
"""Part of a cell's words from which on they are shown as doubtful."""

SHORTEST_S = 60.0
"""What a live call's strip has room for at first."""

GROWTH = 1.5
"""How much longer it becomes when the call has filled it."""

HERE = "▲"
BOTH, UPPER, LOWER, NOBODY = "█", "▀", "▄", " "
HELD, HELD_ON, DOUBT = "h", "─", "?"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of both rows; `upper` and `lower` are the ranks of the legs that spoke, None if nobody did."""

    upper: int | None = None
    lower: int | None = None
    sign: str = " "
    look: str = ""
    """What the sign is: `critical`, `warning`, `info`, `mark`, `key`, `hold`, `doubt`, `here`."""
    is_in_sight: bool = False

    @property
    def talk(self) -> str:
        """Return what stands in the upper row."""
        if self.upper is not None and self.lower is not None:
            return BOTH if self.upper == self.lower else UPPER
        return UPPER if self.upper is not None else LOWER if self.lower is not None else NOBODY


def find_scale(duration_s: float, *, is_over: bool) -> float:
    """Return how many seconds the strip is long: the call's, and while it goes on some more, so that it is not drawn anew all the time."""
    if is_over:
        return max(duration_s, 1.0)
    scale = SHORTEST_S
    while scale < duration_s:
        scale *= GROWTH
    return scale


def lay_out(
    shown: ShownCall, width: int, scale_s: float, *, sight: tuple[float, float], here_s: float
) -> tuple[Cell, ...]:
    """Return the cells of a strip; `sight` is which seconds the transcript shows, `here_s` where its cursor is."""
    cell_s = scale_s / max(1, width)
    signs = _find_signs(shown, width, cell_s)
    here = min(width - 1, int(here_s / cell_s))
    cells = []
    for n in range(width):
        first_s, last_s = n * cell_s, (n + 1) * cell_s
        upper, lower = _find_speakers(shown, first_s, last_s)
        sign, look = signs.get(n, (" ", ""))
        if n == here and look in ("", "doubt", "hold"):
            sign, look = HERE, "here"
        elif not look and shown.talk.doubt(first_s, last_s) >= DOUBTED:
            sign, look = DOUBT, "doubt"
        cells.append(Cell(upper, lower, sign, look, last_s > sight[0] and first_s < sight[1]))
    return tuple(cells)


def _find_speakers(
    shown: ShownCall, first_s: float, last_s: float
) -> tuple[int | None, int | None]:
    spoke = [
        rank
        for rank, leg in enumerate(shown.legs)
        if shown.talk.share(leg.label, first_s, last_s) >= SPOKE
        or shown.is_speaking_at(leg.label, first_s, last_s)
    ]
    upper = 0 if 0 in spoke else None
    lower = next((rank for rank in spoke if rank), None)
    return upper, lower


def _find_signs(shown: ShownCall, width: int, cell_s: float) -> dict[int, tuple[str, str]]:
    """Return what happened in each cell; what matters more is put in later."""
    signs: dict[int, tuple[str, str]] = {}
    end_s = width * cell_s
    for first_s, last_s in shown.list_unclear():
        _put(signs, first_s, last_s, cell_s, width, DOUBT, "doubt")
    for first_s, last_s in _list_held(shown, end_s):
        _put(signs, first_s, last_s, cell_s, width, HELD_ON, "hold")
        _put(signs, first_s, first_s, cell_s, width, HELD, "hold")
    for pressed in shown.pressed:
        _put(signs, pressed.start_s, pressed.start_s, cell_s, width, pressed.digit or DOUBT, "key")
    for mark in shown.marks.values():
        at = mark.start / SPEECH_RATE
        _put(signs, at, at, cell_s, width, FLAG, MARKED)
    for severity in Severity:
        for alert in shown.alerts:
            if alert.severity is severity and alert.start is not None:
                at = alert.start / SPEECH_RATE
                _put(signs, at, at, cell_s, width, severity.sign[:1], severity.value)
    return signs


def _put(
    signs: dict[int, tuple[str, str]],
    first_s: float,
    last_s: float,
    cell_s: float,
    width: int,
    sign: str,
    look: str,
) -> None:
    first = max(0, int(first_s / cell_s))
    for n in range(first, min(width, int(last_s / cell_s) + 1)):
        signs[n] = sign, look


def _list_held(shown: ShownCall, end_s: float) -> Iterable[tuple[float, float]]:
    """Yield when each leg was on hold; what still lasts goes to the end."""
    held: dict[str, float] = {}
    for hold in sorted(shown.holds, key=lambda each: each.start_s):
        if hold.held:
            held.setdefault(hold.leg, hold.start_s)
        elif hold.leg in held:
            yield held.pop(hold.leg), hold.start_s
    last_s = min(end_s, shown.end.duration) if shown.end else end_s
    yield from ((start_s, last_s) for start_s in held.values())
