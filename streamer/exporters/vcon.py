"""vCon (.vcon): a conversation as JSON that other programs take in. (IETF, draft-ietf-vcon-vcon-core, version 0.4.0)

parties     a party a leg: name, and tel if the PBX tells its number
dialog      a text a line, holds and unclear speech among them, with its moment, length and party; none where nobody knows when
            the call began
analysis    one transcript: the document of the format json, with the time of each word, alerts and marks

Times and ids come of the call, so that the same call makes the same vCon; a call that began nobody knows when is created in 1970.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from streamer.core.audio import Leg
from streamer.core.events import Segment
from streamer.core.transcript import Transcript
from streamer.exporters.json import FORMAT, VERSION, encode

SYNTAX = "0.4.0"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:streamer:call")
_UNKNOWN = datetime.fromtimestamp(0, UTC)


def render(transcript: Transcript) -> str:
    """Return the transcript as a vCon."""
    return json.dumps(encode_vcon(transcript), ensure_ascii=False, indent=1) + "\n"


def encode_vcon(transcript: Transcript) -> dict[str, Any]:
    """Return the transcript as the object that `render` writes."""
    began_at = transcript.zero_at or transcript.started_at
    lines = transcript.lines
    speakers = tuple(dict.fromkeys([*transcript.speakers, *(line.leg for line in lines)]))
    legs = {leg.label: leg for leg in transcript.legs}
    dialog = (
        [_encode_line(line, began_at, speakers.index(line.leg)) for line in lines]
        if began_at
        else []
    )
    return {
        "vcon": SYNTAX,
        "uuid": str(uuid.uuid5(_NAMESPACE, transcript.call_id)),
        "created_at": _encode_moment(transcript.started_at or _UNKNOWN),
        "subject": f"call {transcript.call_id}",
        "parties": [_encode_party(label, legs.get(label), transcript) for label in speakers],
        "dialog": dialog,
        "analysis": [_encode_transcript(transcript, len(dialog))],
    }


def _encode_party(label: str, leg: Leg | None, transcript: Transcript) -> dict[str, Any]:
    tel = {"tel": leg.number} if leg and leg.number else {}
    return {**tel, "name": transcript.name(label)}


def _encode_line(line: Segment, began_at: datetime, party: int) -> dict[str, Any]:
    return {
        "type": "text",
        "start": _encode_moment(_add(began_at, line.start_s)),
        "duration": round(max(0.0, line.end_s - line.start_s), 3),
        "parties": [party],
        "originator": party,
        "mediatype": "text/plain",
        "body": line.text,
        "encoding": "none",
    }


def _encode_transcript(transcript: Transcript, lines: int) -> dict[str, Any]:
    return {
        "type": "transcript",
        **({"dialog": list(range(lines))} if lines else {}),
        "mediatype": "application/json",
        "vendor": "streamer",
        "product": "streamer",
        "schema": f"{FORMAT}/{VERSION}",
        "body": json.dumps(encode(transcript), ensure_ascii=False),
        "encoding": "json",
    }


def _add(moment: datetime, seconds: float) -> datetime:
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:  # the times of a damaged database
        return moment


def _encode_moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
