"""The list of calls as rows of cells (pure): which columns, how wide, and what stands in each; every state has a sign beside its colour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from rich.cells import cell_len

from streamer.calls.catalog import CallState
from streamer.core.alert import Severity
from streamer.core.transcript import format_position
from tui.layout.formatting import show_beginning, show_name
from tui.layout.glyphs import mark
from tui.state.arrangement import Shown
from tui.state.leg_states import LegNow, LegState

MIDDLE, WIDE = 110, 160
"""Cells from which there is room for more columns."""

NARROW = 56
"""Cells from which there is room for a sign for each leg."""

_WORDS = ((WIDE, 50), (MIDDLE, 28), (0, 18))
"""From which width of the terminal on the last words have at least how many cells."""


class Cell(NamedTuple):
    """What stands in one place of the list, and how: `good`, `warning`, `bad`, `quiet`, or nothing."""

    text: str = ""
    look: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, the cells that it has at least and at most, and the width of terminal from which it is there."""

    title: str
    least: int
    most: int
    about: str
    from_width: int = 0


_MAY_GO = ("alert", "legs", "talk", "keys")
"""Columns that are not there while they are empty, unless they are chosen."""

NEVER = 10_000
"""A column that is there only if it is chosen."""

COLUMNS: Mapping[str, Column] = {
    "alert": Column("!", 2, 24, "the gravest alert"),
    "state": Column("state", 9, 60, "live or past, and what its audio lacks"),
    "who": Column("from → to", 10, 40, "numbers or given names"),
    "direction": Column("dir", 3, 3, "in or out", NEVER),
    "began": Column("began", 8, 12, "local time, or the length of a live call"),
    "length": Column("length", 6, 8, "length so far", MIDDLE),
    "legs": Column("legs", 4, 60, "what each leg is doing", NARROW),
    "talk": Column("talk", 5, 20, "talk time, and the share of each leg", MIDDLE),
    "keys": Column("keys", 4, 12, "digits that were pressed", MIDDLE),
    "channels": Column("channels", 10, 60, "names of the PBX", NEVER),
    "words": Column("last words", 1, 500, "last words, as they come"),
}
"""By the name that a filter and the kept choice have; the last one takes the rest of the width."""

SIGNS = {
    LegState.ON_HOLD: "‖",
    LegState.NO_AUDIO: "!",
    LegState.BEHIND: "‹",
    LegState.NO_TEXT: "?",
    LegState.SPEAKING: "▸",
    LegState.NO_SPEECH: "·",
}

_LOOKS = {
    LegState.NO_AUDIO: "bad",
    LegState.BEHIND: "warning",
    LegState.ON_HOLD: "warning",
    LegState.NO_TEXT: "warning",
    LegState.SPEAKING: "good",
    LegState.NO_SPEECH: "quiet",
}

_STATE_LOOKS = {
    CallState.UNFINISHED: "warning",
    CallState.MISSING: "warning",
    CallState.TRANSCRIBING: "quiet",
}

_SEVERITY_LOOKS = {Severity.INFO: "quiet", Severity.WARNING: "warning", Severity.CRITICAL: "bad"}


def choose_columns(
    chosen: Sequence[str], rows: Iterable[Mapping[str, Cell]], width: int
) -> tuple[str, ...]:
    """Return which columns are shown: those chosen that there are, else those that fit and have something in them."""
    known = tuple(name for name in COLUMNS if name in chosen)
    if known:
        return known
    empty = set(_MAY_GO)
    for cells in rows:
        empty = {name for name in empty if not cells[name].text}
        if not empty:
            break
    fitting = (name for name, column in COLUMNS.items() if width >= column.from_width)
    return tuple(name for name in fitting if name not in empty)


def fit(
    names: Sequence[str], rows: Iterable[Mapping[str, Cell]], width: int, *, blanks: int
) -> dict[str, int]:
    """Return the width of each column: as its cells need it, the last words having the rest; `blanks` stand beside each."""
    widths = {name: max(COLUMNS[name].least, cell_len(COLUMNS[name].title)) for name in names}
    longest_words = 1
    for cells in rows:
        for name in names:
            needed = cell_len(cells[name].text)
            if name == "words":
                longest_words = max(longest_words, needed)
            elif needed > widths[name]:
                widths[name] = min(COLUMNS[name].most, needed)
    if "words" in widths:
        least = next(cells for from_width, cells in _WORDS if width >= from_width)
        widths["words"] = min(least, longest_words)
    _shrink(widths, width - blanks * len(widths))
    if "words" in widths:
        others = sum(cells for name, cells in widths.items() if name != "words")
        widths["words"] = max(widths["words"], width - blanks * len(widths) - others)
    return widths


_GIVE = (("state", 14), ("alert", 9), ("who", 18), ("legs", 24), ("talk", 11), ("who", 10), ("legs", 4), ("alert", 2),
         ("words", 10), ("state", 9), ("who", 8), ("words", 4), ("state", 6), ("who", 6))  # fmt: skip
