"""`streamer search`: what was said, in all calls."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.calls.catalog import name_speakers
from streamer.calls.choosing import ANYBODY, Parties, narrow
from streamer.calls.encoding import encode_hit
from streamer.cli import output
from streamer.cli.moments import show_moment
from streamer.config import Settings
from streamer.core.folders import show_folder
from streamer.core.transcript import format_position
from streamer.core.untrusted import printable
from streamer.errors import ExitCode
from streamer.store import Filter, Hit, open_reader

if TYPE_CHECKING:
    from rich.text import Text

_LONGEST = 10_000


def run_search(
    settings: Settings,
    query: str,
    filter: Filter,
    parties: Parties = ANYBODY,
    *,
    limit: int,
    offset: int,
    as_json: bool,
) -> int:
    """Print the utterances that a search finds, newest first; an empty result is not an error.

    Raises:
        StreamerError: The database cannot be read, or the query has an error.
    """
    hits = asyncio.run(_search(settings, query, filter, parties, limit=limit, offset=offset))
    speakers = name_speakers(Path(settings.recordings), hits)
    for hit, speaker in zip(hits, speakers, strict=True):
        if as_json:
            output.json_line(encode_hit(hit, speaker))
        elif output.is_terminal():
            output.show(_draw(hit, speaker))
        else:
            output.data(f"{_place(hit, speaker)}: {printable(hit.text, limit=_LONGEST)}")
    if not hits and not as_json:
        output.talk(f"Nothing found in {show_folder(settings.recordings)}")
    return ExitCode.DONE


async def _search(
    settings: Settings, query: str, filter: Filter, parties: Parties, *, limit: int, offset: int
) -> list[Hit]:
    async with open_reader(settings) as reader:
        filter = await narrow(reader, Path(settings.recordings), filter, parties)
        return await reader.search(query, filter, limit=limit, offset=offset)


def _place(hit: Hit, speaker: str) -> str:
    began = show_moment(hit.spoken_at)
    return f"{hit.call_id} {began} [{format_position(hit.start_s)}] {printable(speaker)}"


def _draw(hit: Hit, speaker: str) -> Text:
    from rich.text import Text

    line = Text(f"{_place(hit, speaker)}: ", style="dim")
    said = Text(hit.text, style="not dim")
    for start, end in hit.spans:
        said.stylize("bold reverse", start, end)
    return line.append_text(said)
