"""What the list of calls shows, row by row, as of one look: calls with what goes on, parties of a spied call as one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from streamer.calls.catalog import CallState, Entry
from streamer.calls.listing import Board, Listing
from streamer.calls.spied import group_spied, merge_spied
from streamer.core.alert import Alert
from streamer.store import Reader
from tui.state.arrangement import Shown
from tui.state.leg_states import LiveCall
from tui.state.list_details import CallDetails, DetailsReader


class BoardReader:
    """Looks again and again at the calls of a folder of recordings."""

    def __init__(self, recordings: Path) -> None:
        self._listing = Listing(recordings)
        self._details = DetailsReader()
        self._version = 0
        self._alerts: dict[str, list[Alert]] = {}
        """Of each live call."""

    async def look(self, reader: Reader | None, now: datetime, *, limit: int) -> list[Shown]:
        """Return what is to be shown, live calls first.

        Raises:
            StoreError: The store cannot be read.
            RecordingError: The folder of recordings cannot be read.
        """
        board = await self._listing.look(reader, limit=limit)
        details = await asyncio.to_thread(self._details.read, board.entries)
        live = [entry.call.id for entry in board.entries if entry.state is CallState.LIVE]
        self._alerts = {call_id: self._choose(call_id, board) for call_id in live}
        board = replace(board, alerts={**board.alerts, **self._alerts})
        return [_show(group, board, details, now) for group in group_spied(board.entries)]

    async def find_new_alerts(self, reader: Reader) -> dict[str, list[Alert]]:
        """Return all alerts of each live call on which a rule has fired since the last look; cheap enough to ask many times a second.

        Raises:
            StoreError: The store cannot be read.
        """
        version = await reader.read_version()
        if version == self._version or not self._alerts:
            return {}
        read: dict[str, list[Alert]] = {}
        for alert in await reader.read_alerts(self._alerts):
            read.setdefault(alert.call_id, []).append(alert)
        self._version = version
        new = {name: each for name, each in read.items() if len(each) > len(self._alerts[name])}
        self._alerts.update(new)
        return new

    def _choose(self, call_id: str, board: Board) -> list[Alert]:
        """Return the alerts of a live call: since it was looked at, more may have been found."""
        looked, known = board.alerts.get(call_id, []), self._alerts.get(call_id, [])
        return known if len(known) > len(looked) else looked


def add_alerts(shown: Shown, new: Mapping[str, Sequence[Alert]]) -> Shown:
    """Return a row with the alerts of its calls that are new; the same one if it has none."""
    names = [name for name in {shown.entry.call.id, *shown.call_ids.values()} if name in new]
    if not names:
        return shown
    others = [alert for alert in shown.alerts if alert.call_id not in names]
    return replace(shown, alerts=(*others, *(alert for name in names for alert in new[name])))


def _show(
    group: Sequence[Entry], board: Board, details: Mapping[str, CallDetails], now: datetime
) -> Shown:
    entry = merge_spied(group)
    names = [each.call.id for each in group]
    return Shown(
        entry,
        _merge_details([details.get(name, CallDetails()) for name in names], group),
        {label: s for name in names for label, s in board.talk.get(name, {}).items()},
        tuple(alert for name in names for alert in board.alerts.get(name, ())),
        _measure(entry, now),
        _name_parties(group),
    )


def _name_parties(group: Sequence[Entry]) -> dict[str, str]:
    if len(group) == 1:
        return {}
    return {row.leg.label: entry.call.id for entry in group for row in entry.call.legs}


def _measure(entry: Entry, now: datetime) -> float | None:
    call = entry.call
    if entry.state is not CallState.LIVE:
        return call.duration_s
    return max(0.0, (now - (call.zero_at or call.started_at)).total_seconds())


def _merge_details(parts: Sequence[CallDetails], group: Sequence[Entry]) -> CallDetails:
    if len(parts) == 1:
        return parts[0]
    labels = [row.leg.label for row in merge_spied(group).call.legs]
    legs = {leg.label: leg for part in parts for leg in part.live.legs}
    said = next((part.live.said for part in parts if part.live.said), "")
    return CallDetails(
        {label: name for part in parts for label, name in part.names.items()},
        any(part.is_live for part in parts),
        any(part.lacks_text for part in parts),
        max(part.lag_s for part in parts),
        LiveCall(tuple(legs[label] for label in labels if label in legs), said),
    )