"""Which columns become narrower, and down to what, where there is not room for all."""


def _shrink(widths: dict[str, int], room: int) -> None:
    for name, least in _GIVE:
        excess = sum(widths.values()) - room
        if excess <= 0:
            return
        if widths.get(name, 0) > least:
            widths[name] = max(least, widths[name] - excess)


def describe(shown: Shown, now: datetime, width: int) -> dict[str, Cell]:
    """Return what stands in each column of a call."""
    entry = shown.entry
    length = "" if shown.length_s is None else format_position(shown.length_s)
    began = show_beginning(entry.call.started_at, now)
    channels = ", ".join(row.leg.channel for row in entry.call.legs)
    return {
        "alert": _show_alert(shown, width),
        "state": _show_state(shown),
        "who": Cell(show_name(str(entry.sides), 80)),
        "direction": Cell(entry.sides.direction),
        "began": Cell(length if shown.is_live and width < MIDDLE else began),
        "length": Cell(length),
        "legs": _show_legs(shown.details.live.legs, width),
        "talk": _show_talk(shown),
        "keys": Cell(entry.digits[-12:]),
        "channels": Cell(show_name(channels, 200)),
        "words": _show_words(shown),
    }


FILTERED = (*COLUMNS, "from", "to", "id")
"""Where the filter looks, by name."""


def make_searchable(shown: Shown, cells: Mapping[str, Cell]) -> dict[str, str]:
    """Return what the filter looks into, by column: also what is too long to be shown, or is shown as a sign."""
    states = " ".join(say_leg(leg) for leg in shown.details.live.legs)
    alerts = " ".join(f"{alert.severity} {alert.rule}" for alert in shown.alerts)
    texts = {name: cell.text for name, cell in cells.items()} | {"legs": states, "alert": alerts}
    texts["state"] += f" {shown.entry.state.value}"
    texts["words"] += f" {shown.entry.call.last_words}"
    texts["from"], texts["to"] = (
        " ".join((side.shown, side.number, *side.names))
        for side in (shown.entry.sides.caller, shown.entry.sides.called)
    )
    texts["id"] = " ".join((shown.entry.call.id, *shown.call_ids.values()))
    return {name: text.casefold() for name, text in texts.items()}


def say_leg(leg: LegNow) -> str:
    """Return what goes on on a leg, in words."""
    if leg.state is LegState.BEHIND:
        return f"words behind by {leg.lag_s:.0f} s"
    return leg.state.value


def _show_alert(shown: Shown, width: int) -> Cell:
    alert = shown.alert
    if alert is None:
        return Cell()
    rule = f" {show_name(alert.rule, 40)}" if width >= MIDDLE else ""
    return Cell(f"{alert.severity.sign}{rule}", _SEVERITY_LOOKS[alert.severity])


def _show_state(shown: Shown) -> Cell:
    entry, lag_s = shown.entry, shown.details.lag_s
    if shown.is_live:
        text, look = (f"● {lag_s:.0f} s behind", "warning") if lag_s else ("● live", "good")
    else:
        text, look = f"  {entry.state.value}", _STATE_LOOKS.get(entry.state, "")
    return Cell(f"{text}, {entry.remark}", "warning") if entry.remark else Cell(text, look)


def _show_legs(legs: Sequence[LegNow], width: int) -> Cell:
    """Show what goes on on each leg, in words where there is room; the whole in the colour of what is worst."""
    if not legs:
        return Cell()
    worst = min((leg.state for leg in legs), key=list(_LOOKS).index)
    if width < WIDE:
        return Cell(" ".join(SIGNS[leg.state] for leg in legs), _LOOKS[worst])
    marks = (f"{mark(rank)} " if len(legs) > 1 else "" for rank in range(len(legs)))
    told = (f"{who}{SIGNS[leg.state]} {say_leg(leg)}" for who, leg in zip(marks, legs, strict=True))
    return Cell("  ".join(told), _LOOKS[worst])


def _show_talk(shown: Shown) -> Cell:
    talked = [shown.talk.get(row.leg.label, 0.0) for row in shown.entry.call.legs]
    whole = sum(talked)
    if not shown.is_live or not whole:
        return Cell()
    shares = "/".join(f"{100 * part / whole:.0f}" for part in talked)
    return Cell(
        f"{format_position(whole)} {shares}%" if len(talked) > 1 else format_position(whole)
    )


def _show_words(shown: Shown) -> Cell:
    said = shown.details.live.said
    words = said or shown.entry.call.last_words
    return Cell(show_name(words[-400:], 400), "" if shown.is_live else "quiet") if words else Cell()


def cut(text: str, width: int, *, keeps_end: bool) -> str:
    """Return a text that fits, cut at its beginning if its end is what is new."""
    if cell_len(text) <= width:
        return text
    if not keeps_end:
        return text  # the table cuts it
    kept = text[-width:]
    while cell_len(kept) > width - 1:
        kept = kept[1:]
    return f"…{kept}"
