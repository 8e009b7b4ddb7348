"""CSV (RFC 4180): a header, then a row for each utterance; UTF-8, lines end in CR LF.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and a formula can send a call's text
elsewhere. Such a cell begins with an apostrophe instead, which spreadsheets read as "this is text". So does what follows a
semicolon, because half of the world's spreadsheets cut cells there, quoted or not. Tabs and line ends, which the same rule
is about, never stand in a `Transcript`. (OWASP, "CSV Injection")
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator

from streamer.core.transcript import Transcript

HEADER = ("call", "leg", "utterance", "start", "end", "language", "text", "speaker")
"""Columns; `start` and `end` are seconds in the leg's WAV, `speaker` is the name of the leg's, or its label.

Speech without words is a row with the text `[unclear]`, without utterance and language."""

_FORMULA = re.compile(r"(^|;[ \"]*)(?=[=+\-@＝＋－＠])")
"""Where a formula could begin; the wide forms count as well in Japanese spreadsheets."""


def render(transcript: Transcript) -> str:
    """Return the transcript as CSV."""
    return write_rows([HEADER, *list_rows(transcript)])


def write_rows(rows: Iterable[Iterable[str]]) -> str:
    """Return rows as CSV, every cell harmless in a spreadsheet."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([defuse(cell) for cell in row] for row in rows)
    return out.getvalue()


def defuse(cell: str) -> str:
    """Return the cell with an apostrophe wherever a spreadsheet could see a formula begin."""
    return _FORMULA.sub(r"\1'", cell)


def list_rows(transcript: Transcript) -> Iterator[tuple[str, ...]]:
    """Yield a row under `HEADER` for each utterance."""
    for segment in transcript.lines:
        yield (
            transcript.call_id,
            segment.leg,
            str(segment.utterance or ""),
            f"{segment.start_s:.3f}",
            f"{segment.end_s:.3f}",
            segment.language,
            segment.text,
            transcript.name(segment.leg),
        )
