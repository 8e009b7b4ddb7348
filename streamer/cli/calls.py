"""`streamer calls`: list calls, newest first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.calls.catalog import CallState, Entry, find_entry, list_entries, list_live
from streamer.calls.choosing import ANYBODY, Parties, narrow
from streamer.calls.encoding import encode_alerts, encode_entry
from streamer.cli import output
from streamer.cli.moments import show_moment
from streamer.config import Settings
from streamer.core.alert import Alert
from streamer.core.folders import say_no_calls, show_folder
from streamer.core.moments import show_local
from streamer.core.transcript import format_position, show_alert
from streamer.core.untrusted import printable
from streamer.errors import ExitCode
from streamer.recording.index import Recordings
from streamer.store import Filter, open_reader

if TYPE_CHECKING:
    from rich.table import Table

_COLUMNS = ("began", "state", "length", "from → to", "keys", "last words")
_SHARES = {"from → to": 2, "last words": 3}
_STYLES = {
    CallState.LIVE: "bold green",
    CallState.UNFINISHED: "yellow",
    CallState.MISSING: "yellow",
}


def run_calls(
    settings: Settings,
    filter: Filter,
    *,
    text: str,
    parties: Parties = ANYBODY,
    is_live_only: bool,
    limit: int,
    before: str | None,
    as_json: bool,
) -> int:
    """Print calls; an empty list is not an error.

    Raises:
        StreamerError: The database cannot be read, or the search in `text` has an error.
    """
    listing = _list(
        settings,
        filter,
        parties,
        text=text,
        limit=limit,
        before=before,
        is_live_only=is_live_only,
    )
    entries, alerts = asyncio.run(listing)
    if as_json:
        for entry in entries:
            told = {"alerts": encode_alerts(alerts[entry.call.id])} if filter.has_alert else {}
            output.json_line(encode_entry(entry) | told)
    elif filter.has_alert:
        _tell_alerts(entries, alerts)
    elif output.is_terminal():
        if entries:
            output.show(_draw(entries))
    else:
        for entry in entries:
            output.data("\t".join(_fields(entry)))
    if not as_json:
        is_filtered = bool(text or is_live_only or before or parties)
        _say_place(settings, count=len(entries), is_filtered=is_filtered)
    return ExitCode.DONE


def _say_place(settings: Settings, *, count: int, is_filtered: bool) -> None:
    """Say in which folder was looked for calls; of an empty one, what makes a call."""
    folder = settings.recordings
    if not count and Recordings(Path(folder)).call_ids():
        output.talk(f"No call in {show_folder(folder)} matches")
    elif not count and not is_filtered:
        output.talk(say_no_calls(folder))
    else:
        ids = ". Ids: streamer calls --json" if count and output.is_terminal() else ""
        output.talk(f"{count} call{'' if count == 1 else 's'} in {show_folder(folder)}{ids}")


async def _list(
    settings: Settings,
    filter: Filter,
    parties: Parties,
    *,
    text: str,
    limit: int,
    before: str | None,
    is_live_only: bool,
) -> tuple[list[Entry], dict[str, list[Alert]]]:
    """Return calls, and by their ids their alerts, as far as these are asked for."""
    recordings = Path(settings.recordings)
    async with open_reader(settings) as reader:
        filter = await narrow(reader, recordings, filter, parties)
        if is_live_only:
            entries = await list_live(reader, recordings, filter, text=text)
        else:
            if before is not None:
                before = (await find_entry(reader, recordings, before)).call.id
            entries = await list_entries(
                reader, recordings, filter, text=text, limit=limit, before=before
            )
        alerts: dict[str, list[Alert]] = {entry.call.id: [] for entry in entries}
        for alert in await reader.read_alerts(alerts) if filter.has_alert else ():
            alerts[alert.call_id].append(alert)
        return entries, alerts


def _tell_alerts(entries: Sequence[Entry], alerts: Mapping[str, Sequence[Alert]]) -> None:
    """Print a line an alert, below no heading: its call, when the words were said, and the alert."""
    for entry in entries:
        for alert in alerts[entry.call.id]:
            cells = (entry.call.id, show_moment(alert.at), show_alert(alert))
            output.data("\t".join(printable(cell, limit=1000) for cell in cells))


def show_legs(entry: Entry) -> str:
    """Return a call's parties and their channels as one line."""
    rows = zip(entry.parties, entry.call.legs, strict=True)
    return ", ".join(f"{party} {row.leg.channel}" for party, row in rows)


def _fields(entry: Entry) -> list[str]:
    """Return what a line of a piped list holds; the remark stays last."""
    call, sides = entry.call, entry.sides
    cells = (call.id, show_moment(call.started_at), entry.state.value, _show_length(entry))
    who = (sides.caller.shown, sides.called.shown, entry.digits)
    told = (*cells, show_legs(entry), call.last_words, *who, entry.remark)
    return [printable(cell) for cell in told]


def _cells(entry: Entry) -> list[str]:
    """Return what a row of the table holds."""
    began = show_local(entry.call.started_at, "%m-%d %H:%M")
    cells = (began, entry.state.value, _show_length(entry), str(entry.sides), entry.digits)
    return [printable(cell) for cell in (*cells, entry.call.last_words)]


def _show_length(entry: Entry) -> str:
    length_s = entry.call.duration_s
    return "" if length_s is None else format_position(length_s)


def _draw(entries: list[Entry]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    for name in _COLUMNS:
        table.add_column(
            name,
            justify="right" if name == "length" else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=_SHARES.get(name),
        )
    for entry in entries:
        cells = [Text(cell) for cell in _cells(entry)]
        cells[1].stylize(_STYLES.get(entry.state, ""))
        if entry.remark:
            cells[1].append(f", {entry.remark}", "yellow")
        table.add_row(*cells)
    return table
