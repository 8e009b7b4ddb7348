"""`streamer search`: what was said, in all calls."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from streamer.calls.catalog import name_speakers
from streamer.calls.choosing import ANYBODY, Parties, narrow
from streamer.calls.encoding import encode_hit
from streamer.calls.passages import Passage, PassageLine, read_passages
from streamer.cli import output
from streamer.cli.moments import show_moment
from streamer.config import Settings
from streamer.core.folders import show_folder
from streamer.core.transcript import format_position
from streamer.core.untrusted import printable
from streamer.errors import ExitCode
from streamer.store import Filter, open_reader

_LONGEST = 10_000

_PARTING = "--"
"""Between lines that do not follow each other, as grep has it."""


def run_search(
    settings: Settings,
    query: str,
    filter: Filter,
    parties: Parties = ANYBODY,
    *,
    limit: int,
    offset: int,
    context: int | None,
    as_json: bool,
) -> int:
    """Print the utterances that a search finds, newest first; an empty result is not an error.

    `context` is how many lines of the call stand before and after each, by default as many as a reader needs.

    Raises:
        StreamerError: The database cannot be read, or the query has an error.
    """
    lines = _choose_context(context, as_json=as_json)
    passages = asyncio.run(
        _search(settings, query, filter, parties, limit=limit, offset=offset, lines=lines)
    )
    if as_json:
        _print_json(settings, passages)
    else:
        _print_text(settings, passages, is_parted=lines > 0)
    if not passages and not as_json:
        output.talk(f"Nothing found in {show_folder(settings.recordings)}")
    return ExitCode.DONE


def _choose_context(context: int | None, *, as_json: bool) -> int:
    if context is None:
        return int(output.is_terminal() and not as_json)
    return context


async def _search(
    settings: Settings,
    query: str,
    filter: Filter,
    parties: Parties,
    *,
    limit: int,
    offset: int,
    lines: int,
) -> list[Passage]:
    async with open_reader(settings) as reader:
        filter = await narrow(reader, Path(settings.recordings), filter, parties)
        hits = await reader.search(query, filter, limit=limit, offset=offset)
        return await read_passages(reader, hits, lines=lines)


def _print_json(settings: Settings, passages: Sequence[Passage]) -> None:
    hits = [line.said for passage in passages for line in passage]
    for hit, speaker in zip(hits, name_speakers(Path(settings.recordings), hits), strict=True):
        output.json_line(encode_hit(hit, speaker))


def _print_text(settings: Settings, passages: Sequence[Passage], *, is_parted: bool) -> None:
    show = _show if output.is_terminal() else _print
    said = [line.said for passage in passages for line in passage]
    speakers = iter(name_speakers(Path(settings.recordings), said))
    for number, passage in enumerate(passages):
        if number and is_parted:
            output.data(_PARTING)
        for line in passage:
            show(line, next(speakers))


def _print(line: PassageLine, speaker: str) -> None:
    output.data(f"{_place(line, speaker)} {printable(line.said.text, limit=_LONGEST)}")


def _show(line: PassageLine, speaker: str) -> None:
    from rich.text import Text

    drawn = Text(f"{_place(line, speaker)} ", style="dim")
    said = Text(line.said.text, style="not dim" if line.is_hit else "")
    for start, end in line.said.spans:
        said.stylize("bold reverse", start, end)
    output.show(drawn.append_text(said))


def _place(line: PassageLine, speaker: str) -> str:
    """Return what stands before a line, with a hyphen at its end if the line was not looked for, as grep has it."""
    said, sign = line.said, ":" if line.is_hit else "-"
    began, at = show_moment(said.spoken_at), format_position(said.start_s)
    return f"{said.call_id} {began} [{at}] {printable(speaker)}{sign}"
