"""`streamer channels`: who is on the phone now, and what changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamer.ari.access import Access, read_access
from streamer.ari.client import open_ari
from streamer.ari.listing import follow_lines, list_lines
from streamer.ari.roster import Line, list_changes
from streamer.cli import output
from streamer.cli.signals import run_to_end
from streamer.config import Settings
from streamer.core.encoding import encode_time
from streamer.core.moments import show_local
from streamer.core.untrusted import printable
from streamer.errors import ExitCode, RecordingError
from streamer.recording.index import Recordings

if TYPE_CHECKING:
    from rich.table import Table

_COLUMNS = ("name", "state", "caller", "with", "since", "codec", "bridge", "id", "tapped")
_SHORT_ID = 4

Show = Callable[[Sequence[Line], Collection[Line]], None]
"""Shows the lines there are, and what has changed in them."""


def run_channels(settings: Settings, *, is_watching: bool, as_json: bool) -> int:
    """Print who is on the phone; nobody is not an error.

    Raises:
        UsageError: A setting of ARI is missing or wrong.
        UnreachableError: ARI cannot be asked.
    """
    access = read_access(settings)
    find = partial(find_tapped, Path(settings.recordings))
    if is_watching:
        return _run_watch(access, find, _choose_show(as_json=as_json))
    return run_to_end(_list(access, find, _choose_show(as_json=as_json)))


def _run_watch(access: Access, find: Callable[[], dict[str, str]], show: Show) -> int:
    try:
        return run_to_end(_watch(access, find, show))
    except BrokenPipeError:
        return output.close_quietly()


async def _list(access: Access, find: Callable[[], dict[str, str]], show: Show) -> int:
    async with open_ari(access) as ari:
        lines = await list_lines(ari, find)
    show(lines, lines)
    return ExitCode.DONE


async def _watch(access: Access, find: Callable[[], dict[str, str]], show: Show) -> int:
    before: Sequence[Line] | None = None
    async with open_ari(access) as ari, aclosing(follow_lines(ari, find, output.talk)) as listed:
        async for lines in listed:
            changes = list_changes(before or [], lines)
            if changes or before is None:
                show(lines, changes)
            before = lines
    return ExitCode.DONE


def find_tapped(recordings: Path) -> dict[str, str]:
    """Return the call that each channel is recorded in now, by the name or id that the recording has of it.

    Raises:
        RecordingError: The folder of recordings cannot be read.
    """
    place = Recordings(recordings)
    tapped = {}
    for call in place.live_ids():
        with suppress(RecordingError):  # it has only just begun, or is damaged
            described = place[call].read()
            for leg in described["legs"]:
                tapped[str(leg.get("channel", ""))] = call
            if isinstance(facts := described.get("facts"), dict):  # of one that we have called
                tapped[str(facts.get("channel_id", ""))] = call
    return tapped


def encode_line(line: Line) -> dict[str, Any]:
    """Return a channel as `--json` lists it."""
    channel = line.channel
    return {
        "id": channel.id,
        "name": channel.name,
        "state": channel.state,
        "caller": channel.caller.number,
        "connected": channel.connected.number,
        "bridge": line.bridge,
        "linkedid": line.linkedid,
        "created": encode_time(channel.created) if channel.created else None,
        "codec": line.codec,
        "tapped": line.tapped,
    }


def _choose_show(*, as_json: bool) -> Show:
    if as_json:
        return _show_json
    return _show_table if output.is_terminal() else _show_text


def _show_json(_: Sequence[Line], changes: Collection[Line]) -> None:
    for line in changes:
        output.json_line(encode_line(line))


def _show_text(_: Sequence[Line], changes: Collection[Line]) -> None:
    for line in changes:
        output.data("\t".join(_cells(line)))


def _show_table(lines: Sequence[Line], _: Collection[Line]) -> None:
    output.show(_draw(lines))


def _cells(line: Line) -> list[str]:
    channel = line.channel
    since = show_local(channel.created, "%Y-%m-%d %H:%M:%S") if channel.created else ""
    cells = (
        channel.name,
        channel.state,
        channel.caller.number,
        channel.connected.number,
        since,
        line.codec or "",
        line.bridge or "",
        channel.id,
        line.tapped or "",
    )
    return [printable(cell) for cell in cells]


def _draw(lines: Sequence[Line]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    for name in _COLUMNS:
        table.add_column(name, no_wrap=name != "tapped", overflow="ellipsis")
    for line in lines:
        cells = _cells(line)
        if line.channel.created:
            cells[4] = show_local(line.channel.created, "%H:%M")
        cells[6] = cells[6][:_SHORT_ID]
        table.add_row(*map(Text, cells))
    if not lines:
        table.add_row(Text("no calls at the moment", "dim"))
    return table
