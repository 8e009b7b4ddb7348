"""What the body of a request may hold: a call that somebody is to make."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from aiohttp import web

from streamer.calls.asked import AskedCall
from streamer.errors import UsageError
from streamer.wire.ari.dialling import LONGEST_RING_S

MOST_JSON = 1 << 17
"""Bytes of a body of JSON."""

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
    },
    "required": ["endpoint"],
    "additionalProperties": False,
}
"""The JSON schema of `POST /calls`."""


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
    for name in fields:
        if name not in PLACING_SCHEMA["properties"]:
            raise UsageError(_explain_unknown(name))
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


def _explain_unknown(name: str) -> str:
    known = list(PLACING_SCHEMA["properties"])
    nearest = get_close_matches(name, known, n=1)
    meant = f"; {nearest[0]} is" if nearest else f"; these are: {', '.join(known)}"
    return f"{name[:80]} is no field of a call{meant}"


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
