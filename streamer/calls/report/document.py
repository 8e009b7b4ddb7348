"""What a report consists of: charts and tables of harmless strings, which exporters lay out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streamer.core.untrusted import one_line

LONGEST_CELL = 400
"""Characters of a cell; the words of an utterance may be far more."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a chart."""

    label: str
    value: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Numbers that are compared."""

    title: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column; numbers stand at its right."""

    title: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below heads; `left_out` are rows that are not shown because there are too many."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    none: str
    """What is said instead of a table without rows."""
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report; every string is one line without controls or direction overrides."""

    title: str
    facts: tuple[tuple[str, str], ...]
    """The numbers that stand at the top, with their names."""
    parts: tuple[Chart | Table, ...]


def clean(text: str) -> str:
    """Return an untrusted string as a cell; `-` if nothing of it can be seen."""
    line = one_line(text)
    shown = line[: LONGEST_CELL - 1] + "…" if len(line) > LONGEST_CELL else line
    return shown or "-"


def make_chart(title: str, counts: Iterable[tuple[str, int]]) -> Chart:
    """Return a chart of labels with their numbers."""
    return Chart(title, tuple(Bar(clean(label), value) for label, value in counts))


def make_table(
    title: str, heads: str, rows: Sequence[Sequence[str]], *, none: str, most: int
) -> Table:
    """Return a table of the first `most` rows; `heads` are parted by commas, those of numbers begin with `#`."""
    columns = [
        Column(head.removeprefix("#"), is_number=head.startswith("#")) for head in heads.split(",")
    ]
    shown = tuple(tuple(map(clean, row)) for row in rows[:most])
    return Table(title, tuple(columns), shown, none, len(rows) - len(shown))
