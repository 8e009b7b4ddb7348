"""What was said on a call, put together from the store and from its folder."""

from __future__ import annotations

from streamer.calls.catalog import Entry
from streamer.core.transcript import Transcript
from streamer.recording.speaker_names import read_names
from streamer.store import Reader


async def read_transcript(reader: Reader, entry: Entry) -> Transcript:
    """Return what is settled of a call, its times with the offset of local time.

    Raises:
        StoreError: The store cannot be read.
    """
    call = entry.call
    return Transcript(
        call.id,
        call.source,
        call.started_at.astimezone(),
        tuple(row.leg for row in call.legs),
        tuple(await reader.read_segments(call.id)),
        read_names(call.folder),
        entry.losses,
        tuple(await reader.read_unclear(call.id)),
        call.zero_at.astimezone() if call.zero_at else None,
        entry.holds,
        alerts=tuple(await reader.read_alerts([call.id])),
        caller=entry.sides.caller.number,
        called=entry.sides.called.number,
        dtmf=entry.dtmf,
        marks=tuple(await reader.read_marks([call.id])),
    )
