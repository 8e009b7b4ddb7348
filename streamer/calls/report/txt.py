"""A report as plain text: at most 80 columns wide, for a terminal or a mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streamer.calls.report.document import Bar, Chart, Column, Report, Table
from streamer.exporters.lines import measure, split_text

WIDTH = 80

_LONGEST_BAR = 40
_BETWEEN = "  "
_INDENT = "    "


def render(report: Report) -> str:
    """Return the report as text."""
    lines = [report.title, "=" * min(WIDTH, measure(report.title)), ""]
    lines += _align([(value, name) for name, value in report.facts], (Column("", True), Column("")))
    for part in report.parts:
        lines += ["", part.title, "-" * min(WIDTH, measure(part.title))]
        lines += _draw_chart(part) if isinstance(part, Chart) else _write_table(part)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _draw_chart(chart: Chart) -> Iterator[str]:
    most = max((bar.value for bar in chart.bars), default=0)
    labels = max((measure(bar.label) for bar in chart.bars), default=0)
    for bar in chart.bars:
        yield f"{_pad(bar.label, labels)}{_BETWEEN}{_draw_bar(bar, most)}"


def _draw_bar(bar: Bar, most: int) -> str:
    if not bar.value:
        return "0"
    return "#" * max(1, bar.value * _LONGEST_BAR // most) + f" {bar.value}"


def _write_table(table: Table) -> Iterator[str]:
    if not table.rows:
        yield table.none
        return
    heads = tuple(column.title for column in table.columns)
    aligned = list(_align([heads, *table.rows], table.columns))
    if max(map(measure, aligned)) <= WIDTH:
        yield from aligned
    else:
        for row in table.rows:
            yield from _write_row(table.columns, row)
    if table.left_out:
        yield f"and {table.left_out} more"


def _align(rows: Sequence[Sequence[str]], columns: Sequence[Column]) -> Iterator[str]:
    widths = [max(map(measure, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, columns, strict=True)
        padded = (_pad(cell, width, at_right=column.is_number) for cell, width, column in cells)
        yield _BETWEEN.join(padded).rstrip()


def _write_row(columns: Sequence[Column], row: Sequence[str]) -> Iterator[str]:
    """Write a row that is too wide as a paragraph, its last cell on lines of its own; a number says of what it is."""
    *head, last = (
        f"{cell} {column.title}" if column.is_number else cell
        for column, cell in zip(columns, row, strict=True)
    )
    yield from _wrap(_BETWEEN.join(head))
    yield from _wrap(last, indent=_INDENT)


def _wrap(text: str, *, indent: str = "") -> Iterator[str]:
    line = indent
    for word in text.split(" "):
        for piece in split_text(word, WIDTH - len(_INDENT)):
            joined = f"{line} {piece}" if line.strip() else line + piece
            if measure(joined) <= WIDTH:
                line = joined
                continue
            yield line
            line = _INDENT + piece
    yield line


def _pad(text: str, width: int, *, at_right: bool = False) -> str:
    blanks = " " * (width - measure(text))
    return blanks + text if at_right else text + blanks
