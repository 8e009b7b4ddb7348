"""Transcripts as text in a format that other programs read: a pure function each, and one line here.

Each returns the same text for the same transcript, ends it with exactly one line end, and makes a valid document of the
format even of a call on which nothing was said. No control characters come out, because a `Transcript` holds none.
"""

from __future__ import annotations

from collections.abc import Callable

from streamer.core.transcript import Transcript
from streamer.exporters import csv, json, srt, txt, vcon, vtt

Exporter = Callable[[Transcript], str]

EXPORTERS: dict[str, Exporter] = {
    "txt": txt.render,
    "srt": srt.render,
    "vtt": vtt.render,
    "json": json.render,
    "csv": csv.render,
    "vcon": vcon.render,
}
"""Every format by the name that `--format` takes."""

_MARKED = frozenset({"csv"})
"""Formats of which spreadsheets take a file for one of an old code page, unless it begins with a mark."""


def encode_file(format_name: str, transcript: Transcript) -> bytes:
    """Return what a file of a format holds: as text that is printed or piped, but a CSV says that it is UTF-8."""
    return EXPORTERS[format_name](transcript).encode(
        "utf-8-sig" if format_name in _MARKED else "utf-8"
    )
