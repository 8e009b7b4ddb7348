"""The transcripts of several files as one text, each saying whose it is.

txt         every line begins with the file; one on which nothing was said is a line with its name alone
srt, vtt    numbers go on from file to file, times begin anew; the first line of each cue names the file
json        a compact object a line, whose first field is `file`
csv         one header, whose first column is `file`
others      the file in a line `==> FILE <==`, then its text as it would stand alone
"""

from __future__ import annotations

import json
from collections.abc import Callable

from streamer.core.transcript import Transcript
from streamer.core.untrusted import escape_json, one_line
from streamer.exporters import EXPORTERS, Exporter, csv, srt, txt, vtt
from streamer.exporters.json import encode


class Several:
    """Texts of one format in a row; what `begin`, `add` and `add` return, put together, is one document."""

    def __init__(self, format_name: str) -> None:
        self._render = _FORMATS.get(format_name) or _under_headings(EXPORTERS[format_name])
        self._begin = _BEGINNINGS.get(format_name, "")
        self._next = 1

    def begin(self) -> str:
        """Return what stands above the first file; empty in most formats."""
        return self._begin

    def add(self, file: str, transcript: Transcript) -> str:
        """Return the text of one more file; empty where the format has no place for one without words."""
        text, used = self._render(file, transcript, self._next)
        self._next += used
        return text


_Rendered = tuple[str, int]
"""A text, and how many numbers it has used."""


def _render_txt(file: str, transcript: Transcript, first: int) -> _Rendered:
    name = one_line(file)
    lines = [f"{name}: {line}" for line in txt.list_lines(transcript)]
    return "\n".join(lines or [f"{name}:"]) + "\n", 0


def _render_srt(file: str, transcript: Transcript, first: int) -> _Rendered:
    cues = srt.render_cues(transcript, first=first, heading=one_line(file))
    return _apart(cues), len(cues)


def _render_vtt(file: str, transcript: Transcript, first: int) -> _Rendered:
    cues = vtt.render_numbered(transcript, first=first, heading=one_line(file))
    return _apart(cues), len(cues)


def _apart(cues: list[str]) -> str:
    return "".join(f"{cue}\n" for cue in cues)


def _render_json(file: str, transcript: Transcript, first: int) -> _Rendered:
    text = json.dumps({"file": file, **encode(transcript)}, ensure_ascii=False)
    return escape_json(text) + "\n", 0


def _render_csv(file: str, transcript: Transcript, first: int) -> _Rendered:
    return csv.write_rows((one_line(file), *row) for row in csv.list_rows(transcript)), 0


def _under_headings(render: Exporter) -> Callable[[str, Transcript, int], _Rendered]:
    return lambda file, transcript, first: (f"==> {one_line(file)} <==\n{render(transcript)}", 0)


_FORMATS = {
    "txt": _render_txt,
    "srt": _render_srt,
    "vtt": _render_vtt,
    "json": _render_json,
    "csv": _render_csv,
}
_BEGINNINGS = {"vtt": vtt.BEGINNING + "\n", "csv": csv.write_rows([("file", *csv.HEADER)])}
