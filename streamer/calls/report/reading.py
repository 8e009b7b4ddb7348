"""Reads the calls of a report from the store and their folders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from streamer.calls.catalog import CallState, Entry, list_entries
from streamer.calls.choosing import Parties
from streamer.calls.numbers import measure_call
from streamer.calls.report.composing import ReportedCall
from streamer.core.alert import Alert
from streamer.recording.private_files import is_regular
from streamer.recording.quality import measure_quality
from streamer.store import Filter, Reader

_MOST_CALLS = 100_000


async def read_calls(
    reader: Reader, recordings: Path, filter: Filter, parties: Parties
) -> AsyncIterator[ReportedCall]:
    """Yield the calls that a filter lets through, newest first.

    Raises:
        StoreError: The store cannot be read.
        RecordingError: The folder of recordings cannot be read.
    """
    entries = await list_entries(reader, recordings, filter, limit=_MOST_CALLS)
    alerts: dict[str, list[Alert]] = {}
    for alert in await reader.read_alerts([entry.call.id for entry in entries]):
        alerts.setdefault(alert.call_id, []).append(alert)
    for entry in entries:
        if parties.match(entry):
            yield await _read_call(reader, entry, tuple(alerts.get(entry.call.id, ())))


async def _read_call(reader: Reader, entry: Entry, alerts: tuple[Alert, ...]) -> ReportedCall:
    call = entry.call
    segments = await reader.read_segments(call.id)
    legs = [row.leg.label for row in call.legs]
    talk_s = measure_call(segments, legs, duration_s=call.duration_s).talk_s
    if entry.state is CallState.LIVE:  # a party may only not have said anything yet
        return ReportedCall(entry, talk_s, alerts)
    qualities = await asyncio.to_thread(measure_quality, call.folder)
    return ReportedCall(entry, talk_s, alerts, qualities, _list_gone(entry))


def _list_gone(entry: Entry) -> tuple[str, ...]:
    """Return the legs of which something was transcribed that is not there any more."""
    return tuple(
        row.leg.label
        for row in entry.call.legs
        if (row.progress.position or entry.state is CallState.MISSING)
        and not is_regular(row.recording)
    )
