"""What the body of a request may hold: a call that somebody is to make, or a mark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from streamer.api.names import check_names
from streamer.calls.asked import AskedCall
from streamer.core.audio import TONES
from streamer.core.mark import LONGEST_NOTE
from streamer.errors import UsageError
from streamer.tap.playbacks import PlaybackPlan
from streamer.wire.ari.dialling import LONGEST_RING_S

MOST_JSON = 1 << 17
"""Bytes of a body of JSON."""

_MOST = 1 << 31

_TEXTS = {
    "endpoint": "PJSIP/100, PJSIP/NUMBER@TRUNK, TECH/TRUNK/NUMBER, or a number",
    "context": "send who answers into this context of the dialplan",
    "extension": "extension there; s without it",
    "app": "or into this application of ARI, not streamer's",
    "caller_id": "what is shown as the caller: NAME <NUMBER>",
    "endpoint_technology": "for a number alone: PJSIP, SIP, IAX2 or DAHDI",
    "trunk": "trunk for a number alone",
}
_ATTRIBUTES = {"endpoint_technology": "technology"}

PLACING_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        **{name: {"type": "string", "description": about} for name, about in _TEXTS.items()},
        "variables": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "variables of the channel",
        },
        "timeout": {
            "type": "integer",
            "minimum": 1,
            "maximum": LONGEST_RING_S,
            "description": "seconds that it rings",
        },
        "echo": {"type": "boolean", "description": "play the party their own voice"},
        "tone": {
            "type": "integer",
            "minimum": TONES[0],
            "maximum": TONES[-1],
            "description": "or a tone of this frequency, in Hz",
        },
    },
    "required": ["endpoint"],
    "additionalProperties": False,
}
"""The JSON schema of `POST /calls`."""

MARK_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "leg": {"type": "string", "description": "label of the leg"},
        "utterance": {"type": "integer", "minimum": 1, "description": "which of the leg's lines"},
        "note": {"type": "string", "maxLength": LONGEST_NOTE, "description": "may be left out"},
        "removed": {"type": "boolean", "description": "true takes the mark away"},
    },
    "required": ["leg", "utterance"],
    "additionalProperties": False,
}
"""The JSON schema of `POST /calls/CALL/marks`."""


@dataclass(frozen=True, slots=True)
class WantedMark:
    """Which line of a call is to be marked, and how."""

    leg: str
    utterance: int
    note: str = ""
    is_removed: bool = False


async def read_json(request: web.BaseRequest) -> Mapping[str, Any]:
    """Return the JSON object in a body.

    Raises:
        UsageError: It is none, or too long.
    """
    received = bytearray()
    async for chunk in request.content.iter_chunked(1 << 14):
        received += chunk
        if len(received) > MOST_JSON:
            raise UsageError(f"the body has more than {MOST_JSON >> 10} KB")
    try:
        fields = json.loads(received)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise UsageError('send a JSON object as the body, such as {"endpoint": "PJSIP/100"}')
    return fields


def read_asked(fields: Mapping[str, Any]) -> AskedCall:
    """Return the call that the fields of a body ask for.

    Raises:
        UsageError: A field is not known, missing, or not of its type.
    """
    check_names(fields, list(PLACING_SCHEMA["properties"]), what="field of a call")
    if "endpoint" not in fields:
        raise UsageError("endpoint is missing: whom to call, such as PJSIP/100")
    given: dict[str, Any] = {
        _ATTRIBUTES.get(name, name): _read_text(name, fields[name])
        for name in _TEXTS
        if name in fields
    }
    if "timeout" in fields:
        given["ring_s"] = _read_timeout(fields["timeout"])
    return AskedCall(**given, variables=_read_variables(fields.get("variables", {})))


def read_playing(fields: Mapping[str, Any]) -> PlaybackPlan:
    """Return what the party of a call is to hear that `read_asked` has read.

    Raises:
        UsageError: It is not of its type, or there are two.
    """
    echoes, tone = fields.get("echo", False), fields.get("tone")
    if not isinstance(echoes, bool):
        raise UsageError("echo must be true or false")
    if tone is not None and (
        not isinstance(tone, int) or isinstance(tone, bool) or tone not in TONES
    ):
        raise UsageError(f"tone must be a frequency from {TONES[0]} to {TONES[-1]} Hz")
    if echoes and tone is not None:
        raise UsageError("echo and tone are both played to the party; give one of them")
    return PlaybackPlan(echoes, tone or 0)


def read_mark(fields: Mapping[str, Any]) -> WantedMark:
    """Return the mark that the fields of a body ask for.

    Raises:
        UsageError: A field is not known, missing, or not of its type.
    """
    check_names(fields, list(MARK_SCHEMA["properties"]), what="field of a mark")
    if missing := [name for name in MARK_SCHEMA["required"] if name not in fields]:
        raise UsageError(f"{missing[0]} is missing: a mark is on a leg and an utterance of it")
    utterance, removed = fields["utterance"], fields.get("removed", False)
    if not isinstance(utterance, int) or isinstance(utterance, bool) or not 0 < utterance < _MOST:
        raise UsageError("utterance must be a whole number, 1 or more")
    if not isinstance(removed, bool):
        raise UsageError("removed must be true or false")
    note = _read_text("note", fields.get("note", ""))
    if len(note) > LONGEST_NOTE:
        raise UsageError(f"note has more than {LONGEST_NOTE} characters")
    return WantedMark(_read_text("leg", fields["leg"]), utterance, note, removed)


def _read_text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{name} must be a string")
    return value


def _read_timeout(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"timeout must be a whole number of seconds, 1 to {LONGEST_RING_S}")
    return value


def _read_variables(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise UsageError('variables must be an object of strings, such as {"CAMPAIGN": "spring"}')
    return value
